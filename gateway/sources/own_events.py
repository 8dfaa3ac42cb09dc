"""Reads events in the gateway's own names, in all forms in which pages and backends send them."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from gateway.event import Event
from gateway.sources.base import MAX_EVENTS, Inbound, Refused, check_count, check_shared
from gateway.sources.description import EVENT, JSON, Operation, Schema
from gateway.sources.description import query_fields as query_parameter
from gateway.sources.form import expand, form_fields, query_fields
from gateway.sources.inner_statements import with_inner_statements
from gateway.sources.multipart import multipart_fields
from gateway.sources.reading import as_messages, decode_body
from gateway.sources.statement_fields import with_fields_expanded
from gateway.sources.statements import statements_in, with_statements
from gateway.sources.submission_tokens import SUBMISSION_TOKEN
from gateway.stages.page_token import PAGE_TOKEN, read_page_token

_JSON_TYPES = frozenset(["", "text/plain", "application/json"])
"""Content types that browsers give JSON; empty for a Blob without a type or an ArrayBuffer."""

_FORM = "application/x-www-form-urlencoded"
_MULTIPART = "multipart/form-data"
_JSON = (b"{", b"[")
_TOKENS = (PAGE_TOKEN, SUBMISSION_TOKEN)
_BLANKS = b" \t\r\n\xef\xbb\xbf"
"""Bytes that may precede JSON, including those of a byte order mark."""


SENT_AT = "sent_at"
"""Key next to `events`: when the request was sent, in any form of `timestamp`."""


_LIST: Schema = {"type": "array", "items": EVENT, "minItems": 1, "maxItems": MAX_EVENTS}
_EVENTS: Schema = {
    "anyOf": [
        EVENT,
        _LIST,
        {
            "type": "object",
            "required": ["events"],
            "properties": {
                "events": _LIST,
                "consent": {"$ref": "#/components/schemas/Consent"},
                PAGE_TOKEN: {
                    "type": "string",
                    "description": "Token of the page, as sent by `/gateway.js`.",
                },
                SUBMISSION_TOKEN: {
                    "type": "string",
                    "description": "Submission token, if the source requires one.",
                },
                SENT_AT: {"description": "When the request was sent, in any form of `timestamp`."},
            },
        },
    ]
}
_FIELDS: Schema = {
    "type": "object",
    "required": ["event_name"],
    "additionalProperties": {"type": "string"},
}

DESCRIPTION = Operation(
    text="One event, an array of events, or an object with `events` and what holds for all of "
    "them. A body that begins like JSON is read as JSON, whatever its content type. A form is one "
    "event; dots in its names lead into objects: `items.0.item_id`. Without a body, the query is "
    "the event. "
    "Values that do not match the schema are converted or ignored where possible.",
    parameters=[query_parameter("The event of a request without a body, with dotted names.")],
    body={JSON: _EVENTS, "text/plain": {"type": "string"}, _FORM: _FIELDS, _MULTIPART: _FIELDS},
)


class RawEvents(NamedTuple):
    """events: not yet checked. page_token: as in `gateway.event.Received`. submission_token, sent:
    as in `Batch`."""

    events: list[Any]
    page_token: str = ""
    submission_token: str = ""
    sent: Sequence[Any] = ()


def raw_events(request: Inbound, trusted: bool = False) -> RawEvents:
    """The events in `request`.

    JSON is one event, an array, or ``{"events": [...]}``. Statements about consent next to `events`
    apply to each event; the tokens and `SENT_AT` are only read there. JSON is recognised by how it
    begins, whatever the content type says (``curl -d '{...}'`` declares a form). A form is one
    event; so is the query string of a request without a body. trusted: as in `Batch`. Raises
    `Refused`.
    """
    if not request.body:
        return _one(expand(query_fields(request.query)))
    content_type = request.headers.get("content-type", "")
    kind = content_type.partition(";")[0].strip().lower()
    if kind in _JSON_TYPES:
        return _listed(request.body, trusted)
    text = request.body.lstrip(_BLANKS)
    if text.startswith(_JSON):
        return _listed(text, trusted)
    if kind == _FORM:
        return _one(expand(form_fields(request.body)))
    if kind == _MULTIPART:
        return _one(expand(multipart_fields(request.body, content_type)))
    raise Refused(
        415,
        "unsupported_media_type",
        "the body is neither JSON nor a form; send one of them, with its content type",
    )


def _one(event: Event) -> RawEvents:
    return RawEvents([with_inner_statements(without_tokens(event))])


def without_tokens(event: Any) -> Any:
    """`event` without tokens, which would otherwise be passed on to destinations."""
    if isinstance(event, dict) and (PAGE_TOKEN in event or SUBMISSION_TOKEN in event):
        return {name: value for name, value in event.items() if name not in _TOKENS}
    return event


def _listed(text: bytes, trusted: bool) -> RawEvents:
    """The events in `text`, which should be JSON."""
    envelope, events = _opened(decode_body(text))
    events = as_messages(events)
    if not isinstance(events, list):
        raise Refused(400, "malformed", "expected an event, an array of events or {events: [...]}")
    if not events:
        raise Refused(400, "malformed", "no events in the request")
    check_count(events)
    events = [_with_all_statements(without_tokens(each)) for each in events]
    if not envelope:
        return RawEvents(events)
    token = read_page_token(envelope.get(PAGE_TOKEN))
    submission_token = envelope.get(SUBMISSION_TOKEN)
    if not isinstance(submission_token, str):
        submission_token = ""
    envelope = _with_all_statements(envelope)
    if stated := statements_in(envelope):
        check_shared(stated, events, trusted)
        events = [
            with_statements(each, stated) if isinstance(each, dict) else each for each in events
        ]
    sent = [envelope[SENT_AT]] if SENT_AT in envelope else []
    return RawEvents(events, token, submission_token, sent)


def _with_all_statements(event: Any) -> Any:
    """`event` with the consent that it states in keys such as ``consent.ad_storage`` and in its
    objects as fields of its own."""
    return with_inner_statements(with_fields_expanded(event)) if isinstance(event, dict) else event


def _opened(value: Any) -> tuple[Event, Any]:
    """The members next to `events`, perhaps none, and the events."""
    if not isinstance(value, dict):
        return {}, value
    if "event_name" in value or "events" not in value:
        return {}, [value]
    return {name: each for name, each in value.items() if name != "events"}, value["events"]
