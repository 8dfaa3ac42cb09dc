"""The page token: proves that two requests come from the same page.

Our snippet draws it at random when a page is opened, keeps it in the page's memory, and sends it
next to the events, never in one of them. A client id is not such a proof: others can read it in
cookies, links and tags.
"""

import re

PAGE_TOKEN = "page_token"
"""Its name in the JSON around the events."""

_is_token = re.compile(r"[A-Za-z0-9_-]{32,128}").fullmatch
"""In hex, 32 digits are 128 bits."""


def read_page_token(value: object) -> str:
    """`value` if it can be a page token, else ""."""
    return value if isinstance(value, str) and _is_token(value) else ""
