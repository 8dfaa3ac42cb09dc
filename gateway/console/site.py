"""The pages of the console, in the order of its navigation."""

from __future__ import annotations

from gateway.console.page import Page
from gateway.console.pages import overview

PAGES = (Page("/", "overview.html", "Overview", overview.view),)

NAVIGATION = tuple(page for page in PAGES if page.title and "{" not in page.path)
