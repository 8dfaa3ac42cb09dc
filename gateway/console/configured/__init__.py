"""The configuration, as the console shows and tries it.

shown      texts of it without secrets, and what differs between two
checked    what is wrong with the file, and what is worth knowing
versions   those that were in force, and who wrote them
trial      a copy in which some parts were changed
compared   what is decided with two configurations
"""
