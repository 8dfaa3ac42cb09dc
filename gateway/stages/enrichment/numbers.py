"""Numbers written as text."""

import re

_PLAIN = re.compile(r"-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,15})?")


def as_number(text: str) -> int | float | str:
    """The number that `text` is in plain decimals, else `text`: codes such as 007 stay texts."""
    written = _PLAIN.fullmatch(text)
    if not written:
        return text
    return float(text) if written[2] else int(text)
