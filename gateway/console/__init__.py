"""The console: pages that show what the gateway does and what happened to its events.

context    what pages read from
pages      one module for each page: plain data, from which HTML and JSON are made
templates  the HTML of the pages
static     their styles and scripts
access     who may see them
"""
