"""`umami`: Umami's tracker and its API for servers.

Sources: docs.umami.is/docs/api/sending-stats; github.com/umami-software/umami, src/app/api/send and
src/app/api/batch, for answers and batches.
"""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from gateway.sources import answers
from gateway.sources.base import (
    Answer,
    Batch,
    Inbound,
    Refused,
    Source,
    SourceSettings,
    check_count,
    read_events,
)
from gateway.sources.bearer import is_trusted
from gateway.sources.description import (
    JSON,
    UNAUTHORIZED,
    AnswerDescription,
    Operation,
    Schema,
)
from gateway.sources.keys import Key, KeySet
from gateway.sources.reading import bearer_key, decode_body
from gateway.sources.umami.event import TYPES, speaks_for_a_visitor, to_event

_SENT = Answer.json(200, {"cache": "", "sessionId": "", "visitId": ""})
"""The tracker repeats `cache` in the header ``x-umami-cache`` of its next message."""

_MESSAGE: Schema = {
    "type": "object",
    "required": ["payload"],
    "properties": {
        "type": {"enum": list(TYPES)},
        "payload": {
            "type": "object",
            "required": ["website"],
            "properties": {"website": {"type": "string"}},
        },
    },
}
_BODY: Schema = {"anyOf": [_MESSAGE, {"type": "array", "minItems": 1, "items": _MESSAGE}]}


class UmamiSettings(SourceSettings):
    type: Literal["umami"] = Field(description="Messages of Umami's tracker and its SDKs.")
    website_ids: list[Annotated[str, AfterValidator(str.lower)]] = Field(
        default=[],
        description="Ids of the websites to accept, as in `data-website-id` of the tracker. "
        "Messages of other websites are refused. Without this setting, messages of any website "
        "are accepted.",
    )
    keys: list[Key] = Field(
        default=[],
        description="Keys for your own backends, shown as `Authorization: Bearer <key>`. A sender "
        "with one of them is trusted: it may state the visitor's address and user agent (`ip`, "
        "`userAgent`). Requests with any other bearer key are answered 401.",
    )


@dataclass(slots=True)
class _Messages(Batch):
    """count: the number of messages in a list; None for a single message."""

    count: int | None = None


class Umami(Source[UmamiSettings]):
    """One message in each request, or a list of them.

    A request without ``Origin`` does not come from a page, so it is a backend's. So is one with a
    message that states the visitor's address or agent. Answers as Umami does, but with empty
    session ids: the gateway has no sessions.
    """

    type = "umami"
    paths = ("/api/send", "/api/batch")
    from_browsers = True
    cors_headers = ("x-umami-cache", "x-umami-hostname", "x-umami-website-id")
    Settings = UmamiSettings

    def __init__(self, settings: UmamiSettings) -> None:
        super().__init__(settings)
        self._keys = KeySet(settings.keys)
        self._website_ids = frozenset(settings.website_ids)

    def describe(self, method: str) -> Operation:
        content: dict[str, Schema] = {JSON: {"type": "object"}}
        return Operation(
            text="A message of Umami's tracker, or a list of them.",
            documentation="https://docs.umami.is/docs/api/sending-stats",
            body={JSON: _BODY},
            answers={
                "200": AnswerDescription("The accepted messages are durable.", content),
                "400": AnswerDescription("Every message was refused.", content),
                "401": UNAUTHORIZED,
            },
            keys={"key": {"type": "http", "scheme": "bearer"}},
        )

    def shows_key(self, request: Inbound) -> bool:
        return bearer_key(request.headers) in self._keys

    def read(self, request: Inbound) -> Batch:
        body = decode_body(request.body)
        messages = body if isinstance(body, list) else [body]
        check_count(messages)
        if not any(isinstance(each, dict) for each in messages):
            raise Refused(400, "malformed", "expected a message with a payload, or a list of them")
        trusted = is_trusted(request, self._keys)
        backend = "origin" not in request.headers or any(map(speaks_for_a_visitor, messages))
        batch = read_events(
            messages,
            lambda message: to_event(message, self._website_ids),
            trusted,
            backend=trusted or backend,
            own_properties=True,
        )
        count = len(messages) if isinstance(body, list) else None
        return _Messages(
            batch.events,
            batch.refused,
            batch.trusted,
            batch.backend,
            size=batch.size,
            count=count,
        )

    def answer(self, batch: Batch) -> Answer:
        if isinstance(batch, _Messages) and batch.count is not None:
            return Answer.json(answers.status_of(batch, 200), _processed(batch, batch.count))
        if batch.refused:
            return answers.accepted(batch)
        return _SENT


def _processed(batch: Batch, count: int) -> dict[str, Any]:
    details = [
        {"index": each.index, "response": {"message": each.message}} for each in batch.refused
    ]
    return {
        "size": count,
        "processed": count - len(details),
        "errors": len(details),
        "details": details,
    }
