"""The event: one JSON object, named after sGTM's common event data.

An event is a plain ``dict``: sources translate requests into it, rules read and change it,
destinations translate it into requests. `read_event` is the only way in: it gives the known fields
their types, so nothing after it checks them again. Fields that `gateway.event.schema` does not list
are kept as they were sent.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Any

from pydantic import ValidationError

from gateway.event.bounds import MAX_DEPTH, MAX_KEYS, SURPLUS, cut, is_within_bounds
from gateway.event.browser_ids import has_outer_ids, has_whole_cookies, with_ids, with_outer_ids
from gateway.event.consent import (
    OTHER_CASES,
    STATEMENT_FIELDS,
    denials_first,
    with_one_consent,
)
from gateway.event.consent_members import with_consent_read
from gateway.event.currencies import WITHOUT_DECIMALS
from gateway.event.ids import has_no_id
from gateway.event.item_names import with_items_opened, with_quantities
from gateway.event.json_texts import opened
from gateway.event.mending import IGNORED, mended
from gateway.event.person import has_other_shape, with_person
from gateway.event.plain_items import plain_items
from gateway.event.plain_names import with_plain_names
from gateway.event.schema import EventFields, validate
from gateway.event.whole_amounts import with_amounts_of_items, with_whole_amounts

Event = dict[str, Any]


@dataclass(slots=True)
class Received:
    """How an event came in.

    source: its name in the configuration. at: Unix seconds. client_ip: of the sender, empty when
    it is not known. user_agent: of the sender. headers: names in lower case. query: of the URL,
    as it was sent. trusted: the sender has proved who it is, as a backend with a key does.
    backend: a server sent it, so its address and agent are not the visitor's. anonymous: the
    sender asked that the visitor is not recognised. proxied: the request came through a trusted
    proxy, so headers that only proxies add can be believed. vetted: the event went through
    `gateway.stages.claims` before, and has waited since. linked_visitor: the visitor id in a
    link between domains that this request has claimed, see `gateway.stages.identity.link`.
    page_token: a secret of the page that sent it, "" without one; it is never stored, logged or
    passed on. clock_offset: seconds by which the sender's clock is behind. browser: what
    `gateway.stages.enrichment.browser` has read in the headers, for all events of the request.
    stated: in the same way, what `gateway.stages.consent.signals` has read in the query.
    number: of the request in its process; it tells apart two that came in the same millisecond.
    """

    source: str
    at: float
    client_ip: str = ""
    user_agent: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    trusted: bool = False
    proxied: bool = False
    query: str = ""
    backend: bool = False
    anonymous: bool = False
    vetted: bool = False
    linked_visitor: str = ""
    page_token: str = field(default="", repr=False)
    clock_offset: float = 0.0
    number: int = field(default=0, repr=False, compare=False)
    browser: Any = field(default=None, init=False, repr=False, compare=False)
    stated: Any = field(default=None, init=False, repr=False, compare=False)


class EventError(ValueError):
    """An event that cannot be read. The message names the field and never repeats its value."""


_OPEN = ("items", "user_data", "user_properties", "event_location", "client_hints", "click_ids")
"""Known fields that can contain other fields, as many and as deeply nested as a sender likes. A
sender may also write them as JSON in a text."""

_RESERVED = OTHER_CASES | {IGNORED, SURPLUS}
"""Names that an event must not have: other spellings of `consent`, and the fields that only the
gateway writes."""


def read_event(raw: Any, own_properties: bool = False) -> Event:
    """The event in `raw`, a decoded JSON value: known fields first, in their types.

    A known field of the wrong type is converted if it is unambiguous, and otherwise ignored and
    named in `IGNORED`. What exceeds the limits of `gateway.event.bounds` is removed and named in
    `SURPLUS`. own_properties: the sender has custom fields that may have the names of known fields:
    see `gateway.event.mending`.

    Personal data in the formats of other tools moves to `user_data`: see `gateway.event.person`.
    Ids of browsers and clicks move to their fields: see `gateway.event.browser_ids`.

    Raises `EventError` if the event has no usable name.
    """
    if isinstance(raw, dict):
        if has_other_shape(raw):
            raw = with_ids(with_person(raw))
        elif has_whole_cookies(raw):
            raw = with_ids(raw)
        if "items" in raw:
            if not raw.get("currency"):
                raw = with_amounts_of_items(raw)
            if (plain := _with_plain_items(raw)) is not None:
                return plain
            if (named := with_quantities(with_items_opened(raw))) is not raw:
                return read_event(named, own_properties)
    try:
        event = validate(raw)
        if (
            event.get("currency") in WITHOUT_DECIMALS
            and (read := with_whole_amounts(raw)) is not raw
        ):
            return read_event(read, own_properties)
        is_mended = has_no_id(event)
    except ValidationError as error:
        if not isinstance(raw, dict):
            raise EventError(_describe(error)) from None
        is_mended = True
    if is_mended:
        if not _RESERVED.isdisjoint(raw):
            return read_event(_without_reserved(raw), own_properties)
        if (moved := with_outer_ids(raw)) is not raw:
            return read_event(moved, own_properties)
        if (plain_named := with_plain_names(raw, raw)) is not raw:
            return read_event(plain_named, own_properties)
        raw = mended(_within_bounds(raw), own_properties)
        event = known_fields(raw)
    unbounded = [event[name] for name in _OPEN if name in event]
    if len(event) < len(raw):
        others = _others(event, raw)
        if not is_mended:
            if not _RESERVED.isdisjoint(others):
                return read_event(_without_reserved(raw), own_properties)
            if has_outer_ids(others) and (moved := with_outer_ids(raw)) is not raw:
                return read_event(moved, own_properties)
            if (plain_named := with_plain_names(raw, others)) is not raw:
                return read_event(plain_named, own_properties)
            if len(raw) > MAX_KEYS:
                return cut({**event, **_stated(raw)}, raw)
        event |= others
        unbounded += others.values()
    if SURPLUS not in event and not is_within_bounds(unbounded):
        return cut({**event, **_stated(event)}, event)
    return event


def _with_plain_items(raw: Event) -> Event | None:
    """The event in `raw`, which has items. None unless every field fits as it is."""
    plain = plain_items(raw["items"])
    if plain is None or len(raw) > MAX_KEYS:
        return None
    rest = raw.copy()
    del rest["items"]
    try:
        event = validate(rest)
    except ValidationError:
        return None
    if has_no_id(event):
        return None
    if event.get("currency") in WITHOUT_DECIMALS and with_whole_amounts(rest) is not rest:
        return None
    unbounded = [event[name] for name in _OPEN if name in event]
    event["items"] = plain.items
    if len(event) < len(raw):
        others = _others(event, raw)
        if not _RESERVED.isdisjoint(others) or has_outer_ids(others):
            return None
        if with_plain_names(raw, others) is not raw:
            return None
        event |= others
        unbounded += others.values()
    return event if is_within_bounds(unbounded, plain.values) else None


def _others(event: Event, raw: Event) -> Event:
    """The fields of `raw` that the gateway does not know."""
    return {name: value for name, value in raw.items() if name not in event}


def _without_reserved(raw: Event) -> Event:
    """`raw` with one `consent`, and without the fields that only the gateway writes."""
    others = {name: value for name, value in raw.items() if name not in (IGNORED, SURPLUS)}
    return others if OTHER_CASES.isdisjoint(others) else with_one_consent(others)


def _within_bounds(raw: Event) -> Event:
    """`raw` with its consent read, JSON texts decoded, the surplus cut off and nulls removed."""
    if "consent" in raw:
        raw = with_consent_read(raw)
    if texts := [name for name in _OPEN if isinstance(raw.get(name), str)]:
        raw = {**raw, **{name: opened(raw[name]) for name in texts}}
    if not is_within_bounds([raw]):
        known = {name: raw[name] for name in EventFields.__annotations__ if name in raw}
        raw = cut({**known, **_stated(raw)}, raw)
    nulls_out: Event = without_nulls(raw, MAX_DEPTH)
    return nulls_out


def _stated(event: Event) -> Event:
    """The fields of `event` that state what is allowed, denials first."""
    stated = {name: event[name] for name in STATEMENT_FIELDS if name in event}
    return {name: denials_first(value) for name, value in stated.items()}


def known_fields(raw: object) -> Event:
    """The known fields of `raw` in their types, without mending any.

    Raises `EventError` naming every field that does not fit.
    """
    try:
        return validate(raw)
    except ValidationError as error:
        raise EventError(_describe(error)) from None


def without_nulls(value: Any, levels: int) -> Any:
    """`value` without nulls, down to `levels` of nesting. JavaScript sends null for missing values;
    only events that do not fit are searched for them."""
    if levels == 0:
        return value
    if isinstance(value, dict):
        return {k: without_nulls(v, levels - 1) for k, v in value.items() if v is not None}
    if isinstance(value, list):
        return [without_nulls(element, levels - 1) for element in value]
    return value


def complete(event: Event, received: Received) -> Event:
    """`event` with the fields that every event has: an id, a time, the visitor's address and agent.

    A time ahead of the server's clock is set to the server's time, because ad platforms refuse
    events from the future. For events of backends, address and user agent are empty unless the
    backend states them.
    """
    event = event.copy()
    if not event.get("event_id"):
        event["event_id"] = token_hex(16)
    if event.get("timestamp", received.at) >= received.at:
        event["timestamp"] = received.at
    event.setdefault("ip_override", "" if received.backend else received.client_ip)
    event.setdefault("user_agent", "" if received.backend else received.user_agent)
    return event


_MAX_PROBLEMS_READ = 200
"""pydantic takes some 20 µs to describe each problem."""


def _describe(error: ValidationError) -> str:
    if error.error_count() > _MAX_PROBLEMS_READ:
        return "too many values have the wrong type; send values of the types in the schema"
    problems = []
    for line in error.errors(include_url=False, include_input=False, include_context=False):
        path = ".".join(str(part) for part in line["loc"] if not _is_union_branch(part))
        problem = f"{path}: {line['msg']}" if path else line["msg"]
        if problem not in problems:
            problems.append(problem)
    return "; ".join(problems[:10])


def _is_union_branch(part: int | str) -> bool:
    """Pydantic adds the tried branch of a union (``constrained-int``, ``list[...]``) to a path."""
    return isinstance(part, str) and (
        "[" in part or part.startswith("constrained-") or part in ("int", "float", "str", "Address")
    )
