"""Identifiers of the click, the browser, the connection and the device, in TikTok's forms.

Source: business-api.tiktok.com/portal/docs?id=1771101303285761 (user). Its text says that an
``idfa`` is hashed in lower case, but the hash that it shows is of upper case, so ``idfa`` is sent
in clear.
"""

from collections.abc import Callable, Mapping

from destinations.addresses import public_address
from destinations.apps import System, system_of
from destinations.base import Event
from destinations.clicks import browser_id, click_id
from destinations.people import clear_ids
from destinations.remarks import remark

_FORMS: Mapping[str, Callable[[str], str]] = {
    "idfa": str.upper,
    "gaid": str.lower,
    "idfv": str.strip,
    "att_status": str.upper,
}
_BY_SYSTEM: Mapping[System | None, str] = {"ios": "idfa", "android": "gaid"}
"""The advertising id that ``madid`` holds, by the device's system."""

_ATT_STATUS = frozenset({"AUTHORIZED", "DENIED", "NOT_DETERMINED", "RESTRICTED", "NOT_APPLICABLE"})

DEVICE_FIELDS = frozenset([*_FORMS, "madid"])
"""Fields of ``user_data`` that `device_ids` reads."""


def identifiers(event: Event) -> dict[str, str]:
    """The fields of ``user`` for the click, the browser and the connection."""
    found = {
        "ttclid": click_id(event, "ttclid", "TikTok"),
        "ttp": browser_id(event, "ttp"),
        "ip": public_address(event),
        "user_agent": event.get("user_agent", ""),
        "locale": event.get("language", ""),
    }
    return {name: value for name, value in found.items() if value}


def identifies(event: Event) -> bool:
    """Whether `event` has a user id, or a field of `identifiers` that identifies the visitor."""
    found = event.get("user_id") or public_address(event) or browser_id(event, "ttp")
    return bool(found or click_id(event, "ttclid", "TikTok"))


def device_ids(event: Event) -> dict[str, str]:
    """The fields of ``user`` for the device, from the event's ``user_data``."""
    stated = clear_ids(event["user_data"], DEVICE_FIELDS)
    if "madid" in stated:
        name = _BY_SYSTEM.get(system_of(event))
        advertising_id = stated.pop("madid")
        if name:
            stated.setdefault(name, advertising_id)
        else:
            remark(
                "user_data.madid: removed because device.operating_system does not tell its kind"
            )
    found = {name: _FORMS[name](str(value)).strip() for name, value in stated.items()}
    if found.get("att_status", "DENIED") not in _ATT_STATUS:
        remark("user_data.att_status: removed because it is not one of TikTok's")
        del found["att_status"]
    return found
