"""Translates an event into one of LinkedIn's conversions. `built_in` has the tables.

Source: learn.microsoft.com/linkedin/marketing/conversions/conversions-api-schema.
"""

from typing import Any

from destinations.amounts import amount_text
from destinations.base import Event
from destinations.casts import to_number
from destinations.conversions import amount_problem, id_of, never_sent, value_in_currency
from destinations.event_values import event_time
from destinations.linkedin.person import user
from destinations.mapping import Mapper
from destinations.remarks import remark

_RULE = "urn:lla:llaPartnerConversion:"
_NAMES = ("firstName", "lastName")
_NO_RULE = "`mapping.events` has no conversion rule for this event"
_NO_CURRENCY = "LinkedIn takes none without a currency"
_TOO_LITTLE = (
    "no usable customer information: LinkedIn needs an e-mail address, li_fat_id, a public IPv4 "
    "address or, with `send_names`, a full name"
)


def translate(event: Event, now: float, mapper: Mapper, send_names: bool) -> dict[str, Any] | str:
    """`event` in LinkedIn's format, or why it cannot be sent. now: Unix seconds."""
    if problem := never_sent(event, "LinkedIn"):
        return problem
    rule = id_of(event, mapper)
    if not rule:
        return _NO_RULE
    conversion: dict[str, Any] = {
        "conversion": _RULE + rule,
        "conversionHappenedAt": int(event_time(event, now) * 1000),
        "user": user(event, send_names),
    }
    if worth := value_in_currency(event, _NO_CURRENCY):
        value, currency = worth
        conversion["conversionValue"] = {"currencyCode": currency, "amount": amount_text(value)}
    mapper.apply(event, conversion)
    _complete_user(conversion)
    if not _is_known(conversion):
        return _TOO_LITTLE
    return _problem_of_value(conversion) or conversion


def unsendable(event: Event, mapper: Mapper, send_names: bool) -> str:
    """Why LinkedIn can never count `event`; "" if it could, or if the mapping decides."""
    if problem := never_sent(event, "LinkedIn"):
        return problem
    if mapper.touches("user") or _is_known({"user": user(event, send_names)}):
        return ""
    return _TOO_LITTLE


def _problem_of_value(conversion: dict[str, Any]) -> str:
    """Converts an amount that a mapping set to a text. Returns why it cannot be sent, or ""."""
    value = conversion.get("conversionValue")
    if value is None:
        return ""
    if not isinstance(value, dict) or not value.get("currencyCode") or "amount" not in value:
        return "conversionValue needs currencyCode and amount; check the mapping"
    if problem := amount_problem(value["amount"], "conversionValue.amount", "LinkedIn"):
        return problem
    conversion["conversionValue"] = {
        **value,
        "amount": amount_text(to_number(value["amount"]) or 0),
    }
    return ""


def _complete_user(conversion: dict[str, Any]) -> None:
    """Removes what a mapping left incomplete in ``user``, because LinkedIn would refuse the
    request for it. Keeps one of its ``externalIds``."""
    person = conversion.get("user")
    if not isinstance(person, dict):
        return
    info = person.get("userInfo")
    if info is not None and not (isinstance(info, dict) and all(map(info.get, _NAMES))):
        remark("user.userInfo: removed, since LinkedIn takes none without firstName and lastName")
        person = {key: value for key, value in person.items() if key != "userInfo"}
    ids = person.get("externalIds")
    if ids is not None:
        person = {**person, "externalIds": ids[:1] if isinstance(ids, list) else [ids]}
    conversion["user"] = person


def _is_known(conversion: dict[str, Any]) -> bool:
    person = conversion.get("user")
    return isinstance(person, dict) and bool(person.get("userIds") or person.get("userInfo"))
