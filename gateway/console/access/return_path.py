"""Where to go after signing in: a page of the console, and never another site."""

from __future__ import annotations

import re

MAX_CHARACTERS = 2_000
START = "/"

_is_path = re.compile(r"/(?!/)[!-\[\]-~]*").fullmatch
_is_own = re.compile(r"/(?:login|logout|link)(?:[/?#]|\Z)").match


def return_path(wanted: str) -> str:
    """`wanted`, if it is a path of this site with or without a query; `START` for anything else.

    Browsers take a backslash for a slash, a leading ``//`` for the beginning of a host, and skip
    control characters (WHATWG URL, 4.4), so these are not allowed. Nor are pages for signing in or
    out.
    """
    if len(wanted) > MAX_CHARACTERS or not _is_path(wanted) or _is_own(wanted):
        return START
    return wanted
