"""`events`: our own JSON, from backends that hold a key."""

from dataclasses import replace
from typing import Literal

from pydantic import Field

from gateway.sources.answers import report, status_of
from gateway.sources.base import (
    Answer,
    Batch,
    Inbound,
    Refused,
    Source,
    TrustedSourceSettings,
    read_events,
)
from gateway.sources.description import (
    JSON,
    NONE_ACCEPTED,
    REPORT,
    UNAUTHORIZED,
    AnswerDescription,
    Operation,
    Schema,
)
from gateway.sources.keys import Key, KeySet
from gateway.sources.own_events import DESCRIPTION, raw_events
from gateway.sources.reading import bearer_key


class EventsSettings(TrustedSourceSettings):
    type: Literal["events"] = Field(description="Events in the gateway's own JSON, from servers.")
    keys: list[Key] = Field(
        min_length=1,
        description="Keys of the senders, of which each request shows one as `Authorization: "
        "Bearer <key>`. List several to replace a key without interruption.",
    )


_IDS: Schema = {"type": "array", "items": {"type": ["string", "null"]}}
_ACCEPTED: Schema = {
    "allOf": [
        REPORT,
        {"type": "object", "required": ["event_ids"], "properties": {"event_ids": _IDS}},
    ]
}


class Events(Source[EventsSettings]):
    """Requests of trusted senders, which may state the visitor's address.

    Answers with the ids of the accepted events and a report of the refused ones; 400 if all were
    refused.
    """

    type = "events"
    paths = ("/events",)
    Settings = EventsSettings

    def __init__(self, settings: EventsSettings) -> None:
        super().__init__(settings)
        self._keys = KeySet(settings.keys)

    def describe(self, method: str) -> Operation:
        accepted = AnswerDescription(
            "The accepted events are durable; `event_ids` lists their ids.", {JSON: _ACCEPTED}
        )
        return replace(
            DESCRIPTION,
            answers={"200": accepted, "400": NONE_ACCEPTED, "401": UNAUTHORIZED},
            keys={"key": {"type": "http", "scheme": "bearer"}},
            needs_key=True,
        )

    def shows_key(self, request: Inbound) -> bool:
        return bearer_key(request.headers) in self._keys

    def read(self, request: Inbound) -> Batch:
        if not self.shows_key(request):
            raise Refused(401, "unauthorized", "send a valid key as Authorization: Bearer <key>")
        return read_events(raw_events(request, trusted=True).events, trusted=True)

    def answer(self, batch: Batch) -> Answer:
        event_ids = [event.get("event_id") for event in batch.events]
        return Answer.json(status_of(batch, 200), {**report(batch), "event_ids": event_ids})
