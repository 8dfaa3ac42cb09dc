"""How much work a text can be for the patterns, told before they are used.

The patterns take time in proportion to what they find, not to what they read: each parameter,
address or number costs as much as thousands of other characters. A sender who writes 1,500 of them
into each of 60 fields would keep everybody else waiting for seconds. So the signs are counted that
there is one of in everything that a pattern can find.
"""

MAX_WORK = 40_000
"""Of one event, about microseconds: a thousand finds, or 300 short texts with a find each."""

_TEXT = 100
"""To begin and end with a text at all."""

_FIND = 30
_DIGIT = 3
"""A phone number has at least seven of them, a card number thirteen."""

_CHARACTERS = 2
"""That are read, several times, in the time of a unit of work."""

_SIGNS = ("=", "3D", "3d", "@", "40", "＠", "BC%A0", "bc%a0", "://", "eyJ")
"""Of parameters, addresses, logins and tokens. The last of a group are percent-encoded."""


def work_of(text: str) -> int:
    """What the patterns cost for `text` at most, about, whatever it is."""
    signs = sum(map(text.count, _SIGNS))
    digits = sum(map(text.count, "0123456789"))
    return _TEXT + _FIND * signs + _DIGIT * digits + len(text) // _CHARACTERS
