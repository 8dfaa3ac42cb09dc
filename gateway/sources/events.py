"""`events`: our own JSON, from backends that hold a key."""

from typing import Annotated, Literal

from pydantic import Field, SecretStr

from gateway.sources.answers import report, status_of
from gateway.sources.base import (
    Answer,
    Batch,
    Inbound,
    Refused,
    Source,
    SourceSettings,
    read_events,
)
from gateway.sources.keys import header_bytes, matches_any
from gateway.sources.own_events import raw_events


class EventsSettings(SourceSettings):
    type: Literal["events"] = Field(description="Events in the gateway's own JSON, from servers.")
    keys: list[Annotated[SecretStr, Field(min_length=1)]] = Field(
        min_length=1,
        description="Keys of which each request shows one, as `Authorization: Bearer <key>`. "
        "Several make it possible to change a key without a gap.",
    )


class Events(Source[EventsSettings]):
    """Requests of trusted senders: they may say the visitor's address.

    Answers the ids of the accepted events and which were refused, with 400 when all were.
    """

    type = "events"
    paths = ("/events",)
    Settings = EventsSettings

    def __init__(self, settings: EventsSettings) -> None:
        super().__init__(settings)
        self._keys = [key.get_secret_value().encode() for key in settings.keys]

    def read(self, request: Inbound) -> Batch:
        authorization = header_bytes(request.headers.get("authorization", ""))
        scheme, _, key = authorization.strip().partition(b" ")
        if not matches_any(key.strip(), self._keys) or scheme.lower() != b"bearer":
            raise Refused(401, "unauthorized", "send a valid key as Authorization: Bearer <key>")
        return read_events(raw_events(request), trusted=True)

    def answer(self, batch: Batch) -> Answer:
        event_ids = [event.get("event_id") for event in batch.events]
        return Answer.json(status_of(batch, 200), {**report(batch), "event_ids": event_ids})
