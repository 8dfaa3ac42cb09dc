"""Events in the gateway's own names, in every way that a page or a backend can send them."""

from typing import Any

from gateway.sources.base import Inbound, Refused
from gateway.sources.form import expand, form_fields, query_fields
from gateway.sources.json_body import decode_body
from gateway.sources.multipart import multipart_fields

_JSON_TYPES = frozenset(["", "text/plain", "application/json"])
"""What browsers put on JSON; the empty one is a Blob without a type or an ArrayBuffer."""

_FORM = "application/x-www-form-urlencoded"
"""Also what ``curl -d '{...}'`` puts on JSON, which no form begins like."""


def raw_events(request: Inbound) -> list[Any]:
    """The events in `request`, not yet checked.

    JSON is one event, an array, or ``{"events": [...]}``. A form is one event; so is the query
    string of a request without a body. Raises `Refused`.
    """
    if not request.body:
        return [expand(query_fields(request.query))]
    content_type = request.headers.get("content-type", "")
    kind = content_type.partition(";")[0].strip().lower()
    if kind in _JSON_TYPES or (kind == _FORM and request.body[:1] in (b"{", b"[")):
        return _listed(decode_body(request.body))
    if kind == _FORM:
        return [expand(form_fields(request.body))]
    if kind == "multipart/form-data":
        return [expand(multipart_fields(request.body, content_type))]
    raise Refused(
        415,
        "unsupported_media_type",
        "send JSON (application/json, text/plain or no content type) or a form",
    )


def _listed(value: Any) -> list[Any]:
    if isinstance(value, dict):
        value = value["events"] if "events" in value and "event_name" not in value else [value]
    if not isinstance(value, list):
        raise Refused(400, "malformed", "expected an event, an array of events or {events: [...]}")
    if not value:
        raise Refused(400, "malformed", "no events in the request")
    return value
