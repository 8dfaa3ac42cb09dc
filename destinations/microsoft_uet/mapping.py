"""Translates an event into one of Microsoft's. `built_in` has the tables.

Source: learn.microsoft.com/advertising/guides/uet-conversion-api-integration.
"""

from typing import Any

from destinations.base import Event
from destinations.casts import to_number
from destinations.contents import ContentFields, contents, named_items, value_and_currency
from destinations.conversions import amount_problem, refund
from destinations.event_values import event_time
from destinations.mapping import Mapper
from destinations.microsoft_uet.built_in import PAGE_LOAD
from destinations.microsoft_uet.person import identifies, is_known, user_data
from destinations.page_urls import with_urls
from destinations.paths import object_at
from destinations.refusals import restriction

_ITEM = ContentFields(id="id", quantity="quantity", price="price", texts={"item_name": "name"})
_NO_PAGE = "page_location is missing: Microsoft requires it for the view of a page"
_TOO_LITTLE = (
    "no usable customer information: Microsoft needs msclkid, _uetvid, user_id, an e-mail address, "
    "a phone number or the advertising id of a device"
)


def translate(event: Event, now: float, mapper: Mapper, region: str | None) -> dict[str, Any] | str:
    """`event` in Microsoft's format, or why it cannot be sent.

    now: Unix seconds. region: ISO 3166-1 alpha-2 of phone numbers without a country code, if the
    event names no country.
    """
    if problem := refund(event, "Microsoft"):
        return problem
    name = mapper.name_of(event)
    translated: dict[str, Any] = {
        "eventType": "pageLoad" if name == PAGE_LOAD else "custom",
        "eventTime": int(event_time(event, now)),
        "adStorageConsent": _consent(event),
        "userData": user_data(event, region),
    }
    if name != PAGE_LOAD:
        translated["eventName"] = name
    if data := _custom_data(event):
        translated["customData"] = data
    mapper.apply(with_urls(event), translated)
    problem = _problem_of(translated)
    _make_number(translated)
    return problem or translated


def unsendable(event: Event, mapper: Mapper, region: str | None) -> str:
    """Why Microsoft can never accept `event`; "" if it could, or if the mapping decides."""
    if problem := refund(event, "Microsoft"):
        return problem
    if not mapper.touches("userData") and not identifies(event, region):
        return _TOO_LITTLE
    return ""


def _make_number(translated: dict[str, Any]) -> None:
    """Converts a value that a mapping set to a number, which Microsoft requires."""
    data = object_at(translated, "customData")
    if isinstance(stated := data.get("value"), str):
        translated["customData"] = {**data, "value": to_number(stated)}


def _problem_of(translated: dict[str, Any]) -> str:
    """Why Microsoft would refuse an event; "" if it would not."""
    if translated["eventType"] == "pageLoad" and not translated.get("eventSourceUrl"):
        return _NO_PAGE
    value = object_at(translated, "customData").get("value")
    if problem := amount_problem(value, "customData.value", "Microsoft"):
        return problem
    person = translated.get("userData")
    return "" if isinstance(person, dict) and is_known(person) else _TOO_LITTLE


def _consent(event: Event) -> str:
    """``G`` if the visitor granted `ad_storage` and nothing asks for a restriction; else ``D``,
    with which Microsoft does not use the event for advertising."""
    is_granted = event.get("consent", {}).get("ad_storage") == "granted"
    return "G" if is_granted and not restriction(event) else "D"


def _custom_data(event: Event) -> dict[str, Any]:
    data = value_and_currency(event)
    if items := named_items(event):
        data["items"] = contents(items, _ITEM)
        data["itemIds"] = [item["id"] for item in data["items"]]
    return data
