"""`jitsu`: Jitsu's API for events, which is Segment's with other paths, headers and answers.

Sources: the npm packages @jitsu/js 1.11 and @jitsu/protocols 1.11; docs.jitsu.com, HTTP API;
github.com/jitsucom/bulker, ingest, for ``s2s``, batches and ``event``
"""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from gateway.event import Event
from gateway.sources.answers import report, status_of
from gateway.sources.base import MAX_EVENTS, Answer, Batch, Inbound, Refused, Source
from gateway.sources.description import (
    JSON,
    NONE_ACCEPTED,
    UNAUTHORIZED,
    AnswerDescription,
    Operation,
    Schema,
)
from gateway.sources.jitsu.message import is_from_backend, to_event
from gateway.sources.keys import Key
from gateway.sources.reading import as_messages, basic_credentials, decode_body
from gateway.sources.segment.calls import read_calls
from gateway.sources.segment.keys import KEYS_IN_HEADERS, shown_keys
from gateway.sources.segment.message import KINDS
from gateway.sources.write_keys import WriteKeyList, WriteKeys, WriteKeySettings

_CALLS = (*KINDS, "event", "batch")
"""With ``event`` and ``batch``, each message states its own type."""

_BACKEND = "/s2s/"
_KEPT = "keep"
_ANSWER: Schema = {
    "type": "object",
    "required": ["ok"],
    "properties": {"ok": {"type": "boolean"}, "destinations": {"type": "array", "maxItems": 0}},
}
"""With the members of a report when events are refused."""


class JitsuSettings(WriteKeySettings):
    type: Literal["jitsu"] = Field(description="Events from Jitsu's SDKs.")
    write_keys: WriteKeyList = Field(
        min_length=1,
        description="Write keys of pages to accept. They are public; Jitsu calls them browser "
        "keys.",
    )
    secret_keys: list[Key] = Field(
        default=[],
        description="Write keys of your own backends, which Jitsu calls server keys. A sender "
        "with one of them is trusted: it may state the visitor's address and user agent "
        "(`context.ip`, `context.userAgent`).",
    )


class Jitsu(Source[JitsuSettings]):
    """Single calls, as Jitsu's SDKs send them, and batches.

    The key may be in the header `X-Write-Key` or `Authorization` (Basic, as user and password); the
    SDKs mask the one in the body. Requests to the paths with ``s2s`` and messages of the SDK in
    Node.js are a backend's. `X-IP-Policy` with any value but ``keep`` leaves the visitor's address
    empty: to keep a part of it, the source would have to know the address.

    Answers ``{"ok": true, "destinations": []}``: the SDK would run `destinations` in the page. If
    events were refused, the answer also names them, with 400 if all were.
    """

    type = "jitsu"
    paths = (
        *(f"/api/s/{call}" for call in _CALLS),
        *(f"/api/s/s2s/{call}" for call in _CALLS),
    )
    from_browsers = True
    cors_headers = ("x-enable-debug", "x-ip-policy", "x-write-key")
    Settings = JitsuSettings

    def __init__(self, settings: JitsuSettings) -> None:
        super().__init__(settings)
        self._keys = WriteKeys(settings)

    def describe(self, method: str) -> Operation:
        return Operation(
            text="A call of Jitsu's API, or a `batch` of them. The write key may also be "
            "`writeKey` in the body.",
            documentation="https://docs.jitsu.com/sending-data/http",
            body={JSON: {"type": "object"}},
            answers={
                "200": AnswerDescription("The accepted messages are durable.", {JSON: _ANSWER}),
                "400": NONE_ACCEPTED,
                "401": UNAUTHORIZED,
            },
            keys=KEYS_IN_HEADERS,
        )

    def shows_key(self, request: Inbound) -> bool:
        return self._keys.are_secret(_shown_keys(request, {}))

    def read(self, request: Inbound) -> Batch:
        body = decode_body(request.body)
        if not isinstance(body, dict):
            raise Refused(400, "malformed", "expected an object")
        shown = _shown_keys(request, body)
        trusted = self._keys.are_secret(shown)
        if not (trusted or self._keys.public_of(shown)):
            raise Refused(401, "unauthorized", "send a valid write key in X-Write-Key")
        call = request.path.rstrip("/").rpartition("/")[2]
        hides_address = request.headers.get("x-ip-policy", _KEPT) != _KEPT

        def translate(message: Any, kind: str, envelope: Mapping[str, Any]) -> Event:
            event = to_event(message, kind, envelope)
            return {**event, "ip_override": ""} if hides_address else event

        return read_calls(request, body, call, trusted, translate, _is_backend(request, body))

    def answer(self, batch: Batch) -> Answer:
        status = status_of(batch, 200)
        content: dict[str, object] = {"ok": status == 200, "destinations": []}
        if batch.refused:
            content |= report(batch)
        return Answer.json(status, content)


def _is_backend(request: Inbound, body: Event) -> bool:
    messages = as_messages(body.get("batch", [body]))
    return _BACKEND in request.path or (
        isinstance(messages, list) and any(map(is_from_backend, messages[:MAX_EVENTS]))
    )


def _shown_keys(request: Inbound, body: Event) -> list[bytes]:
    """Jitsu's keys have two parts, an id and a secret, with a colon between them."""
    return [*shown_keys(request, body), basic_credentials(request.headers)]
