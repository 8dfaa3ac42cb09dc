"""Reads the elements of `Forwarded`, in each of which a proxy describes one hop of a request."""

import re

MAX_ELEMENT = 1024
"""Characters of an element of `Forwarded`: its parameters have room for a host name each."""

_PAIR = re.compile(
    r"""[ \t]*+
    (?:
        (?P<name>[!#$%&'*+.^_`|~0-9A-Za-z-]++) =
        (?: "(?P<quoted>(?:[^"\\]|\\.)*+)" | (?P<bare>[^\s",;]*+) )
    )?+
    [ \t]*+ (?:;|\Z)""",
    re.VERBOSE,
)
_ESCAPED = re.compile(r"\\(.)")


def forwarded_for(element: str) -> str | None:
    """The node in an element of `Forwarded` (RFC 7239, 4), None if the element is malformed
    or too long.

    The name of the parameter may have any case, and occur only once. The node of an element without
    ``for`` is ``unknown``. All parameters are checked, so that no part of a quoted value, which may
    contain a visitor's text, passes for an element.
    """
    if len(element) > MAX_ELEMENT:
        return None
    node, place = None, 0
    while place < len(element):
        pair = _PAIR.match(element, place)
        if pair is None:
            return None
        place = pair.end()
        if (pair["name"] or "").lower() == "for":
            if node is not None:
                return None
            node = pair["bare"] if pair["quoted"] is None else _ESCAPED.sub(r"\1", pair["quoted"])
    return "unknown" if node is None else node or None
