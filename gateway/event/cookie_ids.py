"""Ids in the cookies of Google's tags.

Of the visitor: ``GA1.<depth>.<number>.<seconds>`` and ``FPID2.<depth>.<id>.<seconds>``.
Of a click: ``GCL.<seconds>.<click id>[.<labels>]``, or ``2.<depth>.k<click id>$i<seconds>...``.
Source: gtag.js, release of March 2026.
"""

import re
from urllib.parse import unquote

_ga = re.compile(r"GA1\.[0-9-]{1,8}\.([0-9]{1,20}\.[0-9]{1,20})").fullmatch
_fpid = re.compile(r"FPID2\.[0-9-]{1,8}\.([A-Za-z0-9+/_-]{1,128}={0,2}\.[0-9]{1,20})").fullmatch
_old_click = re.compile(r"GCL\.[0-9]{1,16}\.([A-Za-z0-9_-]{1,512})(?:\..*)?").fullmatch
_new_click = re.compile(r"[0-9]\.[0-9]{1,8}\.(.*)", re.DOTALL).fullmatch
_click_part = re.compile(r"k([A-Za-z0-9_-]{1,512})").fullmatch


def client_id_of_ga(cookie: str) -> str:
    """The client id in a `_ga` cookie, its last two parts; "" if there is none."""
    match = _ga(cookie)
    return match[1] if match else ""


def client_id_of_fpid(cookie: str) -> str:
    """The client id in an `FPID` cookie, its last two parts; "" if there is none."""
    match = _fpid(unquote(cookie))
    return match[1] if match else ""


def google_click(cookie: str) -> str:
    """The click id in one of Google's cookies of either form, "" if there is none."""
    if match := _old_click(cookie):
        return match[1]
    parts = match[1].split("$") if (match := _new_click(cookie)) else ()
    return next((found[1] for part in parts if (found := _click_part(part))), "")
