"""The header Accept-Language.

Source: RFC 9110, 12.4 and 12.5.4
"""

import re

LANGUAGE_HEADER = "accept-language"

_LONGEST = 256

_RANGE = re.compile(
    r"\s*(?P<tag>[a-z]{1,8}(?:-[a-z0-9]{1,8})*)\s*(?:;\s*q=(?P<weight>[01](?:\.[0-9]{0,3})?)\s*)?",
    re.IGNORECASE,
)


def favourite(header: str) -> str:
    """The language with the highest weight in `header`, the first if there are several; else ""."""
    best, highest = "", 0.0
    for part in header[:_LONGEST].split(","):
        if found := _RANGE.fullmatch(part):
            weight = min(float(found["weight"] or 1), 1.0)
            if weight > highest:
                best, highest = found["tag"].lower(), weight
    return best
