"""Unicode's normal forms of texts that strangers choose."""

import re
from typing import Literal
from unicodedata import normalize

_AT_ONCE = 256
"""Characters that are normalised at once: the time for a run of accents grows with its square."""

_pieces = re.compile(rf"[\x00-\x7f]*[^\x00-\x7f]{{1,{_AT_ONCE}}}|[\x00-\x7f]+").findall
"""An ASCII character changes nothing in front of it, so that a text may be cut there."""


def normal_form(form: Literal["NFC", "NFD", "NFKC", "NFKD"], text: str) -> str:
    """`text` in `form`; of more than `_AT_ONCE` characters in a row that are not ASCII, each piece
    for itself, as if nothing came before."""
    if len(text) <= _AT_ONCE:
        return normalize(form, text)
    return "".join([normalize(form, piece) for piece in _pieces(text)])
