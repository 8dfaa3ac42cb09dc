"""Unicode normal forms of texts from untrusted senders."""

import re
from typing import Literal
from unicodedata import normalize

_AT_ONCE = 256
"""How many characters are normalised at once. The time for a run of accents grows with the square
of its length."""

_pieces = re.compile(rf"[\x00-\x7f]*[^\x00-\x7f]{{1,{_AT_ONCE}}}|[\x00-\x7f]+").findall
"""A text may be cut before an ASCII character, because it never combines with what precedes it."""


def normal_form(form: Literal["NFC", "NFD", "NFKC", "NFKD"], text: str) -> str:
    """`text` in `form`. A run of more than `_AT_ONCE` characters that are not ASCII is cut into
    pieces, which are normalised separately."""
    if len(text) <= _AT_ONCE:
        return normalize(form, text)
    return "".join([normalize(form, piece) for piece in _pieces(text)])
