"""`measurement_protocol`: GA4's protocol for backends.

Source: developers.google.com/analytics/devguides/collection/protocol/ga4/reference
"""

from collections.abc import Mapping
from itertools import islice
from typing import Any, Literal

from pydantic import Field

from gateway.event import Event
from gateway.sources.answers import accepted
from gateway.sources.base import (
    Answer,
    Batch,
    Inbound,
    Refused,
    Source,
    TrustedSourceSettings,
    check_count,
    check_shared,
    read_events,
)
from gateway.sources.description import (
    ACCEPTED,
    JSON,
    NONE_ACCEPTED,
    REPORT,
    SOME_ACCEPTED,
    UNAUTHORIZED,
    AnswerDescription,
    Operation,
    Schema,
)
from gateway.sources.description import query_fields as query_parameter
from gateway.sources.form import query_fields, query_value
from gateway.sources.keys import Key, KeySet
from gateway.sources.measurement_protocol_check import MAX_MESSAGES, Problem, problems_of
from gateway.sources.own_properties import differing, with_own_apart
from gateway.sources.reading import (
    as_messages,
    as_object,
    bearer_key,
    decode_body,
    is_on,
    own_parameters,
    present,
    text_bytes,
)
from gateway.sources.statement_fields import may_have_fields, with_fields_expanded
from gateway.sources.statements import as_values, statements_in, with_statements
from gateway.stages.identity.ga_session import read_session

_SHARED = ("user_id", "ip_override", "user_agent", "user_data", "device")
"""Fields of the body that are fields of every event in it, under the same name."""

_OWN = ("device", "event_location", "language", "screen_resolution", "user_properties")
"""Fields of the body whose names an event may also use for its own parameters."""

_CHECK_PATH = "/debug/mp/collect"
"""The path at which requests are checked and not kept, as at Google's validation server."""

_SECRET = "api_secret"
_PARAMS = {"session_id": "ga_session_id", "session_number": "ga_session_number"}


_EVENT: Schema = {
    "type": "object",
    "required": ["name"],
    "properties": {"name": {"type": "string"}, "params": {"type": "object"}},
}
_BODY: Schema = {
    "type": "object",
    "required": ["events"],
    "properties": {
        "client_id": {"type": "string"},
        "user_id": {"type": "string"},
        "events": {"type": "array", "minItems": 1, "items": _EVENT},
    },
}
_CHECKED: Schema = {
    "type": "object",
    "required": ["validationMessages"],
    "properties": {"validationMessages": {"type": "array", "items": {"type": "object"}}},
}
_STREAM: Schema = {
    "measurement_id": {"type": "string", "description": "Of a web stream."},
    "firebase_app_id": {"type": "string", "description": "Of an app, instead."},
}


class MeasurementProtocolSettings(TrustedSourceSettings):
    type: Literal["measurement_protocol"] = Field(
        description="GA4's Measurement Protocol, from servers."
    )
    api_secrets: dict[str, Key] = Field(
        min_length=1,
        description="Value of `api_secret` for each `measurement_id` or `firebase_app_id`.",
    )


class MeasurementProtocol(Source[MeasurementProtocolSettings]):
    """Requests that show the secret of their stream are trusted.

    The secret may also be shown as `Authorization: Bearer`. Statements about consent in the body
    and in an event both count. Unlike Google, which answers 204 to everything, this source answers
    401 to a wrong secret and reports refused events.
    """

    type = "measurement_protocol"
    paths = ("/mp/collect", _CHECK_PATH)
    Settings = MeasurementProtocolSettings

    def __init__(self, settings: MeasurementProtocolSettings) -> None:
        super().__init__(settings)
        self._secrets = {
            stream: KeySet([secret]) for stream, secret in settings.api_secrets.items()
        }

    def describe(self, method: str) -> Operation:
        return Operation(
            text="Events in the protocol of GA4 for servers. Refused events are reported. At "
            f"`{_CHECK_PATH}` nothing is recorded, and `validationMessages` say what is wrong.",
            documentation="https://developers.google.com/analytics/devguides/collection/protocol/"
            "ga4/reference",
            parameters=[query_parameter("The stream to which `api_secret` belongs.", _STREAM)],
            body={JSON: _BODY},
            answers={
                "200": AnswerDescription(SOME_ACCEPTED.text, {JSON: {"anyOf": [REPORT, _CHECKED]}}),
                "204": ACCEPTED,
                "400": NONE_ACCEPTED,
                "401": UNAUTHORIZED,
            },
            keys={
                _SECRET: {"type": "apiKey", "in": "query", "name": _SECRET},
                "bearer": {"type": "http", "scheme": "bearer"},
            },
            needs_key=True,
        )

    def shows_key(self, request: Inbound) -> bool:
        query = {name: query_value(request.query, name) for name in (*_STREAM, _SECRET)}
        return self._shows_secret(query, request)

    def read(self, request: Inbound) -> Batch:
        query = dict(query_fields(request.query))
        if not self._shows_secret(query, request):
            raise Refused(401, "unauthorized", "unknown stream or wrong api_secret")
        if f"{request.prefix}{request.path}".rstrip("/").endswith(_CHECK_PATH):
            return Batch(trusted=True, backend=True, reply=self._check(request, query))
        return self._read(request, decode_body(request.body), query)

    def _check(self, request: Inbound, query: Mapping[str, str]) -> Answer:
        """The problems of `request`, in the format of Google's validation server."""
        try:
            body = decode_body(request.body)
            batch = self._read(request, body, query)
        except Refused as refused:
            problems = iter([Problem("", refused.message, "VALUE_INVALID")])
        else:
            problems = problems_of(body, batch, "measurement_id" not in query)
        messages = [each.message() for each in islice(problems, MAX_MESSAGES)]
        return Answer.json(200, {"validationMessages": messages})

    def _read(self, request: Inbound, body: Any, query: Mapping[str, str]) -> Batch:
        body = as_object(body)
        events = as_messages(body.get("events"))
        if not isinstance(events, list) or not events:
            raise Refused(400, "malformed", "expected an object with a list of events")
        if may_have_fields(request.body):
            body, events = with_fields_expanded(body), [_expanded(event) for event in events]
        shared = {**_shared(body), "x-ga-measurement_id": _stream(query)}
        envelope = _statements(body)
        check_count(events)
        check_shared({**shared, **envelope}, events, trusted=True)
        return read_events(
            events,
            lambda event: _to_event(event, shared, envelope),
            trusted=True,
            own_properties=True,
        )

    def answer(self, batch: Batch) -> Answer:
        return accepted(batch)

    def _shows_secret(self, query: Mapping[str, str], request: Inbound) -> bool:
        secrets = self._secrets.get(_stream(query), ())
        return text_bytes(query.get(_SECRET)) in secrets or bearer_key(request.headers) in secrets


def _stream(query: Mapping[str, str]) -> str:
    return query.get("measurement_id") or query.get("firebase_app_id") or ""


def _expanded(event: Any) -> Any:
    """`event` with keys such as ``consent.ad_storage`` expanded into objects, in its params too."""
    if not isinstance(event, dict):
        return event
    return {
        **with_fields_expanded(event),
        "params": with_fields_expanded(as_object(event.get("params"))),
    }


def _to_event(event: Any, shared: Event, envelope: Event) -> Event:
    message = as_object(event)
    params = _with_session(own_parameters(present(as_object(message.get("params")))))
    own = {_PARAMS.get(name, name): value for name, value in params.items()}
    translated = {
        **with_own_apart(own, shared, differing(own, shared, _OWN)),
        **_moment(message),
        **present({"event_name": message.get("name")}),
    }
    return with_statements(with_statements(translated, statements_in(message)), envelope)


def _with_session(params: Event) -> Event:
    """`params`, where `session_id` may be a whole `_ga_<stream>` cookie."""
    cookie = params.get("session_id")
    if not isinstance(cookie, str) or cookie[:2] != "GS" or not (session := read_session(cookie)):
        return params
    return {"session_number": session.number, **params, "session_id": session.id}


def _shared(body: Mapping[str, Any]) -> Event:
    """The fields of the body that apply to all of its events."""
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
    }
    return present(fields)


def _moment(message: Mapping[str, Any]) -> Event:
    return present({"timestamp": message.get("timestamp_micros")})


def _statements(body: Mapping[str, Any]) -> Event:
    """The statements about consent in the body, including the older `non_personalized_ads`."""
    stated = statements_in(body)
    if not is_on(body.get("non_personalized_ads")):
        return stated
    consent = [{"ad_personalization": "denied"}, *as_values(stated.get("consent", {}))]
    return {**stated, "consent": consent}


def _user_properties(properties: Any) -> Any:
    """``{name: {"value": ...}}`` as ``{name: ...}``."""
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
