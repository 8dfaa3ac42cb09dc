"""Helpers for vendors that count conversions, mostly by ids from their interface.

Such a vendor's name for an event is an id, so `mapping.events` says which events it receives.
"""

from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any

from destinations.base import Event
from destinations.casts import to_number
from destinations.contents import value_and_currency
from destinations.mapping import EventMapping, Mapper, MappingSettings
from destinations.refusals import restriction
from destinations.remarks import remark


def checked_ids(
    mapping: MappingSettings, is_id: Callable[[str], object], ids: str
) -> MappingSettings:
    """Returns `mapping` if every vendor's name in it is an id.

    ids: what the ids are, for the message. Raises `ValueError` for other names, without any name,
    and if all other events are to be sent.
    """
    named = {event: _name(given) for event, given in mapping.events.items()}
    if not any(named.values()):
        raise ValueError(f"`mapping.events` names no event; write each with {ids}")
    for event, name in named.items():
        if name is not None and not is_id(name):
            raise ValueError(f"events.{event}: is not an id; write {ids}")
    if mapping.other_events == "custom":
        raise ValueError("other_events: custom: only events with an id can be sent; remove it")
    return mapping


def _name(given: str | EventMapping | None) -> str | None:
    return given.name if isinstance(given, EventMapping) else given


def id_of(event: Event, mapper: Mapper) -> str:
    """The id under which the vendor counts `event`; "" if the mapping has none for it."""
    name = mapper.name_of(event)
    return name if name in mapper.names.values() else ""


def refund(event: Event, vendor: str) -> str:
    """Why `event`, a refund, cannot be sent to `vendor`, which would count it as a purchase; "" if
    it is no refund."""
    if event["event_name"] == "refund":
        return f"{vendor} does not support refunds"
    if event.get("value", 0) < 0:
        return f"value is negative: {vendor} does not support refunds"
    return ""


def amount_problem(stated: Any, path: str, vendor: str) -> str:
    """Why `stated`, the amount at `path` of the vendor's event, cannot be sent; "" if it can, or is
    None. A mapping may have set it."""
    if stated is None:
        return ""
    number = to_number(stated)
    if number is None or not isfinite(number):
        return f"{path} is not a number"
    return f"{path} is negative: {vendor} does not support refunds" if number < 0 else ""


def value_in_currency(event: Event, reason: str) -> tuple[float, str] | None:
    """The value of `event` and its currency; None if either is missing.

    reason: why a value without a currency is not sent, as the end of a remark.
    """
    found = value_and_currency(event)
    value = found.get("value")
    currency = _currency_of(event, found)
    if value is None:
        return None
    if not currency:
        remark(f"value: left out, since {reason}")
        return None
    return value, currency


def add_currency(
    conversion: dict[str, Any], event: Event, mapper: Mapper, value: str, currency: str
) -> None:
    """Adds the currency of `event` to `conversion` if the mapping has set a value there and says
    nothing about its currency. value, currency: names of these fields at the vendor."""
    if conversion.get(value) is None or currency in conversion or mapper.touches(currency):
        return
    if known := _currency_of(event, value_and_currency(event)):
        conversion[currency] = known


def _currency_of(event: Event, worth: Mapping[str, Any]) -> str:
    """The currency of `event`; "" if it is not known. worth: its `value_and_currency`."""
    known: str = event.get("currency") or worth.get("currency", "")
    return known


def never_sent(event: Event, vendor: str) -> str:
    """Why `event` can never be sent to `vendor`, whatever the mapping: it is a refund, its visitor
    refused, or it asks for a restriction. "" if it can be sent."""
    return refund(event, vendor) or _refusal(event, vendor)


def _refusal(event: Event, vendor: str) -> str:
    """Why `event` cannot be sent to `vendor`, which has no field for a visitor's refusal of
    personalised advertising, or for a restriction that the event asks for; "" if it can."""
    asked = restriction(event)
    return f"{asked}, and {vendor} has no field that says so" if asked else ""
