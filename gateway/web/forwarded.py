"""Elements of `X-Forwarded-For` and `Forwarded`: one hop of a request in the words of a proxy."""

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

    The name of the parameter may have any case, and stand only once. An element without ``for``
    does not tell the address: ``unknown``. All parameters are checked, so that no part of a quoted
    value, in which a visitor's text may stand, passes for an element.
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
