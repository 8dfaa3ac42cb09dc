"""`segment`: Segment's tracking API, which RudderStack's SDKs speak too.

Sources: segment.com/docs/connections/sources/catalog/libraries/server/http-api and
segment.com/docs/connections/spec
"""

from typing import Literal

from pydantic import Field

from gateway.sources.answers import report, status_of
from gateway.sources.base import Answer, Batch, Inbound, Refused, Source
from gateway.sources.description import (
    JSON,
    NONE_ACCEPTED,
    UNAUTHORIZED,
    AnswerDescription,
    Operation,
    Schema,
)
from gateway.sources.form import query_fields
from gateway.sources.keys import Key
from gateway.sources.reading import decode_body, text_bytes
from gateway.sources.segment.calls import read_calls
from gateway.sources.segment.keys import KEYS_IN_HEADERS, shown_keys
from gateway.sources.segment.message import KINDS
from gateway.sources.segment.sdk_settings import (
    key_in_path,
    refuse_script,
    sdk_questions,
    settings_answer,
)
from gateway.sources.write_keys import WriteKeyList, WriteKeys, WriteKeySettings

_KIND_BY_LETTER = {kind[0]: kind for kind in KINDS}


_ANSWER: Schema = {
    "type": "object",
    "required": ["success"],
    "properties": {"success": {"type": "boolean"}},
}
"""With the members of a report when events are refused."""

_WRITE_KEYS: Schema = {
    **KEYS_IN_HEADERS,
    "query": {"type": "apiKey", "in": "query", "name": "writeKey"},
}


class SegmentSettings(WriteKeySettings):
    type: Literal["segment"] = Field(description="Events from the SDKs of Segment and RudderStack.")
    write_keys: WriteKeyList = Field(
        min_length=1, description="Write keys to accept. They are public, as in Segment."
    )
    secret_keys: list[Key] = Field(
        default=[],
        description="Secret write keys for your own backends. A sender with one of them is "
        "trusted: it may state the visitor's address and user agent (`context.ip`, "
        "`context.userAgent`). They are not accepted in the query.",
    )


class Segment(Source[SegmentSettings]):
    """Single calls and batches.

    The key may be in the header `Authorization` (Basic, as the user, or Bearer) or `X-Write-Key`,
    in the body, or in the query. Anyone can find a write key in a page, so only a sender with one
    of the `secret_keys` is trusted. A request with a message of a library for backends, or with
    messages that name users but no visitor, is a backend's as a whole.

    Answers ``{"success": true}``, with the refused events if there are any; 400 if all were
    refused. The SDKs for browsers also request their settings.
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
    cors_headers = (
        *("anonymousid", "sentat", "x-retry-count", "x-write-key"),
        *("rsa-recovered", "rsa-retry-attempt", "rsa-retry-reason"),
        *("rsa-since-first-attempt", "rsa-since-last-attempt"),
    )
    """RudderStack's SDK adds those that begin with ``rsa-`` to an event that it sends again, or
    that an earlier page left unsent.

    Source: the npm package @rudderstack/analytics-js 3.34.1 (`getRequestInfo`)
    """
    questions = sdk_questions(_WRITE_KEYS)
    Settings = SegmentSettings

    def __init__(self, settings: SegmentSettings) -> None:
        super().__init__(settings)
        self._keys = WriteKeys(settings)

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
        return self._keys.are_secret(shown_keys(request, {}))

    def read(self, request: Inbound) -> Batch:
        if request.method == "GET":
            return Batch(reply=self._settings_answer(request))
        body = decode_body(request.body)
        if not isinstance(body, dict):
            raise Refused(400, "malformed", "expected an object")
        shown = shown_keys(request, body)
        trusted = self._keys.are_secret(shown)
        if not (trusted or self._public_key(request, shown)):
            raise Refused(401, "unauthorized", "send a valid write key")
        call = request.path.rstrip("/").rpartition("/")[2]
        if call == "m":  # the SDK's metrics about itself
            return Batch()
        return read_calls(request, body, _KIND_BY_LETTER.get(call, call), trusted)

    def answer(self, batch: Batch) -> Answer:
        status = status_of(batch, 200)
        content: dict[str, object] = {"success": status == 200}
        if batch.refused:
            content |= report(batch)
        return Answer.json(status, content)

    def _public_key(self, request: Inbound, shown: list[bytes]) -> bytes:
        """The first of the keys in `shown` and the query that is one of the `write_keys`."""
        if request.query:
            in_query = text_bytes(dict(query_fields(request.query)).get("writeKey"))
            shown = [*shown, in_query]
        return self._keys.public_of(shown)

    def _settings_answer(self, request: Inbound) -> Answer:
        refuse_script(request)
        in_path = text_bytes(key_in_path(request))
        key = self._public_key(request, [in_path] if in_path else shown_keys(request, {}))
        if not key:
            raise Refused(
                401,
                "unauthorized",
                "unknown write key: correct it, or add it to `write_keys` of the source",
            )
        return settings_answer(request, key.decode())
