"""The ``userData`` of one of Microsoft's events, with hashed e-mail addresses and phone numbers.

Source: learn.microsoft.com/advertising/guides/uet-conversion-api-integration.
"""

import re
from collections.abc import Mapping
from typing import Any

from destinations import normalise
from destinations.addresses import public_address
from destinations.apps import ADVERTISING_IDS, SYSTEMS, advertising_id
from destinations.base import Event
from destinations.clicks import click_id
from destinations.hashed_forms import Needs, PersonalData
from destinations.mapping import Hasher
from destinations.people import single_hashers_below
from destinations.remarks import remark

IDENTITIES = frozenset({"anonymousId", "externalId", "em", "ph", "msclkid", "idfa", "gaid"})
"""Fields of ``userData`` of which an event needs at least one."""

_is_visitor = re.compile(r"[0-9a-f]{8}(-?)[0-9a-f]{4}(?:\1[0-9a-f]{4}){2}\1[0-9a-f]{12}").fullmatch


def email_without_dots_and_tag(text: str) -> str:
    """Trimmed and lower case; before the ``@`` without dots and without ``+`` and what follows it:
    Microsoft, for all domains."""
    name, at, domain = normalise.email(text).rpartition("@")
    name = name.partition("+")[0].replace(".", "")
    return name + at + domain if name else ""


_emails = normalise.hashing("email_address", email_without_dots_and_tag)


def hashers(region: str | None) -> dict[str, Hasher]:
    """The functions that hash values which a mapping sets in fields that hold one hash. region: ISO
    3166-1 alpha-2 of phone numbers without a country code."""
    normalisers = {"em": (email_without_dots_and_tag,), "ph": (normalise.phone(region),)}
    return single_hashers_below("userData", normalisers)


def personal_data(region: str | None) -> PersonalData:
    """The parts of an event's ``user_data`` that are read. region: as for `hashers`."""
    person = Needs([_emails], frozenset(ADVERTISING_IDS))
    return PersonalData(person, phone=normalise.phone_hashing(normalise.phone, region))


def user_data(event: Event, region: str | None) -> dict[str, str]:
    """The ``userData`` of `event`. region: as for `hashers`, unless the event names a country."""
    found = {
        "anonymousId": _visitor(event),
        "externalId": _external_id(event),
        **_hashes(event, region),
        "msclkid": click_id(event, "msclkid", "Microsoft"),
        "idfa": advertising_id(event, "ios"),
        "gaid": advertising_id(event, "android"),
        "clientIpAddress": public_address(event),
        "clientUserAgent": event.get("user_agent", ""),
    }
    return {key: value for key, value in found.items() if value}


def identifies(event: Event, region: str | None) -> bool:
    """Whether `event` has one of `IDENTITIES`. Checks the cheapest first, because a sender may be
    waiting."""
    if click_id(event, "msclkid", "Microsoft") or _visitor(event):
        return True
    if _external_id(event) or any(advertising_id(event, system) for system in SYSTEMS):
        return True
    person = event.get("user_data")
    return bool(
        person and (_emails([person]) or normalise.phone_numbers(event, normalise.phone, region))
    )


def is_known(person: Mapping[str, Any]) -> bool:
    """Whether Microsoft accepts an event with this ``userData``."""
    return not IDENTITIES.isdisjoint(person)


def _visitor(event: Event) -> str:
    """Microsoft's id of the browser, a UUID; "" for anything else."""
    stated = event.get("_uetvid")
    if isinstance(stated, str) and _is_visitor(stated.lower()):
        return stated
    if stated:
        remark("_uetvid: removed because it is not a UUID")
    return ""


def _hashes(event: Event, region: str | None) -> dict[str, str]:
    person = event.get("user_data")
    if not person:
        return {}
    found = {
        "em": _emails([person]),
        "ph": normalise.phone_numbers(event, normalise.phone, region),
    }
    return {key: digests[0] for key, digests in found.items() if digests}


def _external_id(event: Event) -> str:
    """The user's id, unless it may be an e-mail address, because it is sent in clear."""
    user_id: str = event.get("user_id", "")
    if "@" in user_id:
        remark("user_id: left out, since it may be an e-mail address, and is not hashed here")
        return ""
    return user_id
