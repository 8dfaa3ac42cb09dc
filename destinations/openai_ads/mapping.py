"""Translates an event into one of OpenAI's. `built_in` has the tables.

Sources: developers.openai.com/ads/conversions-api and /ads/supported-events.
"""

import re
from collections.abc import Mapping
from typing import Any, get_args

from destinations.addresses import is_connected
from destinations.amounts import currency_code
from destinations.apps import Place, place_of
from destinations.base import Event
from destinations.casts import to_whole_number
from destinations.clicks import click_id
from destinations.contents import is_refund, value_and_currency
from destinations.event_values import event_time
from destinations.mapping import Mapper
from destinations.openai_ads.built_in import CUSTOM, DATA_TYPES, OF_APPS, ORDER
from destinations.openai_ads.contents import products, worth
from destinations.openai_ads.person import identifies, user
from destinations.openai_ads.settings import ActionSource, OpenAIAdsSettings
from destinations.page_urls import with_urls
from destinations.paths import object_at
from destinations.refusals import restriction
from destinations.remarks import remark

_STATED: Mapping[str, ActionSource] = {source: source for source in get_args(ActionSource)}
_OF_PLACES: Mapping[Place | None, ActionSource] = {
    "website": "web",
    "app": "mobile_app",
    "store": "physical_store",
    "other": "other",
}
_MAX_NAME = 64
_no_name = re.compile(r"[^A-Za-z0-9_-]+")
_is_click = re.compile(r"[!-~]{1,1024}").fullmatch
"""Printable ASCII. OpenAI calls the value opaque, and wants it unchanged."""

_is_url = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#\s][^\s]*").fullmatch

_NEGATIVE = "value is negative: OpenAI does not support refunds"
_REFUND = "OpenAI does not support refunds; to send them, give `refund` a name in `mapping.events`"
_NO_ID = "event_id is missing: OpenAI requires it"
_NO_NAME = (
    "event_name has no letter or digit of ASCII, which OpenAI requires; give the event a name in "
    "`mapping.events`"
)
_NO_AMOUNT = (
    "data.amount is not a whole number of the smallest unit of data.currency, such as cents; "
    "correct the mapping"
)
_TOO_LITTLE = (
    "no usable customer information: OpenAI needs oppref, obref, an e-mail address, a phone "
    "number, user_id, client_id, the advertising id of an Android device, or a public IP address "
    "and a user agent"
)


def translate(
    event: Event, now: float, mapper: Mapper, settings: OpenAIAdsSettings
) -> dict[str, Any] | str:
    """`event` in OpenAI's format, or why it cannot be sent. now: Unix seconds."""
    stated = value_and_currency(event)
    if problem := _refusal(event, stated.get("value", 0), mapper):
        return problem
    kind = _type(event, mapper)
    if not kind:
        return _NO_NAME
    translated: dict[str, Any] = {
        **kind,
        "timestamp_ms": round(event_time(event, now) * 1000),
        "action_source": _action_source(event, kind["type"], settings.action_source),
        "user": user(event, settings.phone_region),
        "data": _data(event, kind["type"], stated),
    }
    if clicked := click_id(event, "oppref", "OpenAI", _is_click):
        translated["oppref"] = clicked
    mapper.apply(with_urls(event), translated)
    if restriction(event):
        translated["opt_out"] = True
    _correct_source(translated)
    problem = _problem_of(translated)
    _make_amount_whole(translated)
    return problem or translated


def unsendable(event: Event, mapper: Mapper, region: str | None) -> str:
    """Why OpenAI can never use `event`; "" if it could, or if a field that the mapping sets
    decides. region: as for `person.user`."""
    if problem := _refusal(event, event.get("value", 0), mapper):
        return problem
    if event.get("user_id") or is_connected(event) or mapper.touches("user"):
        return ""
    clicked = click_id(event, "oppref", "OpenAI", _is_click)
    if clicked or mapper.touches("oppref"):
        return ""
    return "" if identifies({"user": user(event, region)}) else _TOO_LITTLE


def _refusal(event: Event, value: float, mapper: Mapper) -> str:
    """Why `event`, a refund or a purchase with a negative `value`, is not sent; "" for others."""
    if is_refund(event, mapper):
        return _REFUND
    is_sent = value < 0 and not mapper.touches("data.amount")
    return _NEGATIVE if is_sent and _type(event, mapper).get("type") == ORDER else ""


def _type(event: Event, mapper: Mapper) -> dict[str, str]:
    """The ``type``, and the name of a custom event; empty if no valid name can be made of it."""
    stated = mapper.name_of(event)
    if stated in DATA_TYPES:
        return {"type": stated}
    own: str = event["event_name"] if stated == CUSTOM else stated
    name = _no_name.sub("_", own).strip("_-")[:_MAX_NAME].rstrip("_-").lower()
    if name in DATA_TYPES:
        return {"type": name}
    if name != own.lower():
        remark("event_name: changed to letters, digits, _ and -, up to 64 characters")
    return {"type": CUSTOM, "custom_event_name": name} if name else {}


def _action_source(event: Event, kind: str, default: ActionSource) -> ActionSource:
    if kind in OF_APPS:
        return "mobile_app"
    stated = event.get("action_source")
    named = _STATED.get(stated.strip().lower()) if isinstance(stated, str) else None
    return named or _OF_PLACES.get(place_of(event), default)


def _data(event: Event, kind: str, stated: Mapping[str, Any]) -> dict[str, Any]:
    """stated: `value_and_currency` of the event."""
    form = DATA_TYPES.get(kind, CUSTOM)
    currency: str = event.get("currency", "")
    data = {"type": form, **worth(stated, currency)}
    if form != "customer_action" and "items" in event:
        code = currency_code(currency or stated.get("currency"))
        if contents := products(event, code):
            data["contents"] = contents
    return data


def _correct_source(translated: dict[str, Any]) -> None:
    """Removes a URL without a host, and ``web`` without a URL, because OpenAI refuses both."""
    url = translated.get("source_url")
    if url is not None and not (isinstance(url, str) and _is_url(url)):
        remark("source_url: removed because it is not a URL with a host")
        del translated["source_url"]
    if translated["action_source"] == "web" and "source_url" not in translated:
        remark("action_source: other, since OpenAI takes no event of the web without page_location")
        translated["action_source"] = "other"


def _make_amount_whole(translated: dict[str, Any]) -> None:
    """Converts an amount that a mapping set to an integer, which OpenAI requires."""
    data = object_at(translated, "data")
    if "amount" in data and type(data["amount"]) is not int:
        translated["data"] = {**data, "amount": to_whole_number(data["amount"])}


def _problem_of(translated: Mapping[str, Any]) -> str:
    """Why OpenAI would refuse an event; "" if it would not."""
    if not translated.get("id"):
        return _NO_ID
    data = translated.get("data")
    if not isinstance(data, dict):
        return "data is not an object; correct the mapping"
    if "amount" in data:
        amount = to_whole_number(data["amount"])
        if amount is None or not currency_code(data.get("currency")):
            return _NO_AMOUNT
        if amount < 0:
            return _NEGATIVE
    return "" if identifies(translated) else _TOO_LITTLE
