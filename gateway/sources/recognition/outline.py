"""Outlines a refused request for display: its path and the names in it, without values."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from gateway.sources.base import Inbound
from gateway.sources.description import Schema
from gateway.sources.reading import decode, header_bytes, text_bytes
from gateway.sources.shape import UNNAMED, shown_name
from gateway.urls.origin import origin_of

MAX_SEGMENTS = 8
MAX_NAMES = 12
MAX_ORIGIN = 100
MAX_BODY = 65_536
"""Maximum bytes of a body that is searched for a key."""

HIDDEN = "*"
"""Replaces a segment of a path that may be a key, an id or an address."""

_is_word = re.compile(
    r"v\d{1,2}|[A-Z]?[a-z]{1,20}(?:[_-][A-Z]?[a-z]{1,20}){0,3}(?:\.(?:js|php|gif|png|html|json))?"
).fullmatch
"""Words as programs write them, without digits except in versions."""

_keyed = re.compile(r"(/projects|/analytics\.js/v1)/[^/]+")
"""Paths of Segment's SDKs that contain the write key."""

_is_media_type = re.compile(r"[a-z]{1,20}/[a-z.+-]{1,40}").fullmatch
_method = re.compile(r"[A-Z]{1,10}").fullmatch

_KEYS_IN_BODY = ("writeKey", "api_key", "apiKey")


@dataclass(frozen=True, slots=True)
class Outline:
    """path: with `HIDDEN` in the place of segments that are not plain words. parameters: the names
    in the query. content_type: only the media type. origin: of the page that sent the request;
    ``null`` if the browser hides it, "" if there is none. asked_method: in a preflight, the method
    of the request that the browser wants to send."""

    method: str
    path: str
    parameters: tuple[str, ...] = ()
    content_type: str = ""
    origin: str = ""
    asked_method: str = ""


def outline_of(request: Inbound, known: frozenset[str] = frozenset()) -> Outline:
    """The outline of `request`. known: segments of paths that are shown as they are."""
    headers = request.headers
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()[:70]
    return Outline(
        _shown_method(request.method),
        shown_path(request.prefix + request.path, known),
        _names(request.query),
        media_type if not media_type or _is_media_type(media_type) else UNNAMED,
        _shown_origin(headers),
        _shown_method(headers.get("access-control-request-method", "")),
    )


def shown_path(path: str, known: frozenset[str] = frozenset()) -> str:
    """`path` with `HIDDEN` in the place of segments that are neither words nor `known`."""
    path = _keyed.sub(rf"\1/{HIDDEN}", path[:1000])
    segments = path.split("/", MAX_SEGMENTS + 1)[1:]
    shown = [
        each if not each or each in known or _is_word(each) else HIDDEN
        for each in segments[:MAX_SEGMENTS]
    ]
    more = ["..."] if len(segments) > MAX_SEGMENTS else []
    return "/" + "/".join(shown + more)


def shown_keys(request: Inbound, schemes: Mapping[str, Schema]) -> tuple[str, ...]:
    """Where `request` shows keys, and their lengths: ``Authorization: Bearer, 20 characters``.

    schemes: the Security Scheme Objects of the source. No part of a wrong key is ever shown, since
    it may be a valid key of another source.
    """
    found = (
        f"{place}, {len(key)} character{'' if len(key) == 1 else 's'}"
        for place, key in keys_in(request, schemes)
        if key
    )
    return tuple(dict.fromkeys(islice(found, 4)))


def keys_in(request: Inbound, schemes: Mapping[str, Schema]) -> Iterator[tuple[str, bytes]]:
    """The places where `request` may show a key, and their values. schemes: as in `shown_keys`."""
    scheme, _, credentials = request.headers.get("authorization", "").strip().partition(" ")
    if credentials:
        words = scheme.title() if scheme.lower() in ("basic", "bearer") else "another scheme"
        yield f"Authorization: {words}", header_bytes(credentials.strip())
    parameters = dict(each.partition("=")[::2] for each in request.query[:2048].split("&"))
    for each in schemes.values():
        name = str(each.get("name", ""))
        if each.get("in") == "header":
            yield f"header {name}", header_bytes(request.headers.get(name.lower(), ""))
        elif each.get("in") == "query":
            yield f"query {name}", text_bytes(parameters.get(name))
    for name, value in _members(request.body).items():
        if name in _KEYS_IN_BODY:
            yield f"body {name}", text_bytes(value)


def _members(body: bytes) -> Mapping[str, object]:
    if not body or len(body) > MAX_BODY:
        return {}
    try:
        value = decode(body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _names(query: str) -> tuple[str, ...]:
    """The names of the query's parameters. One without ``=`` is not shown: it may be a value."""
    fields = query[:2048].split("&", 40) if query else ()
    pairs = (each.partition("=") for each in fields)
    names = (shown_name(name) if equals else UNNAMED for name, equals, _ in pairs)
    return tuple(islice(dict.fromkeys(names), MAX_NAMES))


def _shown_origin(headers: Mapping[str, str]) -> str:
    origin = headers.get("origin")
    if origin is None:
        referer = headers.get("referer")
        return (origin_of(referer) or "")[:MAX_ORIGIN] if referer else ""
    return (origin_of(origin) or "null")[:MAX_ORIGIN]


def _shown_method(method: str) -> str:
    return method if not method or _method(method) else UNNAMED
