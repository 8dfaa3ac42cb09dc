"""Translates an event into a hit, as gtag.js sends it to ``/g/collect``.

Google does not document hits. The parameters are those of gtag.js (release of March 2026), as
recorded in tests/captures; `gateway.sources.ga4` reads them.
"""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from destinations.base import Event
from destinations.ga4.hit_consent import ALL_DENIED, consent_parameters
from destinations.ga4.hit_items import item_parameters
from destinations.ga4.hit_values import as_text, by_type
from destinations.ga4.identity import is_anonymous
from destinations.refusals import consent_states
from destinations.remarks import remark

REDACTED = "::"
"""In ``_uip``: keeps Google from using the sender's address, which is the gateway's, as the
visitor's."""

_OF_TAG = {
    "gtm": "x-ga-gtm_version",
    "ecid": "x-ga-ecid",
    "did": "x-ga-did",
    "gdid": "x-ga-gdid",
    "edid": "x-ga-edid",
    "are": "x-ga-are",
    "ur": "x-ga-ur",
    "tfd": "x-ga-tfd",
    "frm": "x-ga-mp2-frm",
    "ir": "x-ga-mp2-ir",
    "ngs": "x-ga-mp2-ngs",
    "ni": "x-ga-mp2-ni",
    "seg": "x-ga-mp2-seg",
    "tag_exp": "x-ga-mp2-tag_exp",
    "tt": "x-ga-mp2-tt",
}
"""A tag's parameters about itself and its page, with the fields where the source `ga4` has them."""

_OF_SYSTEM = ("c", "eu", "fv", "nsi", "ss", "tu", "rdi")
"""A tag's parameters with a leading underscore. The marks of a first visit (``fv``, ``nsi``) and of
a session's start (``ss``) come only from pages, through gtag.js, gateway.js or RudderStack's SDK: a
server does not know when a session begins."""

_HINTS = {
    "uaa": "architecture",
    "uab": "bitness",
    "uafvl": "full_version_list",
    "uamb": "mobile",
    "uam": "model",
    "uap": "platform",
    "uapv": "platform_version",
    "uaw": "wow64",
}
_CAMPAIGN = {
    "cs": "source",
    "cm": "medium",
    "cn": "name",
    "ck": "term",
    "cc": "content",
    "ci": "id",
}
_OF_PAGE = {
    "dl": "page_location",
    "dr": "page_referrer",
    "dt": "page_title",
    "ul": "language",
    "sr": "screen_resolution",
    "cu": "currency",
    "sid": "session_id",
    "_et": "engagement_time_msec",
}
_MAX_TEXT = 1000
"""Most characters of a text in the query: as many as GA4 keeps of a page's URL."""

PLACED = frozenset([*_OF_PAGE.values(), "items"])
"""Parameters of an event that have their own place in a hit, so they do not count as parameters
there."""

Pairs = Iterator[tuple[str, str]]


def shared_parameters(
    event: Event, params: Mapping[str, Any], stream: str, client_id: str, now: float
) -> str:
    """The query: the visitor, the page and the session.

    params: the parameters of `event`, including those in `PLACED`. stream: the measurement ID. now:
    Unix seconds.
    """
    return _encoded(_fitting(_shared(event, params, stream, client_id, now)))


def event_parameters(
    event: Event, name: str, params: Mapping[str, Any], user_properties: Mapping[str, Any]
) -> str:
    """The line of the body: the event with `name`, `params`, and `user_properties` in the form of
    the Measurement Protocol."""
    return _encoded(_of_event(event, name, params, user_properties))


def _shared(
    event: Event, params: Mapping[str, Any], stream: str, client_id: str, now: float
) -> Pairs:
    yield "v", "2"
    yield "tid", stream
    yield "_p", _page_id(event, now)
    yield "_s", as_text(event.get("x-ga-request_count", 1))
    yield "cid", client_id
    dma = event.get("x-ga-dma")
    states = ALL_DENIED if is_anonymous(event) else consent_states(event)
    yield from consent_parameters(states, dma if isinstance(dma, bool) else None)
    yield "_uip", event.get("ip_override") or REDACTED
    if user_id := event.get("user_id"):
        yield "uid", user_id
    if number := event.get("ga_session_number"):
        yield "sct", as_text(number)
    if event.get("x-ga-lps") is True:
        yield "lps", "1"
    yield from _texts(_OF_TAG, event)
    if states.get("ad_user_data") == "granted":
        yield from _texts({"em": "x-ga-em"}, event)
    yield from _hints(event.get("client_hints", {}))
    yield from _texts(_CAMPAIGN, event.get("campaign", {}))
    yield from ((key, as_text(params[name])) for key, name in _OF_PAGE.items() if name in params)


def _fitting(pairs: Pairs) -> Pairs:
    """`pairs` without values that are too long for a URL."""
    for key, text in pairs:
        if len(text) <= _MAX_TEXT:
            yield key, text
        else:
            remark(f"{key}: removed from the hit because it has more than {_MAX_TEXT} characters")


def _of_event(
    event: Event, name: str, params: Mapping[str, Any], user_properties: Mapping[str, Any]
) -> Pairs:
    yield "en", name
    yield "_ee", "1"
    system = event.get("x-ga-system_properties", {})
    yield from ((f"_{key}", text) for key, text in _texts({k: k for k in _OF_SYSTEM}, system))
    yield from item_parameters(params.get("items", ()))
    yield from by_type("ep", {key: params[key] for key in params if key not in PLACED})
    yield from by_type("up", {key: each["value"] for key, each in user_properties.items()})


def _page_id(event: Event, now: float) -> str:
    """The id from the tag, else the event's time in milliseconds, which gtag.js uses as the id."""
    stated = event.get("x-ga-page_id")
    if isinstance(stated, (int, float)):
        return as_text(stated)
    return str(round(event.get("timestamp", now) * 1000))


def _texts(keys: Mapping[str, str], holder: object) -> Pairs:
    """The texts and numbers in `holder`, by the names of their parameters."""
    if isinstance(holder, dict):
        for key, name in keys.items():
            value = holder.get(name)
            if isinstance(value, (str, int, float)) and not isinstance(value, bool):
                yield key, as_text(value)


def _hints(hints: Mapping[str, Any]) -> Pairs:
    for key, name in _HINTS.items():
        value = hints.get(name)
        if isinstance(value, bool):
            yield key, "1" if value else "0"
        elif isinstance(value, str):
            yield key, value
        elif isinstance(value, list):
            yield key, "|".join(_versions(value))


def _versions(brands: list[Any]) -> Iterator[str]:
    """Brands and versions, percent-encoded once more than other values, as in gtag.js."""
    for each in brands:
        if isinstance(each, dict):
            brand, version = str(each.get("brand", "")), str(each.get("version", ""))
            yield f"{_quoted(brand)};{_quoted(version)}"


def _encoded(pairs: Pairs) -> str:
    return "&".join(f"{name}={_quoted(value)}" for name, value in pairs)


def _quoted(text: str) -> str:
    return quote(text, safe="")
