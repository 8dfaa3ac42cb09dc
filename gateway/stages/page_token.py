"""The page token: what shows that two requests come from the same page.

Our snippet draws it at random when a page is opened, keeps it in the memory of that page, and sends
it around its events, never in one of them. A client id is no such proof: it stands in cookies,
links and tags, where others read it.
"""

import re

PAGE_TOKEN = "page_token"
"""Its name in the JSON around the events."""

_is_token = re.compile(r"[A-Za-z0-9_-]{32,128}").fullmatch
"""In hex, 32 digits are 128 bits."""


def read_page_token(value: object) -> str:
    """`value` if it can be a page token, else ""."""
    return value if isinstance(value, str) and _is_token(value) else ""
