"""From an event to one of X's conversions; what is a table is in `built_in`.

Source: docs.x.com/x-ads-api/measurement/web-conversions.
"""

from datetime import UTC, datetime
from typing import Any

from destinations.amounts import amount_text
from destinations.base import Event
from destinations.casts import to_number
from destinations.common import event_time
from destinations.contents import (
    ContentFields,
    contents,
    count_items,
    named_items,
    value_and_currency,
)
from destinations.conversions import amount_problem, id_of, refund, refusal
from destinations.mapping import Mapper
from destinations.remarks import remark
from destinations.x.person import identifiers, identifies

_CONTENT = ContentFields(
    id="content_id",
    quantity="num_items",
    price="content_price",
    texts={"item_name": "content_name", "item_category": "content_type"},
)
_NO_ID = "`mapping.events` has no event id of X for this event"
_TOO_LITTLE = (
    "no usable customer information: X needs twclid, an e-mail address, a phone number, or a "
    "public IPv4 address together with a user agent"
)


def translate(event: Event, now: float, mapper: Mapper, region: str | None) -> dict[str, Any] | str:
    """`event` in X's format, or why it cannot be sent.

    now: Unix seconds. region: ISO 3166-1 alpha-2 of phone numbers without a country code, if the
    event does not tell its country.
    """
    if problem := _never(event):
        return problem
    event_id = id_of(event, mapper)
    if not event_id:
        return _NO_ID
    known = identifiers(event, region)
    if not known:
        return _TOO_LITTLE
    conversion: dict[str, Any] = {
        "conversion_time": _time(event_time(event, now)),
        "event_id": event_id,
        "identifiers": known,
        **_value(event),
    }
    if items := named_items(event):
        conversion["contents"] = contents(items, _CONTENT)
        if (count := count_items(items)) > 0:
            conversion["number_items"] = count
    mapper.apply(event, conversion)
    if problem := amount_problem(conversion.get("value"), "value", "X"):
        return problem
    if (number := to_number(conversion.get("value"))) is not None:
        conversion["value"] = amount_text(number)
    return conversion


def unsendable(event: Event, region: str | None) -> str:
    """Why X can never count `event`; "" if it could. region: as above."""
    return _never(event) or ("" if identifies(event, region) else _TOO_LITTLE)


def _never(event: Event) -> str:
    """Why `event` is never sent, whatever it is mapped to."""
    return refund(event, "X") or refusal(event, "X")


def _time(seconds: float) -> str:
    """ISO 8601 with milliseconds."""
    moment = datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)
    return moment.isoformat(timespec="milliseconds") + "Z"


def _value(event: Event) -> dict[str, str]:
    """X takes an amount without a currency as US dollars, so none is sent then."""
    found = value_and_currency(event)
    value = found.get("value")
    currency = event.get("currency") or found.get("currency")
    if value is None:
        return {}
    if not currency:
        remark("value: left out, since X takes one without a currency as US dollars")
        return {}
    return {"value": amount_text(value), "price_currency": currency}
