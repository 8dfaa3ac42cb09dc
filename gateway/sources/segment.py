"""`segment`: Segment's tracking API, which RudderStack's SDKs speak too.

Sources: segment.com/docs/connections/sources/catalog/libraries/server/http-api and
segment.com/docs/connections/spec
"""

import binascii
from base64 import b64decode
from typing import Annotated, Literal

from pydantic import Field

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
from gateway.sources.form import query_fields
from gateway.sources.json_body import decode_body
from gateway.sources.keys import header_bytes, matches_any, text_bytes
from gateway.sources.segment_message import KINDS, to_event
from gateway.sources.translation import as_object

_KIND_BY_LETTER = {kind[0]: kind for kind in KINDS}


class SegmentSettings(SourceSettings):
    type: Literal["segment"] = Field(description="Segment's and RudderStack's SDKs.")
    write_keys: list[Annotated[str, Field(min_length=1)]] = Field(
        min_length=1, description="Write keys that are accepted; they are public, as at Segment."
    )


class Segment(Source[SegmentSettings]):
    """Single calls and batches.

    The key may stand in the header `Authorization` (Basic, as the user) or `X-Write-Key`, in the
    body, or in the query. Times are taken as the client gives them: to correct its clock by
    ``sentAt`` needs the time of receipt, which a source does not know. Whoever reads the page
    knows the key, so ``context.ip`` is not believed, and an event from a backend has no address.

    Answers ``{"success": true}``, with the refused events when there are any; 400 when all are.
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
    Settings = SegmentSettings

    def __init__(self, settings: SegmentSettings) -> None:
        super().__init__(settings)
        self._keys = [key.encode() for key in settings.write_keys]

    def read(self, request: Inbound) -> Batch:
        body = decode_body(request.body)
        if not isinstance(body, dict):
            raise Refused(400, "malformed", "expected an object")
        if not self._is_authorized(request, body):
            raise Refused(401, "unauthorized", "send a valid write key")
        call = request.path.rpartition("/")[2]
        if call == "m":  # the SDK's measurements of itself
            return Batch()
        kind = _KIND_BY_LETTER.get(call, call)
        messages = body.get("batch", [body])
        if not isinstance(messages, list):
            raise Refused(400, "malformed", "expected a list in batch")
        shared = as_object(body.get("context")) if "batch" in body else {}
        return read_events(messages, lambda message: to_event(message, kind, shared))

    def answer(self, batch: Batch) -> Answer:
        status = status_of(batch, 200)
        content: dict[str, object] = {"success": status == 200}
        if batch.refused:
            content |= report(batch)
        return Answer.json(status, content)

    def _is_authorized(self, request: Inbound, body: Event) -> bool:
        given = [
            _basic_user(request.headers.get("authorization", "")),
            header_bytes(request.headers.get("x-write-key", "")),
            text_bytes(body.get("writeKey")),
        ]
        if request.query:
            given.append(text_bytes(dict(query_fields(request.query)).get("writeKey")))
        return any(matches_any(key, self._keys) for key in given)


def _basic_user(authorization: str) -> bytes:
    """The user of HTTP Basic authentication, nothing when there is none."""
    scheme, _, credentials = authorization.partition(" ")
    if scheme.lower() != "basic":
        return b""
    try:
        return b64decode(header_bytes(credentials.strip())).partition(b":")[0]
    except binascii.Error:
        return b""
