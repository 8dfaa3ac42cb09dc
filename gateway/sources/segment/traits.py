"""Reads the traits of Segment's messages: personal data, and properties of the user.

Source: segment.com/docs/connections/spec/identify (traits)
"""

from collections.abc import Iterable, Mapping
from typing import Any

from gateway.event import Event
from gateway.sources.reading import as_object, present
from gateway.stages.consent.categories import is_agreed

_TRAITS = ("email", "phone", "birthday", "gender", "name", "zip")
_NAME_TRAITS = ("firstName", "first_name", "lastName", "last_name")
_ADDRESS = ("street", "city", "state", "postalCode", "postal_code", "zip", "country")
PERSON_TRAITS = frozenset(
    (
        "address",
        "age",
        "avatar",
        "birthday",
        "company",
        "createdAt",
        "description",
        "email",
        "firstName",
        "first_name",
        "gender",
        "id",
        "lastName",
        "last_name",
        "name",
        "phone",
        "title",
        "username",
        "website",
        "zip",
    )
)
"""Segment's reserved traits; every other one is a user property."""

_NO_ID = "0-"
"""The characters of the id that systems report if the person has limited tracking."""


def person_fields(traits: Mapping[str, Any], device: Mapping[str, Any]) -> Event:
    """`user_data` and `user_properties` of the person in `traits`. device: from the context; its
    advertising id is left out if the person has limited tracking."""
    user_data = user_data_of(traits)
    if advertising_id := _advertising_id(device):
        user_data["madid"] = advertising_id
    own = {name: each for name, each in traits.items() if name not in PERSON_TRAITS}
    found = {"user_data": user_data, "user_properties": present(own)}
    return {name: fields for name, fields in found.items() if fields}


def user_data_of(traits: Mapping[str, Any]) -> Event:
    """The person in `traits`, in Segment's names, which `read_event` knows."""
    user_data = _stated(traits, (*_TRAITS, *_NAME_TRAITS))
    if address := _stated(as_object(traits.get("address")), _ADDRESS):
        user_data["address"] = address
    return user_data


def _advertising_id(device: Mapping[str, Any]) -> str:
    stated, allowed = device.get("advertisingId"), device.get("adTrackingEnabled")
    if not isinstance(stated, str) or not (allowed is None or is_agreed(allowed)):
        return ""
    return stated if stated.strip(_NO_ID) else ""


def _stated(source: Mapping[str, Any], names: Iterable[str]) -> Event:
    """The values of `source` under `names`; `read_event` checks whether they fit."""
    return present({name: source[name] for name in names if name in source})
