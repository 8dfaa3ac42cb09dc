"""`snowplow`: Snowplow's tracker protocol.

Source: docs.snowplow.io, snowplow tracker protocol
"""

from dataclasses import dataclass, replace
from typing import Any, Literal

from pydantic import Field

from gateway.event import Event
from gateway.sources import answers
from gateway.sources.base import (
    Answer,
    Batch,
    Inbound,
    Refused,
    Source,
    SourceSettings,
    check_count,
    check_shared,
    read_events,
)
from gateway.sources.description import (
    IMAGE,
    JSON,
    NONE_ACCEPTED,
    REPORT,
    AnswerDescription,
    Operation,
    Schema,
)
from gateway.sources.description import query_fields as query_parameter
from gateway.sources.form import query_fields
from gateway.sources.keys import Key, KeySet
from gateway.sources.reading import (
    as_messages,
    as_object,
    basic_user,
    bearer_key,
    decode_body,
)
from gateway.sources.snowplow.event import statements_of, to_event
from gateway.sources.snowplow.orders import items_of_orders, order_of, statements_of_items
from gateway.sources.statements import last_or_all, with_statements


class SnowplowSettings(SourceSettings):
    type: Literal["snowplow"] = Field(description="Payloads of Snowplow's trackers.")
    secret_keys: list[Key] = Field(
        default=[],
        description="Secret keys for trackers on your own servers, which show one as "
        "`Authorization: Bearer <key>` or as the user of HTTP Basic authentication. A sender with "
        "one of them is trusted: it may state the visitor's address and user agent (`ip`, `ua`).",
    )


_DOCUMENTATION = "https://docs.snowplow.io/docs/events/going-deeper/http-requests/"
_BODY: Schema = {
    "type": "object",
    "required": ["data"],
    "properties": {
        "schema": {"type": "string"},
        "data": {"type": "array", "minItems": 1, "items": {"type": "object"}},
    },
}
_ANONYMOUS: Schema = {
    "name": "SP-Anonymous",
    "in": "header",
    "description": "Any value: the visitor is not recognised.",
    "schema": {"type": "string"},
}
_KEYS: Schema = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "basic": {"type": "http", "scheme": "basic", "description": "The user name is the key."},
}


@dataclass(slots=True)
class _PixelBatch(Batch):
    """An event in the query of an image, which is answered with a GIF."""


class Snowplow(Source[SnowplowSettings]):
    """Events of browsers and, with the platform ``srv`` or a secret key, of servers.

    Anyone may send; only a sender with one of the `secret_keys` is trusted.
    A transaction gets its items from the same request; if several have the same id, the first gets
    them. Items without their transaction are events of their own.
    The header ``SP-Anonymous`` asks that the visitor is not recognised. Answers ``ok`` to a POST,
    a GIF to a GET, and 400 if every event was refused.
    """

    type = "snowplow"
    methods = ("GET", "POST")
    paths = ("/com.snowplowanalytics.snowplow/tp2", "/i")
    from_browsers = True
    cors_headers = ("sp-anonymous",)
    Settings = SnowplowSettings

    def __init__(self, settings: SnowplowSettings) -> None:
        super().__init__(settings)
        self._keys = KeySet(settings.secret_keys)

    def describe(self, method: str) -> Operation:
        keys = _KEYS if self.settings.secret_keys else {}
        if method == "GET":
            return Operation(
                text="One payload of Snowplow's tracker protocol, in the query.",
                documentation=_DOCUMENTATION,
                parameters=[_ANONYMOUS, query_parameter("The payload, such as `e=pv`.")],
                answers={
                    "200": AnswerDescription("The event is durable.", IMAGE),
                    "400": AnswerDescription("The event could not be read.", IMAGE),
                },
                keys=keys,
            )
        accepted = AnswerDescription(
            "The accepted events are durable: `ok`, or a report if others were refused.",
            {"text/plain": {"type": "string"}, JSON: REPORT},
        )
        return Operation(
            text="Payloads of Snowplow's tracker protocol.",
            documentation=_DOCUMENTATION,
            parameters=[_ANONYMOUS],
            body={JSON: _BODY},
            answers={"200": accepted, "400": NONE_ACCEPTED},
            keys=keys,
        )

    def shows_key(self, request: Inbound) -> bool:
        shown = (bearer_key(request.headers), basic_user(request.headers))
        return any(key and key in self._keys for key in shown)

    def read(self, request: Inbound) -> Batch:
        anonymous = "sp-anonymous" in request.headers
        trusted = self.shows_key(request)
        if request.method == "GET":
            payload = last_or_all(query_fields(request.query))
            batch = _read([payload], {}, trusted, anonymous)
            return _PixelBatch(
                batch.events,
                batch.refused,
                batch.trusted,
                batch.backend,
                batch.anonymous,
                sent=batch.sent,
            )
        body = as_object(decode_body(request.body))
        payloads = as_messages(body.get("data"))
        if not isinstance(payloads, list) or not payloads:
            raise Refused(400, "malformed", "expected payload_data with a list in data")
        return _read(payloads, statements_of(body), trusted, anonymous)

    def answer(self, batch: Batch) -> Answer:
        if isinstance(batch, _PixelBatch):
            return answers.pixel(batch)
        if batch.refused:
            return answers.accepted(batch)
        return Answer(200, b"ok", {"content-type": "text/plain; charset=utf-8"})


def _read(payloads: list[Any], envelope: Event, trusted: bool, anonymous: bool) -> Batch:
    check_count(payloads)
    check_shared(envelope, payloads, trusted)
    items = items_of_orders(payloads)
    places = [
        place
        for place, payload in enumerate(payloads)
        if not items or order_of(payload, "ti") not in items
    ]
    items_left, stated = {**items}, statements_of_items(items)

    def translate(payload: Any) -> Event:
        order = order_of(payload, "tr")
        event = to_event(payload, items_left.pop(order, ()))
        return with_statements(event, with_statements(stated.get(order, {}), envelope))

    batch = read_events(
        [payloads[place] for place in places],
        translate,
        trusted,
        backend=trusted or any(as_object(payload).get("p") == "srv" for payload in payloads),
        anonymous=anonymous,
        own_properties=True,
    )
    batch.refused = [replace(each, index=places[each.index]) for each in batch.refused]
    batch.places = places
    batch.sent = _sent_times(payloads)
    return batch


def _sent_times(payloads: list[Any]) -> list[Any]:
    """The times at which the request was sent by the tracker's clock; none if a payload has a
    ``ttm``, a time that is known to be true."""
    objects = [payload for payload in payloads if isinstance(payload, dict)]
    if any("ttm" in payload for payload in objects):
        return []
    return [payload["stm"] for payload in objects if "stm" in payload]
