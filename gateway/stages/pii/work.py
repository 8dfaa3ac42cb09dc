"""Estimates how much work a text is for the patterns, before they are applied.

The patterns take time in proportion to what they find, not to what they read: each parameter,
address or number costs as much as thousands of other characters. A sender who writes 1,500 of them
into each of 60 fields would keep all others waiting for seconds. Everything that a pattern can find
contains a sign or digits, so these are counted.
"""

MAX_WORK = 40_000
"""Maximum work for one event; a unit is about a microsecond. It allows a thousand finds, or 300
short texts with one find each."""

_TEXT = 100
"""Fixed cost of a text."""

_FIND = 30
_DIGIT = 3
"""A phone number has at least seven of them, a card number thirteen."""

_CHARACTERS = 2
"""Characters that are read, several times, in one unit of work."""

_SIGNS = ("=", "3D", "3d", "@", "40", "＠", "BC%A0", "bc%a0", "://", "eyJ")
"""Signs of parameters, addresses, logins and tokens, in clear and percent-encoded."""


def work_of(text: str) -> int:
    """Approximate upper bound of the work that the patterns have with `text`."""
    signs = sum(map(text.count, _SIGNS))
    digits = sum(map(text.count, "0123456789"))
    return _TEXT + _FIND * signs + _DIGIT * digits + len(text) // _CHARACTERS
