"""`segment`: Segment's tracking API, which RudderStack's SDKs speak too.

Sources: segment.com/docs/connections/sources/catalog/libraries/server/http-api and
segment.com/docs/connections/spec
"""

import binascii
from base64 import b64decode
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from gateway.event import Event
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
from gateway.sources.description import (
    JSON,
    NONE_ACCEPTED,
    UNAUTHORIZED,
    AnswerDescription,
    Operation,
    Schema,
)
from gateway.sources.form import query_fields
from gateway.sources.keys import Key, KeyDigest, KeySet
from gateway.sources.reading import bearer_key, decode_body, header_bytes, text_bytes
from gateway.sources.segment.message import KINDS, is_from_backend, to_event
from gateway.sources.segment.sdk_settings import (
    key_in_path,
    refuse_script,
    sdk_questions,
    settings_answer,
)

_KIND_BY_LETTER = {kind[0]: kind for kind in KINDS}


_ANSWER: Schema = {
    "type": "object",
    "required": ["success"],
    "properties": {"success": {"type": "boolean"}},
}
"""With the members of a report when events are refused."""

_WRITE_KEYS: Schema = {
    "basic": {"type": "http", "scheme": "basic", "description": "The user name is the write key."},
    "bearer": {"type": "http", "scheme": "bearer"},
    "header": {"type": "apiKey", "in": "header", "name": "X-Write-Key"},
    "query": {"type": "apiKey", "in": "query", "name": "writeKey"},
}


class SegmentSettings(SourceSettings):
    type: Literal["segment"] = Field(description="Events from the SDKs of Segment and RudderStack.")
    write_keys: list[Annotated[str, Field(min_length=1)]] = Field(
        min_length=1, description="Write keys to accept. They are public, as in Segment."
    )
    secret_keys: list[Key] = Field(
        default=[],
        description="Secret write keys for your own backends. A sender with one of them is "
        "trusted: it may state the visitor's address and user agent (`context.ip`, "
        "`context.userAgent`). They are not accepted in the query.",
    )

    @model_validator(mode="after")
    def _secrets_are_not_public(self) -> Self:
        if not set(self.secret_keys).isdisjoint(map(KeyDigest.of, self.write_keys)):
            raise ValueError(
                "secret_keys: a key is also in write_keys, which are public: use another key"
            )
        return self


class Segment(Source[SegmentSettings]):
    """Single calls and batches.

    The key may stand in the header `Authorization` (Basic, as the user, or Bearer) or
    `X-Write-Key`, in the body, or in the query. Anyone who reads the page knows a write key, so
    only a sender with one of the `secret_keys` is trusted. A request with a message of a library
    for backends, or with messages that name users but no visitor, is a backend's as a whole.

    Answers ``{"success": true}``, with the refused events when there are any; 400 when all are.
    The SDKs for browsers also ask for their settings.
    """

    type = "segment"
    paths = (
        *(f"/v1/{kind}" for kind in KINDS),
        *(f"/v1/{kind[0]}" for kind in KINDS),
        "/v1/batch",
        "/v1/b",
        "/v1/import",
        "/v1/m",
        "/beacon/v1/batch",
    )
    from_browsers = True
    body_bytes = 524_288
    """Segment's SDKs send batches of up to 500 KB.

    Source: segment.com/docs/connections/sources/catalog/libraries/server/http-api, "Batch"
    """
    cors_headers = ("anonymousid", "sentat", "x-retry-count", "x-write-key")
    questions = sdk_questions(_WRITE_KEYS)
    Settings = SegmentSettings

    def __init__(self, settings: SegmentSettings) -> None:
        super().__init__(settings)
        self._keys = KeySet(map(KeyDigest.of, settings.write_keys))
        self._secret_keys = KeySet(settings.secret_keys)

    def describe(self, method: str) -> Operation:
        return Operation(
            text="A call of Segment's tracking API, or a `batch` of them. The write key may also "
            "be `writeKey` in the body. Metrics of the SDKs about themselves (`/v1/m`) are "
            "answered and not recorded.",
            documentation="https://segment.com/docs/connections/sources/catalog/libraries/server/"
            "http-api/",
            body={JSON: {"type": "object"}},
            answers={
                "200": AnswerDescription("The accepted messages are durable.", {JSON: _ANSWER}),
                "400": NONE_ACCEPTED,
                "401": UNAUTHORIZED,
            },
            keys=_WRITE_KEYS,
        )

    def shows_key(self, request: Inbound) -> bool:
        return self._are_secret(_shown_keys(request, {}))

    def read(self, request: Inbound) -> Batch:
        if request.method == "GET":
            return Batch(reply=self._settings_answer(request))
        body = decode_body(request.body)
        if not isinstance(body, dict):
            raise Refused(400, "malformed", "expected an object")
        shown = _shown_keys(request, body)
        trusted = self._are_secret(shown)
        if not (trusted or self._public_key(request, shown)):
            raise Refused(401, "unauthorized", "send a valid write key")
        call = request.path.rstrip("/").rpartition("/")[2]
        if call == "m":  # the SDK's measurements of itself
            return Batch()
        kind = _KIND_BY_LETTER.get(call, call)
        messages = body.get("batch", [body])
        if not isinstance(messages, list):
            raise Refused(400, "malformed", "expected a list in batch")
        envelope = body if "batch" in body else {}
        unnamed = [each for each in messages if type(each) is dict and not each.get("anonymousId")]
        batch = read_events(
            messages,
            lambda message: to_event(message, kind, envelope),
            trusted,
            backend=trusted
            or any(is_from_backend(each, envelope) for each in messages)
            or (bool(unnamed) and _is_of_no_browser(request, unnamed)),
            own_properties=True,
        )
        batch.sent = [body["sentAt"]] if "sentAt" in body else _sent_times(messages)
        return batch

    def answer(self, batch: Batch) -> Answer:
        status = status_of(batch, 200)
        content: dict[str, object] = {"success": status == 200}
        if batch.refused:
            content |= report(batch)
        return Answer.json(status, content)

    def _are_secret(self, shown: list[bytes]) -> bool:
        return any(key in self._secret_keys for key in shown)

    def _public_key(self, request: Inbound, shown: list[bytes]) -> bytes:
        """The first of the keys in `shown` and the query that is one of the `write_keys`."""
        if request.query:
            in_query = text_bytes(dict(query_fields(request.query)).get("writeKey"))
            shown = [*shown, in_query]
        return next((key for key in shown if key in self._keys), b"")

    def _settings_answer(self, request: Inbound) -> Answer:
        refuse_script(request)
        in_path = text_bytes(key_in_path(request))
        key = self._public_key(request, [in_path] if in_path else _shown_keys(request, {}))
        if not key:
            raise Refused(
                401,
                "unauthorized",
                "unknown write key: correct it, or add it to `write_keys` of the source",
            )
        return settings_answer(request, key.decode())


def _is_of_no_browser(request: Inbound, unnamed: list[Event]) -> bool:
    """Whether no single browser can have sent messages without a visitor, an ``anonymousId``.

    SDKs for browsers and apps always name one, next to the user or alone, and a page's request
    always has an ``Origin``.
    """
    names = (each.get("userId") for each in unnamed)
    users = {name for name in names if isinstance(name, str | int) and name != ""}
    return len(users) > 1 or (bool(users) and "origin" not in request.headers)


def _sent_times(messages: list[Any]) -> list[Any]:
    """When `messages` were sent by the sender's clock; some may have been stamped before."""
    return [each["sentAt"] for each in messages if isinstance(each, dict) and "sentAt" in each]


def _shown_keys(request: Inbound, body: Event) -> list[bytes]:
    keys = [
        _basic_user(request.headers.get("authorization", "")),
        bearer_key(request.headers),
        header_bytes(request.headers.get("x-write-key", "")),
        text_bytes(body.get("writeKey")),
    ]
    return [key for key in keys if key]


def _basic_user(authorization: str) -> bytes:
    """The user of HTTP Basic authentication, nothing when there is none."""
    scheme, _, credentials = authorization.partition(" ")
    if scheme.lower() != "basic":
        return b""
    try:
        return b64decode(header_bytes(credentials.strip())).partition(b":")[0]
    except binascii.Error:
        return b""
