"""One GA4 hit, its parameters decoded, into one event under sGTM's names.

Sources: developers.google.com/tag-platform/tag-manager/server-side/common-event-data and
.../server-side/internal-parameters for the names in the event; the parameters are those that
gtag.js sends (release of March 2026).
"""

import re
from collections import defaultdict
from itertools import product, starmap
from typing import Any
from urllib.parse import unquote

from destinations.numbers import read_number
from gateway.event import Event
from gateway.event.ids import IDS
from gateway.event.schema import EventFields
from gateway.sources.form import expand
from gateway.sources.ga4.items import read_items
from gateway.sources.own_properties import with_own_apart
from gateway.sources.reading import own_parameters
from gateway.sources.statement_fields import expand_statements
from gateway.sources.statements import as_values, states_consent
from gateway.stages.consent.google import denies_analytics

Hit = dict[str, Any]
"""Parameters by name: texts, and lists of texts for what states something more than once."""

_FIELDS = {
    "en": "event_name",
    "cid": "client_id",
    "uid": "user_id",
    "sid": "ga_session_id",
    "sct": "ga_session_number",
    "_et": "engagement_time_msec",
    "cu": "currency",
    "dl": "page_location",
    "dh": "page_hostname",
    "dp": "page_path",
    "dr": "page_referrer",
    "dt": "page_title",
    "de": "page_encoding",
    "ul": "language",
    "sr": "screen_resolution",
    "vp": "viewport_size",
    "v": "x-ga-protocol_version",
    "tid": "x-ga-measurement_id",
    "gtm": "x-ga-gtm_version",
    "_p": "x-ga-page_id",
    "_s": "x-ga-request_count",
    **{
        name: f"x-ga-{name}"
        for name in (
            "gcs",
            "gcd",
            "gcu",
            "gcut",
            "npa",
            "dma",
            "dma_cps",
            "tcfd",
            "ecid",
            "em",
            "did",
            "gdid",
            "edid",
            "are",
            "pscdl",
            "ur",
            "lps",
            "tfd",
        )
    },
}
_CLIENT_HINTS = {
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
_DROPPED = ("_uip", "richsstsse")
"""The visitor's address as the page claims it, and a parameter for Google's own server."""

_REDACTED = "::"
"""Value of ``_uip``: the visitor's address must not be kept."""

_PLACES = {
    **{name: ("", field) for name, field in _FIELDS.items()},
    **{name: ("client_hints", hint) for name, hint in _CLIENT_HINTS.items()},
    **{name: ("campaign", part) for name, part in _CAMPAIGN.items()},
    **{name: ("dropped", name) for name in _DROPPED},
}
"""The group of each parameter that is known by its full name, and its name in the group."""

_PREFIXES = frozenset(["ep", "epn", "up", "upn", "sst"])
_OBJECTS = frozenset(
    (
        "items",
        "user_data",
        "user_properties",
        "event_location",
        "client_hints",
        "click_ids",
        "campaign",
    )
)
"""Objects in our model. A page may use some of these names for its own texts or numbers."""

_LOST_OBJECT = "[object Object]"
"""The text that gtag.js writes for an object; for a list of objects, joined with commas."""

_NUMBERS = ("x-ga-page_id", "x-ga-request_count", "x-ga-tfd")
_IDS = frozenset(IDS)
_FLAGS = ("x-ga-dma", "x-ga-lps")
_consent = re.compile(r"(?:epn?\.)?(consent(?:[.\[].*)?)", re.IGNORECASE | re.DOTALL)
_item = re.compile(r"pr[0-9]{1,3}")


def to_event(hit: Hit) -> Event:
    """The event in the parameters `hit`; not yet checked.

    Parameters without a name of their own are kept as ``x-ga-mp2-...``, those with a leading
    underscore in ``x-ga-system_properties``.
    """
    groups: dict[str, Hit] = defaultdict(dict)
    for name, value in hit.items():
        group, key = _PLACES.get(name) or _place(name)
        groups[group][key] = value
    own = own_parameters({**_text_parameters(groups["ep"]), **_numbers(groups["epn"])})
    objects: dict[str, Any] = {
        "items": read_items(groups["items"]),
        "user_properties": {**groups["up"], **_numbers(groups["upn"])},
        "client_hints": _client_hints(groups["client_hints"]),
        "campaign": groups["campaign"],
        "x-ga-system_properties": _system_properties(groups["system"]),
        "x-sst-system_properties": groups["sst"],
    }
    stated = _typed(groups[""])
    stated |= {name: value for name, value in objects.items() if value}
    event = with_own_apart(own, stated, _clashing(own, stated))
    if groups["consent"]:
        event |= _consent_parameters(groups["consent"])
    if "_uip" in hit and _REDACTED in as_values(hit["_uip"]):
        event["ip_override"] = ""
    if _denies_analytics(hit):
        # the tag then makes a new client id on each page, which identifies no visitor
        event.pop("client_id", None)
        event.pop("x-ga-ecid", None)
    return event


def _place(name: str) -> tuple[str, str]:
    if name.startswith("_"):
        return "system", name[1:]
    if "consent" in name.lower() and _consent.fullmatch(name):
        return "consent", name
    prefix, dot, rest = name.partition(".")
    if dot and prefix in _PREFIXES:
        return prefix, rest
    if name.startswith("pr") and _item.fullmatch(name):
        return "items", name
    return "", f"x-ga-mp2-{name}"


def _text_parameters(parameters: Hit) -> Event:
    """The page's own parameters; ``user_data.email_address`` and the like become objects."""
    return expand(
        (name, value)
        for name, value in parameters.items()
        if name not in _OBJECTS or _LOST_OBJECT not in value
    )


def _clashing(own: Event, stated: Event) -> list[str]:
    """The names of objects that both `own`, the page's parameters, and the hit's `stated` have."""
    if _OBJECTS.isdisjoint(own):
        return []
    return [name for name in own if name in _OBJECTS and name in stated]


def _numbers(parameters: Hit) -> Event:
    """`parameters` as numbers. Values that are not numbers, such as JavaScript's NaN and Infinity,
    are left out, except in known fields, where they are mended or named as ignored. Ids stay texts,
    so they keep all digits."""
    numbers: Event = {}
    for name, value in parameters.items():
        number = None if name in _IDS else read_number(value)
        if number is not None:
            numbers[name] = number
        elif name in EventFields.__annotations__:
            numbers[name] = value
    return numbers


def _typed(fields: Hit) -> Event:
    """`fields` with the numbers and flags that sGTM documents as such."""
    typed: Event = dict(fields)
    for name in _NUMBERS:
        if name in typed:
            typed[name] = read_number(typed[name])
    for name in _FLAGS:
        if name in typed:
            typed[name] = typed[name] == "1"
    return typed


def _client_hints(hints: Hit) -> dict[str, Any]:
    read: dict[str, Any] = dict(hints)
    for flag in ("mobile", "wow64"):
        if flag in hints:
            read[flag] = hints[flag] == "1"
    if "full_version_list" in hints:
        read["full_version_list"] = _versions(hints["full_version_list"])
    return read


def _versions(text: str) -> list[dict[str, str]]:
    """``Brand;1.2|Brand;3.4``; the parts are percent-encoded once more than the parameter."""
    pairs = (entry.partition(";") for entry in text.split("|"))
    return [{"brand": unquote(brand), "version": unquote(version)} for brand, _, version in pairs]


def _system_properties(properties: Hit) -> dict[str, Any]:
    return {name: value == "1" if name == "ee" else value for name, value in properties.items()}


def _consent_parameters(parameters: Hit) -> Event:
    """The statements about consent in the page's own parameters or in those of the URL."""
    stated = (
        (_consent.sub(r"\1", name), value)
        for name, values in parameters.items()
        for value in as_values(values)
    )
    return expand_statements(
        (name, value)
        for name, value in stated
        if len(name) > len("consent") or states_consent(value)
    )


def _denies_analytics(hit: Hit) -> bool:
    stated = product(as_values(hit.get("gcd", "")), as_values(hit.get("gcs", "")))
    return any(starmap(denies_analytics, stated))
