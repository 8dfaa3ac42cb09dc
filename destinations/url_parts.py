"""The parts of a URL that a text holds, as paths enter them: ``query.<name>`` and the like.

================  =======================================================  =========
part              what it is                                               changed
================  =======================================================  =========
``host``          in lower case, without port                              no
``path``          as it is written; ``/`` when an absolute URL has none    no
``query``         everything between ``?`` and ``#``, as it is written     yes
``query.<name>``  one parameter, decoded; of several, the first            yes
``fragment``      everything behind ``#``, as it is written                yes
================  =======================================================  =========

Any text is taken as it comes, ``/a?b=c`` as well; one without the part has None there.
"""

import re
from collections.abc import Callable, Collection, Sequence
from urllib.parse import quote, unquote_plus

PARTS = ("query", "host", "path", "fragment")
CHANGED = ("query", "fragment")
"""The parts that can be given another value, or taken out."""

SCHEME = r"[a-z][a-z0-9+.\-]*:"
USER = r"(?:[^/?#]*@)?"
HOST = r"(?P<host>\[[^\]/?#]*\]|[^/?#:]*)"
PORT = r"(?::\d*)?"
"""Expressions for the parts of a URL that stand before its path, without regard to case: what a
browser takes from any text, not what a standard allows. Source: RFC 3986, 3."""

_BASE = re.compile(
    rf"(?P<absolute>(?:{SCHEME})?//{USER}{HOST}{PORT})?(?P<path>(?:/.*)?)",
    re.IGNORECASE | re.DOTALL,
)


def read_part(url: str, keys: Sequence[str]) -> str | None:
    """The part of `url` that `keys` name: ``["host"]``, ``["query", "name"]``.

    The name of a parameter may have dots in it, so all keys behind ``query`` are its name.
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
    """`url` with the part at `keys` gone through `change`, where None stands for no such part.

    A parameter that is there several times becomes one. An empty text stays as it is: there is no
    URL to have a part.
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
    """`url` with the query parameters in `names` alone (all, when it is None), and its fragment
    only if `fragment`."""
    base, query, behind = _split(url)
    if names is not None:
        query = "&".join(pair for pair in query.split("&") if _name(pair) in names)
    return _join(base, query, behind if fragment else "")


def encoded(text: str) -> str:
    """`text` as the value of a query parameter. Brackets stay, as browsers leave them."""
    return quote(text, safe="[]", errors="replace")


def _split(url: str) -> tuple[str, str, str]:
    """What stands before the query, the query, and the fragment; empty when not there."""
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
    """Which of `pairs` are of the parameter `name`."""
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
