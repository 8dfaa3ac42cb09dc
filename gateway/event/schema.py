"""The fields of an event that the gateway knows, and their types.

Source of the names: developers.google.com/tag-platform/tag-manager/server-side/common-event-data
"""

import types
from collections.abc import Callable, Iterator
from copy import copy
from typing import Annotated, Any, Literal, Required, Union, get_args, get_origin

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    GetPydanticSchema,
    StringConstraints,
    TypeAdapter,
    with_config,
)
from pydantic_core import CoreSchema, core_schema
from typing_extensions import (
    TypedDict,  # pydantic needs this one before Python 3.12
    get_type_hints,
    is_typeddict,
)

from destinations.numbers import MAX_EXACT
from destinations.paths import ANY, as_text
from gateway.event.bounds import MAX_VALUES
from gateway.event.currencies import NO_CODES
from gateway.event.times import to_seconds


def _consent_state(value: object) -> object:
    if isinstance(value, bool):
        return "granted" if value else "denied"
    return value.lower() if isinstance(value, str) else value


def as_list(value: object) -> object:
    """The list that an object with indexes as keys (``{"0": ..., "1": ...}``, as sGTM has) stands
    for; any other value unchanged."""
    if isinstance(value, dict) and value and all(map(str.isdigit, value)):
        return list(value.values())
    return value


def is_empty(value: object) -> bool:
    """Whether `value` states nothing: null, a blank text, or an empty object or list."""
    return value is None or value in ([], {}) or (isinstance(value, str) and not value.strip())


def as_items(value: object) -> object:
    """As `as_list`, but items may have any keys (``{"SKU-1": {"item_id": ...}}``), and one item
    becomes a list of one. Items have the names of GA4 or of Universal Analytics."""
    if not isinstance(value, dict):
        return value
    if _is_item(value):
        return [value]
    if value and all(map(_is_item, value.values())):
        return list(value.values())
    return as_list(value)


_NAMES_OF_ITEMS = ("item_id", "item_name", "id", "name")


def _is_item(value: object) -> bool:
    return isinstance(value, dict) and any(
        name in value and not isinstance(value[name], dict | list) for name in _NAMES_OF_ITEMS
    )


_open = ConfigDict(extra="allow", coerce_numbers_to_str=True)
_in_turn = Field(union_mode="left_to_right")
"""The usual branch comes first and is checked without Python code; our own validators run only for
values that do not fit it."""


def _schema_with(schema: CoreSchema, plain: CoreSchema) -> GetPydanticSchema:
    """A type that `schema` validates and `plain` describes. Pydantic records in a schema where it
    is used, so each use gets a copy."""
    return GetPydanticSchema(lambda _, __: copy(schema), lambda _, handler: handler(plain))


_json_numbers = core_schema.union_schema(
    [
        core_schema.int_schema(ge=-MAX_EXACT, le=MAX_EXACT),
        core_schema.float_schema(allow_inf_nan=False),
    ],
    mode="left_to_right",
)
_numbers = core_schema.union_schema(
    [
        core_schema.int_schema(strict=True, ge=-MAX_EXACT, le=MAX_EXACT),
        core_schema.float_schema(strict=True, allow_inf_nan=False),
        core_schema.chain_schema([core_schema.str_schema(strict=True), _json_numbers]),
    ],
    mode="left_to_right",
)
Number = Annotated[
    Annotated[int, Field(ge=-MAX_EXACT, le=MAX_EXACT)]
    | Annotated[float, Field(allow_inf_nan=False)],
    _schema_with(_numbers, _json_numbers),
]
"""Numbers, and texts that are numbers; not true and false, which pydantic takes for 1 and 0."""


def _as_written(value: object) -> object:
    return as_text(value) if isinstance(value, float) else value


def _texts(**limits: Any) -> GetPydanticSchema:
    """Texts within `limits`, named as in pydantic, and numbers converted to text: 7.0 to ``7``."""
    plain = core_schema.str_schema(strict=True, **limits)
    written = core_schema.no_info_before_validator_function(
        _as_written, core_schema.str_schema(coerce_numbers_to_str=True, **limits)
    )
    either = core_schema.union_schema([plain, written], mode="left_to_right")
    return _schema_with(either, plain)


MAX_TEXT = 16_384
Text = Annotated[str, StringConstraints(max_length=MAX_TEXT)]
Code = Annotated[str, _texts(max_length=MAX_TEXT)]
"""A text that senders may write as a number: a phone number, or the id of a product."""

Id = Annotated[str, _texts(strip_whitespace=True, min_length=1, max_length=256)]
LongId = Annotated[str, _texts(strip_whitespace=True, max_length=MAX_TEXT)]


def _check_currency(code: str) -> str:
    """`code`. It need not be a currency of today: new codes are added. Raises ValueError for words
    that are no code."""
    if code in NO_CODES:
        raise ValueError("not the code of a currency")
    return code


_bounded = Field(max_length=MAX_VALUES)
"""A longer list does not fit, so the event is mended and the list cut."""

Texts = Annotated[Code | Annotated[list[Code], _bounded, BeforeValidator(as_list)], _in_turn]
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
    postal_code: Code
    country: Text


@with_config(_open)
class UserData(TypedDict, total=False):
    email_address: Texts
    sha256_email_address: Texts
    phone_number: Texts
    sha256_phone_number: Texts
    address: Annotated[
        Address | Annotated[list[Address], _bounded],
        _in_turn,
        BeforeValidator(as_list),
    ]


@with_config(_open)
class Item(TypedDict, total=False):
    item_id: Code
    item_name: Text
    item_brand: Text
    item_variant: Text
    item_category: Text
    item_list_id: Code
    item_list_name: Text
    affiliation: Text
    coupon: Text
    price: Number
    quantity: Number
    discount: Number
    index: Number


@with_config(ConfigDict(extra="forbid"))
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
    timestamp: Annotated[float, Field(gt=0, allow_inf_nan=False), BeforeValidator(to_seconds)]
    """Unix seconds, with a fraction; `gateway.event.times` converts the other forms. Programs write
    0 when they do not know the time."""
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
    currency: Annotated[
        str,
        StringConstraints(to_upper=True, pattern=r"^[A-Za-z]{3}$"),
        AfterValidator(_check_currency),
    ]
    value: Number
    tax: Number
    shipping: Number
    transaction_id: LongId
    coupon: Text
    items: Annotated[list[Item], _bounded, BeforeValidator(as_items)]
    user_data: UserData
    user_properties: dict[str, Any]
    consent: Consent
    event_location: Location
    client_hints: dict[str, Any]
    click_ids: dict[str, Text]
    engagement_time_msec: Number
    ga_session_id: LongId
    ga_session_number: Number
    fbp: Text
    fbc: Text


@with_config(ConfigDict(extra="ignore", coerce_numbers_to_str=True))
class _KnownFields(EventFields, total=False):
    """`EventFields` without other fields: pydantic takes longer than `read_event` to keep them."""


validate: Callable[[object], dict[str, Any]] = TypeAdapter(_KnownFields).validator.validate_python
"""The known fields of an event in their types. Raises pydantic's `ValidationError`."""


def branches(annotation: Any) -> Iterator[Any]:
    """The types that a value of `annotation` can have, without their annotations."""
    bare = unwrapped(annotation, Annotated)
    if get_origin(bare) in (Union, types.UnionType):
        for branch in get_args(bare):
            yield from branches(branch)
    else:
        yield bare


def unwrapped(annotation: Any, wrapper: Any) -> Any:
    return get_args(annotation)[0] if get_origin(annotation) is wrapper else annotation


def below(annotation: Any, key: str) -> Iterator[Any]:
    """The types that a value at `key` below `annotation` can have; Any for an unknown field. An
    object has nothing at ``*``, which means each element of a list."""
    for bare in branches(annotation):
        if is_typeddict(bare):
            hints = get_type_hints(bare, include_extras=True)
            if key in hints:
                hint = hints[key]
                yield unwrapped(hint, Required)
            elif key != ANY and bare.__pydantic_config__.get("extra") == "allow":
                yield Any
        elif get_origin(bare) is dict:
            if key != ANY:
                yield get_args(bare)[1]
        elif get_origin(bare) is list and (key == ANY or key.isdigit()):
            yield get_args(bare)[0]
        elif bare is Any:
            yield Any
