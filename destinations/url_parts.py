"""The parts of a URL in a text, as paths name them: ``query.<name>`` and so on.

================  =======================================================  =========
part              what it is                                               changed
================  =======================================================  =========
``host``          in lower case, without port                              no
``path``          as it is written; ``/`` when an absolute URL has none    no
``query``         everything between ``?`` and ``#``, as it is written     yes
``query.<name>``  one parameter, decoded; of several, the first            yes
``fragment``      everything after ``#``, as it is written                 yes
================  =======================================================  =========

Any text is accepted, such as ``/a?b=c``; a missing part is None.
"""

import re
from collections.abc import Callable, Collection, Sequence
from urllib.parse import quote, unquote_plus

PARTS = ("query", "host", "path", "fragment")
CHANGED = ("query", "fragment")
"""The parts that can be changed or removed."""

SCHEME = r"[a-z][a-z0-9+.\-]*:"
USER = r"(?:[^/?#]*@)?"
HOST = r"(?P<host>\[[^\]/?#]*\]|[^/?#:]*)"
PORT = r"(?::\d*)?"
"""Case-insensitive expressions for the parts of a URL before its path: what a browser accepts, not
what a standard allows. Source: RFC 3986, 3."""

_BASE = re.compile(
    rf"(?P<absolute>(?:{SCHEME})?//{USER}{HOST}{PORT})?(?P<path>(?:/.*)?)",
    re.IGNORECASE | re.DOTALL,
)


def read_part(url: str, keys: Sequence[str]) -> str | None:
    """The part of `url` that `keys` name: ``["host"]``, ``["query", "name"]``.

    The name of a parameter may contain dots, so all keys after ``query`` form its name.
    """
    if keys[0] == "query":
        query = _split(url)[1]
        return _parameter(query, ".".join(keys[1:])) if len(keys) > 1 else query or None
    if len(keys) > 1:
        return None
    if keys[0] == "fragment":
        return _split(url)[2] or None
    return _of_base(url, keys[0]) if keys[0] in PARTS else None


def change_part(url: str, keys: Sequence[str], change: Callable[[str | None], str | None]) -> str:
    """`url` with `change` applied to the part at `keys`; None stands for a missing part.

    A repeated parameter that changes becomes one. An empty text is not changed, since it is no URL.
    """
    base, query, fragment = _split(url)
    if not url or keys[0] not in CHANGED:
        return url
    if keys[0] == "query" and len(keys) > 1:
        changed = _change_parameter(query, ".".join(keys[1:]), change)
        return url if changed is query else _join(base, changed, fragment)
    if len(keys) > 1:
        return url
    old = (query if keys[0] == "query" else fragment) or None
    new = change(old)
    if new == old:
        return url
    return _join(base, new or "", fragment) if keys[0] == "query" else _join(base, query, new or "")


def keep_parts(url: str, names: Collection[str] | None, fragment: bool) -> str:
    """`url` with only the query parameters in `names` (all if it is None), and with its fragment
    only if `fragment`."""
    base, query, behind = _split(url)
    if names is not None:
        query = "&".join(pair for pair in query.split("&") if _name(pair) in names)
    return _join(base, query, behind if fragment else "")


def encoded(text: str) -> str:
    """`text` as the value of a query parameter. Brackets are not encoded, as in browsers."""
    return quote(text, safe="[]", errors="replace")


def _split(url: str) -> tuple[str, str, str]:
    """The part before the query, the query, and the fragment; "" for a missing one."""
    rest, _, fragment = url.partition("#")
    base, _, query = rest.partition("?")
    return base, query, fragment


def _join(base: str, query: str, fragment: str) -> str:
    return base + (f"?{query}" if query else "") + (f"#{fragment}" if fragment else "")


def _of_base(url: str, part: str) -> str | None:
    match = _BASE.match(_split(url)[0])
    absolute = match is not None and match["absolute"] is not None
    if match is None or not (absolute or match["path"]):
        return None
    if part == "host":
        return match["host"].lower() or None if absolute else None
    return match["path"] or "/"


def _name(pair: str) -> str:
    name = pair.partition("=")[0]
    return unquote_plus(name) if "%" in name or "+" in name else name


def _places(pairs: list[str], name: str) -> list[int]:
    """The positions in `pairs` of the parameter `name`."""
    begin = f"{name}="
    return [
        place
        for place, pair in enumerate(pairs)
        if pair.startswith(begin)
        or (pair == name and pair)
        or (("%" in pair or "+" in pair) and _name(pair) == name)
    ]


def _value(pair: str) -> str:
    value = pair.partition("=")[2]
    return unquote_plus(value) if "%" in value or "+" in value else value


def _parameter(query: str, name: str) -> str | None:
    if not query:
        return None
    pairs = query.split("&")
    places = _places(pairs, name)
    return _value(pairs[places[0]]) if places else None


def _change_parameter(query: str, name: str, change: Callable[[str | None], str | None]) -> str:
    pairs = query.split("&") if query else []
    places = _places(pairs, name)
    old = _value(pairs[places[0]]) if places else None
    new = change(old)
    if new == old:
        return query
    kept = [pair for place, pair in enumerate(pairs) if place not in places]
    if new is not None:
        kept.insert(places[0] if places else len(kept), f"{encoded(name)}={encoded(new)}")
    return "&".join(kept)
