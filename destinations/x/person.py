"""The ``identifiers`` of one of X's conversions.

Sources: docs.x.com/x-ads-api/measurement (web-conversions, gtm-server-side).
"""

from typing import Any

from destinations import normalise
from destinations.addresses import public_address
from destinations.base import Event
from destinations.clicks import click_id
from destinations.hashed_forms import Needs, PersonalData

_emails = normalise.hashing("email_address", normalise.email)


def personal_data(region: str | None) -> PersonalData:
    """The parts of ``user_data`` that are read. region: ISO 3166-1 alpha-2 of phone numbers without
    a country code, if the event names no country."""
    return PersonalData(
        person=Needs([_emails]), phone=normalise.phone_hashing(normalise.phone, region)
    )


def identifiers(event: Event, region: str | None) -> list[dict[str, str]]:
    """The identifiers of `event`; none if X could not recognise a person by them. region: as for
    `personal_data`.

    An address or a user agent counts only together with another identifier.
    """
    found: list[dict[str, str]] = []
    if click := click_id(event, "twclid", "X"):
        found.append({"twclid": click})
    if person := event.get("user_data"):
        found += [{"hashed_email": digest} for digest in _emails([person])]
        numbers = normalise.phone_numbers(event, normalise.phone, region)
        found += [{"hashed_phone_number": digest} for digest in numbers]
    connection = _connection(event)
    if len(connection) == 2:
        return [*found, connection]
    if found:
        found[0] |= connection
    return found


def identifies(event: Event, region: str | None) -> bool:
    """Whether `event` has one of `identifiers`. Checks the cheapest first, because a sender may be
    waiting."""
    if click_id(event, "twclid", "X") or len(_connection(event)) == 2:
        return True
    person = event.get("user_data")
    return bool(
        person and (_emails([person]) or normalise.phone_numbers(event, normalise.phone, region))
    )


def _connection(event: Event) -> dict[str, Any]:
    """The address and the user agent. X documents only IPv4 addresses."""
    address, agent = public_address(event), event.get("user_agent", "").strip()
    stated = {"ip_address": "" if ":" in address else address, "user_agent": agent}
    return {key: value for key, value in stated.items() if value}
