"""Translates an event into one of X's conversions. `built_in` has the tables.

Source: docs.x.com/x-ads-api/measurement/web-conversions.
"""

from typing import Any

from destinations.amounts import amount_text
from destinations.base import Event
from destinations.casts import to_number
from destinations.contents import (
    ContentFields,
    contents,
    make_quantities_whole,
    named_items,
    whole_count,
)
from destinations.conversions import (
    add_currency,
    amount_problem,
    id_of,
    never_sent,
    value_in_currency,
)
from destinations.event_values import event_time, time_text
from destinations.mapping import Mapper
from destinations.page_urls import with_urls
from destinations.x.person import identifiers, identifies

_CONTENT = ContentFields(
    id="content_id",
    quantity="num_items",
    price="content_price",
    texts={"item_name": "content_name", "item_category": "content_type"},
)
_NO_ID = "`mapping.events` has no event id of X for this event"
_NO_CURRENCY = "X takes one without a currency as US dollars"
_TOO_LITTLE = (
    "no usable customer information: X needs twclid, an e-mail address, a phone number, or a "
    "public IPv4 address together with a user agent"
)


def translate(event: Event, now: float, mapper: Mapper, region: str | None) -> dict[str, Any] | str:
    """`event` in X's format, or why it cannot be sent.

    now: Unix seconds. region: ISO 3166-1 alpha-2 of phone numbers without a country code, if the
    event names no country.
    """
    if problem := never_sent(event, "X"):
        return problem
    event_id = id_of(event, mapper)
    if not event_id:
        return _NO_ID
    known = identifiers(event, region)
    if not known:
        return _TOO_LITTLE
    conversion: dict[str, Any] = {
        "conversion_time": time_text(event_time(event, now)),
        "event_id": event_id,
        "identifiers": known,
    }
    if worth := value_in_currency(event, _NO_CURRENCY):
        value, currency = worth
        conversion |= {"value": amount_text(value), "price_currency": currency}
    if items := named_items(event):
        made = contents(items, _CONTENT)
        make_quantities_whole(made, _CONTENT.quantity)
        conversion["contents"] = made
        if count := whole_count(items):
            conversion["number_items"] = count
    mapper.apply(with_urls(event), conversion)
    add_currency(conversion, event, mapper, "value", "price_currency")
    if problem := amount_problem(conversion.get("value"), "value", "X"):
        return problem
    if (number := to_number(conversion.get("value"))) is not None:
        conversion["value"] = amount_text(number)
    return conversion


def unsendable(event: Event, region: str | None) -> str:
    """Why X can never count `event`; "" if it could. region: as for `translate`."""
    return never_sent(event, "X") or ("" if identifies(event, region) else _TOO_LITTLE)
