"""The part of a Measurement Protocol request that describes the client and the person. Events of
the Data Manager API are made from the same fields.

Source: developers.google.com/analytics/devguides/collection/protocol/ga4/reference.
"""

from typing import Any

from destinations.base import Event
from destinations.ga4.device import device_of
from destinations.ga4.identity import is_anonymous
from destinations.ga4.person import Forms, user_data_of
from destinations.ga4.place import place_of
from destinations.ga4.rules import user_properties
from destinations.refusals import consent_states

_CONSENT_TYPES = ("ad_user_data", "ad_personalization")


def client_of(
    event: Event, client_id: str, is_app: bool, region: str | None, forms: Forms
) -> dict[str, Any]:
    """A request without its events. region: ISO 3166-1 alpha-2 of phone numbers without a country
    code. forms: the forms in which personal data is hashed."""
    client: dict[str, Any] = {"app_instance_id" if is_app else "client_id": client_id}
    if user_id := event.get("user_id"):
        client["user_id"] = user_id
    if properties := user_properties(event.get("user_properties", {})):
        client["user_properties"] = properties
    consent = _consent(event)
    if consent.get("ad_user_data") != "DENIED" and (
        user_data := user_data_of(event, region, forms)
    ):
        client["user_data"] = user_data
    if consent:
        client["consent"] = consent
    return client | place_of(event) | device_of(event, is_app)


def _consent(event: Event) -> dict[str, str]:
    """``consent`` of a request. An anonymous event may not be used for advertising."""
    if is_anonymous(event):
        return dict.fromkeys(_CONSENT_TYPES, "DENIED")
    given = consent_states(event)
    return {name: given[name].upper() for name in _CONSENT_TYPES if name in given}
