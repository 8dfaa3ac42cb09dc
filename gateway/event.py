"""The event: one JSON object, named after sGTM's common event data.

An event is a plain ``dict``: sources translate into it, rules speak only it, destinations
translate out of it. `read_event` is the only door: what has passed it has the types below, so
nothing behind it checks them again. Fields that are not listed are kept as they came.

Source of the names: developers.google.com/tag-platform/tag-manager/server-side/common-event-data
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from secrets import token_hex
from typing import Annotated, Any, Literal, Required

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    with_config,
)
from typing_extensions import TypedDict  # pydantic needs this one before Python 3.12

Event = dict[str, Any]

MAX_DEPTH = 32
"""Containers inside containers. JSON serialisers stop at about 250, and destinations add a few."""

CONSENT_TYPES = (
    "ad_storage",
    "analytics_storage",
    "ad_user_data",
    "ad_personalization",
    "functionality_storage",
    "personalization_storage",
    "security_storage",
)
"""Google Consent Mode's types.

Source: developers.google.com/tag-platform/security/concepts/consent-mode
"""


@dataclass(slots=True)  # one for each request: freezing it would make it three times as dear
class Received:
    """How an event came in.

    source: its name in the configuration. at: Unix seconds. client_ip, user_agent: of the sender
    (of the visitor, unless a backend sent it). headers: names in lower case. trusted: the sender
    has proved who it is, as a backend with a key does. proxied: the request came through a trusted
    proxy, so headers that only proxies add can be believed.
    """

    source: str
    at: float
    client_ip: str = ""
    user_agent: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    trusted: bool = False
    proxied: bool = False


class EventError(ValueError):
    """An event that cannot be read. The text names the field and never repeats its value."""


def _to_seconds(value: object) -> object:
    """Unix seconds from seconds, milli- or microseconds (told apart by size) or ISO 8601."""
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return _iso_to_seconds(str(value))
    if isinstance(value, (int, float)):
        if value > 1e14:
            return value / 1e6
        if value > 1e11:
            return value / 1e3
    return value


def _iso_to_seconds(text: str) -> float:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("neither Unix seconds nor ISO 8601") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _consent_state(value: object) -> object:
    if isinstance(value, bool):
        return "granted" if value else "denied"
    return value.lower() if isinstance(value, str) else value


def _as_list(value: object) -> object:
    """sGTM's index-keyed objects (``{"0": ..., "1": ...}``) as the lists that they stand for."""
    if isinstance(value, dict) and value and all(map(str.isdigit, value)):
        return list(value.values())
    return value


_open = ConfigDict(extra="allow", coerce_numbers_to_str=True)
_in_turn = Field(union_mode="left_to_right")
"""The usual branch stands first and is checked without Python; a validator of ours is only asked
when it does not fit."""

Number = Annotated[int, Field(ge=-(2**53), le=2**53)] | Annotated[float, Field(allow_inf_nan=False)]
Text = Annotated[str, StringConstraints(max_length=16_384)]
Id = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=256)]
Texts = Annotated[Text | Annotated[list[Text], BeforeValidator(_as_list)], _in_turn]
_State = Literal["granted", "denied"]
ConsentState = Annotated[_State | Annotated[_State, BeforeValidator(_consent_state)], _in_turn]


@with_config(_open)
class Address(TypedDict, total=False):
    first_name: Text
    sha256_first_name: Text
    last_name: Text
    sha256_last_name: Text
    street: Text
    sha256_street: Text
    city: Text
    region: Text
    postal_code: Text
    country: Text


@with_config(_open)
class UserData(TypedDict, total=False):
    email_address: Texts
    sha256_email_address: Texts
    phone_number: Texts
    sha256_phone_number: Texts
    address: Annotated[Address | list[Address], _in_turn, BeforeValidator(_as_list)]


@with_config(_open)
class Item(TypedDict, total=False):
    item_id: Text
    item_name: Text
    item_brand: Text
    item_variant: Text
    item_category: Text
    item_list_id: Text
    item_list_name: Text
    affiliation: Text
    coupon: Text
    price: Number
    quantity: Number
    discount: Number
    index: Number


@with_config(ConfigDict(extra="ignore"))
class Consent(TypedDict, total=False):
    ad_storage: ConsentState
    analytics_storage: ConsentState
    ad_user_data: ConsentState
    ad_personalization: ConsentState
    functionality_storage: ConsentState
    personalization_storage: ConsentState
    security_storage: ConsentState


@with_config(_open)
class Location(TypedDict, total=False):
    country: Text
    region: Text


@with_config(_open)
class EventFields(TypedDict, total=False):
    """The fields that the gateway knows. Everything but `event_name` may be missing."""

    event_name: Required[Id]
    event_id: Id
    timestamp: Annotated[float, Field(ge=0, allow_inf_nan=False), BeforeValidator(_to_seconds)]
    """Unix seconds, with a fraction; milliseconds, microseconds and ISO 8601 are converted."""
    client_id: Id
    user_id: Id
    ip_override: Text
    user_agent: Text
    language: Text
    screen_resolution: Text
    viewport_size: Text
    page_location: Text
    page_hostname: Text
    page_path: Text
    page_referrer: Text
    page_title: Text
    page_encoding: Text
    currency: Annotated[str, StringConstraints(to_upper=True, pattern=r"^[A-Za-z]{3}$")]
    value: Number
    tax: Number
    shipping: Number
    transaction_id: Text
    coupon: Text
    items: Annotated[list[Item], Field(max_length=1000), BeforeValidator(_as_list)]
    user_data: UserData
    user_properties: dict[str, Any]
    consent: Consent
    event_location: Location
    client_hints: dict[str, Any]
    click_ids: dict[str, Text]
    engagement_time_msec: Number
    ga_session_id: Text
    ga_session_number: Number
    fbp: Text
    fbc: Text


@with_config(ConfigDict(extra="ignore", coerce_numbers_to_str=True))
class _KnownFields(EventFields, total=False):
    """Without the other fields, which cost pydantic more to carry along than `read_event`."""


_validate: Callable[[object], Event] = TypeAdapter(_KnownFields).validator.validate_python
_OPEN = ("items", "user_data", "user_properties", "event_location", "client_hints")
"""The known fields in which there can be others, as deep as a sender likes."""

_CONTAINERS = frozenset([dict, list])


def read_event(raw: Any) -> Event:
    """The event in `raw`, a decoded JSON value: known fields first, in their types.

    Raises `EventError` naming every field that does not fit.
    """
    try:
        event = _validate(raw)
    except ValidationError:
        raw = _without_nulls(raw, MAX_DEPTH)
        event = _validate_or_complain(raw)
    unbounded = [event[name] for name in _OPEN if name in event]
    if len(event) < len(raw):
        for name, value in raw.items():
            if name not in event:
                event[name] = value
                unbounded.append(value)
    if _deeper_than(MAX_DEPTH, unbounded):
        raise EventError(f"nested deeper than {MAX_DEPTH} levels")
    return event


def _validate_or_complain(raw: object) -> Event:
    try:
        return _validate(raw)
    except ValidationError as error:
        raise EventError(_describe(error)) from None


def _without_nulls(value: Any, levels: int) -> Any:
    """JavaScript sends null for what it has not; only an event that does not fit is searched."""
    if levels == 0:
        return value
    if isinstance(value, dict):
        return {k: _without_nulls(v, levels - 1) for k, v in value.items() if v is not None}
    if isinstance(value, list):
        return [_without_nulls(element, levels - 1) for element in value]
    return value


def complete(event: Event, received: Received) -> Event:
    """`event` with what every event has: an id, a time, and the sender's address and agent.

    A time ahead of the server's clock is set to it: ad platforms refuse events from the future.
    An empty address or agent is a statement, that it shall not be known, and stays.
    """
    event = {**event}
    if not event.get("event_id"):
        event["event_id"] = token_hex(16)
    if event.get("timestamp", received.at) >= received.at:
        event["timestamp"] = received.at
    event.setdefault("ip_override", received.client_ip)
    event.setdefault("user_agent", received.user_agent)
    return event


def event_schema() -> dict[str, Any]:
    """JSON Schema of an incoming event."""
    return TypeAdapter(EventFields).json_schema()


def _deeper_than(levels: int, container: Event | list[Any]) -> bool:
    if levels == 0:
        return True
    for value in container.values() if isinstance(container, dict) else container:
        if type(value) in _CONTAINERS and _deeper_than(levels - 1, value):
            return True
    return False


def _describe(error: ValidationError) -> str:
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
