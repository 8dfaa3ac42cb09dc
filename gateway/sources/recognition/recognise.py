"""Recognises the protocol of a request by its path and the names in it, not by values."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from gateway.sources.base import Inbound
from gateway.sources.reading import decode
from gateway.sources.recognition.protocols import PROTOCOLS, Names

UNKNOWN = "unknown"
"""A request that looks like no protocol."""

NOISE = "noise"
"""A request that no client sends events with, such as those of scanners and crawlers."""

Recognise = Callable[[Inbound], str]
"""The kind of source that reads the protocol of a request, `UNKNOWN` or `NOISE`."""

MAX_PATH, MAX_QUERY, MAX_BODY = 256, 2_048, 65_536
"""Characters and bytes that are examined."""

MAX_SEGMENTS = 6
"""Segments of a path that are examined, from its end."""

ANY = "*"
"""Stands for one segment of any text."""

_is_noise = re.compile(
    r"/(?:\.(?!well-known/)|wp-|cgi-bin/|phpmyadmin|(?:favicon\.ico|robots\.txt|sitemap\.xml)\Z)"
    r"|\.(?:php\d?|aspx?|jspx?|cgi|env|git|ini|ya?ml|sql|bak|old|zip|gz|xml|sh|exe|dll)(?:/|\Z)",
    re.IGNORECASE,
).search


def looks_of(kinds: Iterable[str]) -> frozenset[str]:
    """All results that recognition can have if `kinds` of sources are installed."""
    return frozenset([*kinds, *PROTOCOLS, UNKNOWN, NOISE])


def compile_recognition(kinds: Mapping[str, Sequence[str]]) -> Recognise:
    """The function that recognises a request.

    kinds: the paths of each kind of source. A path counts below any prefix, and of several the
    longest. A path of one segment, such as ``/i``, counts less than the names of parameters. A GET
    without a query sends no event, so it is only recognised by a distinctive path.
    """
    by_path = _compile_paths(kinds)
    in_query = [(kind, protocol.query) for kind, protocol in PROTOCOLS.items()]
    in_body = [(kind, protocol.body) for kind, protocol in PROTOCOLS.items()]

    def recognise(request: Inbound) -> str:
        path = request.path
        if len(path) > MAX_PATH:
            return NOISE
        is_empty = request.method in ("GET", "HEAD") and not request.query
        kind, depth = by_path(path)
        if kind and (depth > 1 or path.endswith(".js") or (path.endswith(".php") and not is_empty)):
            return kind
        if is_empty:
            return NOISE
        if named := _by_names(_query_names(request.query), in_query):
            return named
        if _is_noise(path):
            return NOISE
        return _by_names(_body_names(request.body), in_body) or kind or UNKNOWN

    return recognise


def _compile_paths(kinds: Mapping[str, Sequence[str]]) -> Callable[[str], tuple[str, int]]:
    """A function from a path to the kind that has a path at its end, and the number of segments
    that match."""
    extra = {kind: protocol.paths for kind, protocol in PROTOCOLS.items()}
    kind_at: dict[tuple[str, ...], str] = {}
    for paths in (kinds, extra):
        for kind, own in paths.items():
            for path in own:
                kind_at.setdefault(tuple(map(_literal, path.strip("/").split("/"))), kind)
    kind_at.pop(("",), None)
    patterns = [(segments, kind) for segments, kind in kind_at.items() if ANY in segments]

    def by_path(path: str) -> tuple[str, int]:
        segments = tuple(path.rstrip("/").rsplit("/", MAX_SEGMENTS)[-MAX_SEGMENTS:])
        for start in range(len(segments)):
            tail = segments[start:]
            if kind := kind_at.get(tail):
                return kind, len(tail)
            for pattern, kind in patterns:
                if len(pattern) == len(tail) and _fits(pattern, tail):
                    return kind, len(tail)
        return "", 0

    return by_path


def _literal(segment: str) -> str:
    """`segment` as it is compared: a parameter of the path, ``{name}``, becomes `ANY`."""
    return ANY if segment.startswith("{") else segment


def _fits(pattern: Sequence[str], tail: Sequence[str]) -> bool:
    pairs = zip(pattern, tail, strict=True)
    return all(own == given or (own == ANY and given) for own, given in pairs)


def _by_names(names: Collection[str], signs: Iterable[tuple[str, Sequence[Names]]]) -> str:
    if not names:
        return ""
    given = frozenset(names)
    return next((kind for kind, sets in signs if any(each <= given for each in sets)), "")


def _query_names(query: str) -> Collection[str]:
    return {field.partition("=")[0] for field in query[:MAX_QUERY].split("&", 200)}


def _body_names(body: bytes) -> Collection[str]:
    """The names in the object in `body`, or in the first object of its list; empty without one."""
    if not body or len(body) > MAX_BODY:
        return ()
    try:
        value: Any = decode(body)
    except ValueError:
        return ()
    if isinstance(value, list):
        value = next(iter(value), None)
    return value.keys() if isinstance(value, dict) else ()
