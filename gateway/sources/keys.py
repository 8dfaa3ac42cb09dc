"""Keys of senders, compared without telling an onlooker how close a guess was."""

from collections.abc import Iterable
from hmac import compare_digest


def matches_any(candidate: bytes, keys: Iterable[bytes]) -> bool:
    """Whether `candidate` is one of `keys`; takes as long whichever of them it is."""
    found = False
    for key in keys:
        found |= compare_digest(candidate, key)
    return found


def header_bytes(value: str) -> bytes:
    """A header as it was sent: each character stands for one byte."""
    return value.encode("latin-1", "replace")


def text_bytes(value: object) -> bytes:
    """A key from a URL or a body, where it may be of any type; nothing for what is not text."""
    return value.encode("utf-8", "replace") if isinstance(value, str) else b""
