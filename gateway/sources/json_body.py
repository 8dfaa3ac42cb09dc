"""JSON from outside: a value, or a plain word about why there is none.

The content type is never asked: beacons send JSON as ``text/plain`` or with no type at all.
"""

import re
from typing import Any

import orjson

from gateway.sources.base import Refused

_BACKSLASH = ord("\\")
"""As a number: looked for as bytes, it takes four times as long."""

_nul = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
"""A NUL written as an escape: an odd number of backslashes stands before ``u0000``."""


def decode(text: bytes) -> Any:
    """The value in `text`.

    Raises `ValueError`, whose text repeats nothing, when it is not JSON in UTF-8, is nested too
    deep to be read, or has a NUL in it (which stores and databases behind us cannot hold).
    """
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise ValueError("not JSON") from None
    if _BACKSLASH in text and b"\\u0000" in text and _nul.search(text):
        raise ValueError("a NUL character in the JSON")
    return value


def decode_body(body: bytes) -> Any:
    """The value in `body`. Raises `Refused` where `decode` raises `ValueError`."""
    try:
        return decode(body)
    except ValueError as error:
        raise Refused(400, "malformed", f"the body is {error}") from None
