"""`measurement_protocol`: GA4's protocol for backends.

Source: developers.google.com/analytics/devguides/collection/protocol/ga4/reference
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr

from gateway.event import Event
from gateway.sources.answers import accepted
from gateway.sources.base import (
    Answer,
    Batch,
    Inbound,
    Refused,
    Source,
    SourceSettings,
    read_events,
)
from gateway.sources.form import query_fields
from gateway.sources.json_body import decode_body
from gateway.sources.keys import matches_any, text_bytes
from gateway.sources.translation import as_object, present

_SHARED = ("user_id", "ip_override", "user_agent", "user_data", "device")
"""Fields of the body that are fields of every event in it, under the same name."""

_PARAMS = {"session_id": "ga_session_id", "session_number": "ga_session_number"}


class MeasurementProtocolSettings(SourceSettings):
    type: Literal["measurement_protocol"] = Field(
        description="GA4's Measurement Protocol, from servers."
    )
    api_secrets: dict[str, Annotated[SecretStr, Field(min_length=1)]] = Field(
        min_length=1,
        description="The `api_secret` of each `measurement_id` or `firebase_app_id`.",
    )


class MeasurementProtocol(Source[MeasurementProtocolSettings]):
    """Requests that show the secret of their stream are trusted.

    Unlike Google, which answers 204 whatever it gets, a wrong secret is answered 401 and refused
    events are reported.
    """

    type = "measurement_protocol"
    paths = ("/mp/collect",)
    Settings = MeasurementProtocolSettings

    def __init__(self, settings: MeasurementProtocolSettings) -> None:
        super().__init__(settings)
        self._secrets = {
            stream: secret.get_secret_value().encode()
            for stream, secret in settings.api_secrets.items()
        }

    def read(self, request: Inbound) -> Batch:
        query = dict(query_fields(request.query))
        stream = query.get("measurement_id") or query.get("firebase_app_id") or ""
        given = text_bytes(query.get("api_secret", ""))
        if not matches_any(given, [self._secrets.get(stream, b"")]) or not given:
            raise Refused(401, "unauthorized", "unknown stream or wrong api_secret")
        body = decode_body(request.body)
        events = as_object(body).get("events")
        if not isinstance(events, list) or not events:
            raise Refused(400, "malformed", "expected an object with a list of events")
        shared = {**_shared(body), "x-ga-measurement_id": stream}
        return read_events(events, lambda event: _to_event(event, shared), trusted=True)

    def answer(self, batch: Batch) -> Answer:
        return accepted(batch)


def _to_event(event: Any, shared: Event) -> Event:
    message = as_object(event)
    params = present(as_object(message.get("params")))
    return {
        **{_PARAMS.get(name, name): value for name, value in params.items()},
        **shared,
        **_moment(message),
        **present({"event_name": message.get("name")}),
    }


def _shared(body: Mapping[str, Any]) -> Event:
    """What the body says for all of its events."""
    device = as_object(body.get("device"))
    fields = {
        **{name: body.get(name) for name in _SHARED},
        **_moment(body),
        "client_id": body.get("client_id") or body.get("app_instance_id"),
        "app_instance_id": body.get("app_instance_id"),
        "language": device.get("language"),
        "screen_resolution": device.get("screen_resolution"),
        "user_properties": _user_properties(body.get("user_properties")),
        "event_location": _location(as_object(body.get("user_location"))) or None,
        "consent": _consent(body),
    }
    return present(fields)


def _moment(message: Mapping[str, Any]) -> Event:
    return present({"timestamp": message.get("timestamp_micros")})


def _consent(body: Mapping[str, Any]) -> Any:
    """As the body says; the older `non_personalized_ads` denies where it says nothing."""
    consent = body.get("consent")
    if body.get("non_personalized_ads") is True and isinstance(consent, dict | None):
        return {"ad_personalization": "denied", **(consent or {})}
    return consent


def _user_properties(properties: Any) -> Any:
    """``{name: {"value": ...}}`` without the boxes around the values."""
    if not isinstance(properties, dict):
        return properties
    return {
        name: boxed.get("value") if isinstance(boxed, dict) else boxed
        for name, boxed in properties.items()
    } or None


def _location(location: Mapping[str, Any]) -> Event:
    """``US-CA`` is the region ``CA`` of the country ``US``."""
    region = location.get("region_id")
    return present(
        {
            "city": location.get("city"),
            "country": location.get("country_id"),
            "region": region.rpartition("-")[2] if isinstance(region, str) else region,
        }
    )
