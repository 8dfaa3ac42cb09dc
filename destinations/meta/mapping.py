"""From an event to one of Meta's server events; what is a table is in `built_in`.

Sources: developers.facebook.com/docs/marketing-api/conversions-api (parameters/server-event,
parameters/customer-information-parameters, parameters/custom-data).
"""

from collections.abc import Mapping, Sequence
from typing import Any, get_args

from destinations import normalise
from destinations.base import Event
from destinations.common import event_time, event_value
from destinations.hashed_forms import Hashing, Needs, PersonalData
from destinations.mapping import Hasher, Mapper
from destinations.meta.identifiers import identifiers, identifies
from destinations.meta.restrictions import restrictions
from destinations.meta.settings import ActionSource
from destinations.normalise import Normaliser, hashing
from destinations.remarks import remark

_CONTENT = {
    "item_name": "title",
    "item_brand": "brand",
    "item_category": "category",
    "description": "description",
    "delivery_category": "delivery_category",
}

# Meta's two libraries disagree about spaces and punctuation in names: both forms go.
_NAME_FORMS = (normalise.bare_name, normalise.trimmed_name)
_NORMALISERS: Mapping[str, tuple[Normaliser, ...]] = {
    "em": (normalise.email,),
    "ge": (normalise.gender,),
    "db": (normalise.birth_date,),
    "fn": _NAME_FORMS,
    "ln": _NAME_FORMS,
    "ct": (normalise.city,),
    "st": (normalise.state,),
    "zp": (normalise.postal_code,),
    "country": (normalise.country,),
    "external_id": (normalise.external_id,),
}
"""Of every hashed field but the phone number, which is hashed by the country."""


def _hashings(fields: Mapping[str, str]) -> dict[str, Hashing]:
    return {key: hashing(field, *_NORMALISERS[key]) for key, field in fields.items()}


_OF_PERSON = _hashings({"em": "email_address", "ge": "gender", "db": "date_of_birth"})
_OF_ADDRESS = _hashings(
    {
        "fn": "first_name",
        "ln": "last_name",
        "ct": "city",
        "st": "region",
        "zp": "postal_code",
        "country": "country",
    }
)
_external_id = hashing("user_id", *_NORMALISERS["external_id"])

_UNHASHED = frozenset(
    [
        "subscription_id",
        "lead_id",
        "fb_login_id",
        "anon_id",
        "madid",
        "page_id",
        "page_scoped_user_id",
        "ctwa_clid",
        "ig_account_id",
        "ig_sid",
        "whatsapp_business_account_id",
    ]
)
"""Fields of ``user_data`` that are Meta's own, sent as they are."""

_ACTION_SOURCES = frozenset(get_args(ActionSource))

_TOO_THIN = (
    frozenset({"ct", "country", "st", "zp", "ge", "client_user_agent"}),
    frozenset({"db", "client_user_agent"}),
    frozenset({"fn", "ge"}),
    frozenset({"ln", "ge"}),
)
"""Identities that Meta refuses with subcode 2804050, and every part of one."""
_MOST_TOO_THIN = max(map(len, _TOO_THIN))

_NEGATIVE = "value is negative: Meta does not support refunds"
_TOO_LITTLE = (
    "no usable customer information: Meta needs an e-mail address, a phone number, user_id, "
    "fbp, fbc, a public IP address or a full name"
)


def hashers(region: str | None) -> dict[str, Hasher]:
    """For the hashed fields of ``user_data``. region: as for `translate`."""
    normalisers = {**_NORMALISERS, "ph": (normalise.phone_digits(region),)}
    paths = {f"user_data.{key}": forms for key, forms in normalisers.items()}
    return {path: normalise.hasher(path, *forms) for path, forms in paths.items()}


def personal_data(region: str | None) -> PersonalData:
    """What is read of an event's ``user_data``. region: as for `translate`."""
    phone = normalise.phone_hashing(normalise.phone_digits, region)
    person = Needs([*_OF_PERSON.values()], _UNHASHED)
    return PersonalData(person, Needs([*_OF_ADDRESS.values()]), phone)


def translate(
    event: Event, now: float, mapper: Mapper, action_source: str, region: str | None
) -> dict[str, Any]:
    """`event` in the format of Meta.

    now: Unix seconds. action_source: of an event that has none. region: ISO 3166-1 alpha-2 of phone
    numbers without a country code, if the event does not tell its country.
    """
    name = mapper.name_of(event)
    seconds = event_time(event, now)
    translated: dict[str, Any] = {
        "event_name": name,
        "event_time": int(seconds),
        "action_source": _action_source(event, action_source),
        "user_data": _user_data(event, seconds, region),
    }
    if custom_data := _custom_data(event, name):
        translated["custom_data"] = custom_data
    if isinstance(app_data := event.get("app_data"), dict):
        translated["app_data"] = app_data
    mapper.apply(event, translated)
    translated.update(restrictions(event))
    return translated


def unsendable(event: Event, mapper: Mapper, region: str | None) -> str:
    """Why Meta would always refuse `event`; "" if it would not, or if that depends on a field that
    the mapping sets.

    region: as for `translate`.
    """
    if (
        event.get("value", 0) < 0
        and mapper.name_of(event) == "Purchase"
        and not mapper.touches("custom_data.value")
    ):
        return _NEGATIVE
    if (
        not identifies(event)
        and not mapper.touches("user_data")
        and _is_too_thin(_user_data(event, 0, region))
    ):
        return _TOO_LITTLE
    return ""


def problem_of(translated: Mapping[str, Any]) -> str:
    """Why Meta would refuse an event, and with it the whole request; "" when it would not.

    translated: by `translate`.
    """
    if translated["event_name"] == "Purchase":
        custom_data = _object(translated, "custom_data")
        if missing := [key for key in ("value", "currency") if key not in custom_data]:
            return (
                f"{' and '.join(missing)} missing: Meta requires value and currency for a purchase"
            )
        if not isinstance(custom_data["value"], (int, float)):
            return "custom_data.value is not a number: add `as: number` to it in the mapping"
        if custom_data["value"] < 0:
            return _NEGATIVE
    if translated["action_source"] == "app" and "app_data" not in translated:
        return "app_data is missing: Meta requires it when action_source is app"
    if _is_too_thin(_object(translated, "user_data")):
        return _TOO_LITTLE
    return ""


def _object(translated: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """The object at `key`; an empty one if a mapping left none."""
    held = translated.get(key)
    return held if isinstance(held, dict) else {}


def _is_too_thin(user_data: Mapping[str, Any]) -> bool:
    few = len(user_data) <= _MOST_TOO_THIN
    return few and any(user_data.keys() <= thin for thin in _TOO_THIN)


def _action_source(event: Event, default: str) -> str:
    given = event.get("action_source")
    return given if isinstance(given, str) and given in _ACTION_SOURCES else default


def _user_data(event: Event, seconds: float, region: str | None) -> dict[str, Any]:
    data: dict[str, Any] = {}
    if person := event.get("user_data"):
        _add_person(data, person)
        if numbers := normalise.phone_numbers(event, normalise.phone_digits, region):
            data["ph"] = numbers
    if external_id := _external_id([event]):
        data["external_id"] = external_id
    if user_agent := event.get("user_agent"):
        data["client_user_agent"] = user_agent
    return data | identifiers(event, seconds)


def _add_person(data: dict[str, Any], person: Mapping[str, Any]) -> None:
    _add_hashes(data, _OF_PERSON, [person])
    _add_hashes(data, _OF_ADDRESS, normalise.addresses(person))
    if _UNHASHED.isdisjoint(person):
        return
    for key in person:
        if key in _UNHASHED and isinstance(value := person[key], (str, int)):
            data[key] = value


def _add_hashes(
    data: dict[str, Any], hashings: Mapping[str, Hashing], holders: Sequence[Mapping[str, Any]]
) -> None:
    for key, hashed in hashings.items():
        if digests := hashed(holders):
            data[key] = digests


def _custom_data(event: Event, name: str) -> dict[str, Any]:
    data: dict[str, Any] = {}
    if (value := event_value(event)) is not None:
        data["value"] = value
    given = event.get("items", ())
    items = [item for item in given if item.get("item_id")]
    if len(items) < len(given):
        remark("items: removed items without item_id")
    if items:
        _add_items(data, items, event["event_name"], name)
    return data


def _add_items(data: dict[str, Any], items: Sequence[Event], event_name: str, name: str) -> None:
    data["content_ids"] = [item["item_id"] for item in items]
    data["contents"] = [_content(item) for item in items]
    data["content_type"] = "product_group" if event_name == "view_item_list" else "product"
    if name in ("InitiateCheckout", "Purchase"):
        data["num_items"] = sum(max(item.get("quantity", 1), 0) for item in items)
    if len(items) == 1:
        for field, key in (("item_name", "content_name"), ("item_category", "content_category")):
            if field in items[0]:
                data[key] = items[0][field]


def _content(item: Mapping[str, Any]) -> dict[str, Any]:
    content = {"id": item["item_id"]}
    if (quantity := item.get("quantity", 1)) > 0:
        content["quantity"] = quantity
    else:
        remark("items: removed a quantity of zero or less")
    if "price" in item:
        content["item_price"] = item["price"]
    for field, value in item.items():
        if field in _CONTENT and isinstance(value, str) and value:
            content[_CONTENT[field]] = value
    return content
