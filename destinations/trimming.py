"""Trims texts that were copied from a page or a phone, often with invisible characters."""

INVISIBLE = (
    "\u061c\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"
)
"""Characters without width, such as marks of the direction of writing."""

_SPACES = "".join(filter(str.isspace, map(chr, range(0x3001))))
_AROUND = _SPACES + INVISIBLE


def trimmed(text: str) -> str:
    """`text` without the white space and the `INVISIBLE` characters around it."""
    return text.strip() if text.isascii() else text.strip(_AROUND)
