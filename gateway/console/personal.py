"""Hides the personal data of events from those who may only view the console. Pure.

A field is shown if it is known to hold no personal data, and hidden otherwise: an unknown field may
hold anything. A shown text is hidden too if it repeats an identifier of the event, such as a title
with the visitor's name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from gateway.event import Event
from gateway.event.diff import Change
from gateway.event.paths import MISSING, getter
from gateway.ledger.content import is_whole
from gateway.monitoring.status import DestinationStatus, Status
from gateway.pipeline.changed import OTHER
from gateway.stages.identifiers import without_identifiers
from gateway.stages.pii import emails, phones

HIDDEN = "(hidden)"
QUOTES_PERSON = "(hidden: it repeats what identifies the visitor)"
UNCHECKED = "(hidden: it may repeat what identifies the visitor, which was not kept)"

_ORDER = ("event_id", "transaction_id")
_URLS = frozenset(["page_location", "page_referrer"])
_ITEM = (
    *("item_id", "item_name", "item_brand", "item_variant", "item_category", "item_category2"),
    *("item_category3", "item_category4", "item_category5", "item_list_id", "item_list_name"),
    *("affiliation", "coupon", "price", "quantity", "discount", "index"),
)
_CONSENT = (
    *("ad_storage", "analytics_storage", "ad_user_data", "ad_personalization"),
    *("functionality_storage", "personalization_storage", "security_storage"),
)
_SHOWN = frozenset(
    [
        *("event_name", *_ORDER, "timestamp", "language", "screen_resolution", "viewport_size"),
        *(*_URLS, "page_hostname", "page_path", "page_title", "page_encoding"),
        *("currency", "value", "tax", "shipping", "coupon", "engagement_time_msec"),
        *("ga_session_number", "anonymised", "bot.is_bot", "bot.score"),
        *(f"items.{name}" for name in _ITEM),
        *(f"consent.{name}" for name in _CONSENT),
        *("event_location.country", "event_location.region"),
    ]
)
"""Paths of fields without personal data. They leave out the places in lists."""
_ABOVE = frozenset(path.partition(".")[0] for path in _SHOWN if "." in path)
_MARKS = re.compile(
    "|".join(map(re.escape, (QUOTES_PERSON, UNCHECKED, HIDDEN, "[email]", "[phone]")))
)
_FOUND = re.compile(r"(; found )(?!nothing\b).+", re.DOTALL)
"""See `gateway.stages.conditions.describe`."""
_PLACE = re.compile(r"(^|\.)(\d+|\*)(?=\.|$)")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.\-\[\]]{0,79}")


def is_shown(path: str) -> bool:
    """Whether the field at `path`, dotted, may be shown to everybody, and searched by."""
    return _PLACE.sub("", path) in _SHOWN


def without_personal(event: Event) -> Event:
    """`event` with `HIDDEN` in place of personal data."""
    left = {_name(name): _left(name, value) for name, value in event.items()}
    return _without_repetitions(left, event)


def shows_as_is(event: Event, paths: Iterable[str]) -> bool:
    """Whether `without_personal` leaves the values of `event` at `paths` as they are."""
    shown = without_personal(event)
    for path in paths:
        value = getter(path)(shown)
        if value is MISSING or value != getter(path)(event):
            return False
    return True


def text_without_personal(text: str, event: Event | None) -> str:
    """`text` about `event`, such as a vendor's response, without contacts; `QUOTES_PERSON` if it
    repeats an identifier of the event other than an order's. The value that a condition has found
    is hidden."""
    person, text = _person(event or {}), _FOUND.sub(rf"\1{HIDDEN}", text)
    return without_contacts(text) if _repeats_none({"text": text}, person) else QUOTES_PERSON


def recorded_reason_without_personal(reason: str, status: int | None, event: Event | None) -> str:
    """`reason` of an ending or attempt in the ledger; `UNCHECKED` for the words of a vendor about
    an event that the ledger does not have whole. status: of the vendor's response, None without
    one. event: what the ledger has of its content."""
    if reason and status is not None and not is_whole(event):
        return UNCHECKED
    return text_without_personal(reason, event)


def changes_without_personal(changes: Iterable[Change], event: Event) -> list[Change]:
    """`changes` of `event`, without what `without_personal` hides."""
    hidden, person = [], _person(event)
    for change in changes:
        path = change["field"]
        known: Event = {}
        for key in change.keys() & {"before", "after"}:
            value = change[key]
            known[key] = _left(path, value) if _repeats_none({"value": value}, person) else HIDDEN
        field = path if path == OTHER else _name(path)
        hidden.append({**change, "field": field, **known})
    return hidden


def request_without_personal(request: Mapping[str, Any]) -> dict[str, Any]:
    """`request`, as `gateway.delivery.exchange.request_record` gives it, with names in place of
    values in its query, headers and body."""
    parts = urlsplit(request["url"])
    names = [_name(name) for name, _ in parse_qsl(parts.query, keep_blank_values=True)]
    query = "&".join(f"{name}={HIDDEN}" for name in names)
    return {
        "method": request["method"],
        "url": f"{parts.scheme}://{parts.netloc}{parts.path}{'?' if query else ''}{query}",
        "headers": {
            name: value if name.lower() == "content-type" else HIDDEN
            for name, value in request["headers"].items()
        },
        "body": _outline(request["body"]),
    }


def status_without_personal(status: Status) -> Status:
    """`status` without what vendors said about events. The events are not known here, so nothing
    can tell what identifies a visitor. The reason of a pause stays, without e-mail addresses and
    phone numbers, because it is seldom about one event and operators need it first."""
    return replace(
        status,
        destinations={name: _about_none(each) for name, each in status.destinations.items()},
    )


def _about_none(of: DestinationStatus) -> DestinationStatus:
    error, warning, pause = of.last_error, of.last_warning, of.pause
    return replace(
        of,
        last_error=error and replace(error, reason=_own_words(error.reason)),
        last_warning=warning and replace(warning, words=HIDDEN),
        pause=pause and replace(pause, reason=without_contacts(pause.reason)),
    )


def _own_words(reason: str) -> str:
    """The gateway's own part, such as ``HTTP 400``, without the vendor's words after it."""
    own, colon, _ = reason.partition(": ")
    return f"{own}: {HIDDEN}" if colon else without_contacts(own)


def without_contacts(text: str) -> str:
    """`text` without any e-mail address or phone number."""
    return phones.remove(emails.remove(text))


def shown_parts(text: str) -> list[str]:
    """The parts of `text` around what is hidden in it; a single one if nothing is."""
    return _MARKS.split(text)


def _left(path: str, value: Any) -> Any:
    """What may be shown of the `value` at `path`."""
    if isinstance(value, dict) and _PLACE.sub("", path) in _ABOVE:
        return {_name(name): _left(f"{path}.{name}", each) for name, each in value.items()}
    if isinstance(value, list) and _PLACE.sub("", path) in _ABOVE:
        return [_left(path, each) for each in value]
    if value == "" or value is None:
        return value
    if isinstance(value, dict | list) or not is_shown(path):
        return HIDDEN
    return _without_query(value) if path in _URLS and isinstance(value, str) else value


def _without_query(url: str) -> str:
    """`url` without query and fragment, which may contain click ids and more."""
    shown = re.split(r"[?#]", url, maxsplit=1)[0]
    return shown if shown == url else f"{shown}?{HIDDEN}"


def _without_repetitions(left: Event, event: Event) -> Event:
    person = _person(event)
    if _repeats_none(left, person):
        return left
    return {
        name: value if name in _ORDER or _repeats_none({name: value}, person) else HIDDEN
        for name, value in left.items()
    }


def _person(event: Event) -> Event:
    """The fields of `event` that a text must not repeat. An address that is no text is left out:
    the gateway has not written it."""
    person = {name: value for name, value in event.items() if name not in _ORDER}
    if not isinstance(person.get("ip_override", ""), str):
        del person["ip_override"]
    return person


def _repeats_none(texts: Event, person: Event) -> bool:
    return without_identifiers(texts, person, [*_names(texts)]) == texts


def _names(value: Any) -> Iterable[str]:
    if isinstance(value, dict):
        for name, each in value.items():
            yield name
            yield from _names(each)
    elif isinstance(value, list):
        for each in value:
            yield from _names(each)


def _name(name: str) -> str:
    """`name`, or `HIDDEN` for an unusual one: names that a sender has chosen may hold anything."""
    return name if _NAME.fullmatch(name) else HIDDEN


def _outline(body: Any) -> Any:
    """`body` with the names of its fields alone."""
    if isinstance(body, dict):
        return {_name(name): _outline(each) for name, each in body.items()}
    if isinstance(body, list):
        return [_outline(each) for each in body]
    return HIDDEN if body not in (None, "") else body
