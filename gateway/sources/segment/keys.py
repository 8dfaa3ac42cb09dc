"""Finds the keys in requests of Segment's API and similar ones."""

from gateway.event import Event
from gateway.sources.base import Inbound
from gateway.sources.description import Schema
from gateway.sources.reading import basic_user, bearer_key, header_bytes, text_bytes

KEYS_IN_HEADERS: Schema = {
    "basic": {"type": "http", "scheme": "basic", "description": "The user name is the write key."},
    "bearer": {"type": "http", "scheme": "bearer"},
    "header": {"type": "apiKey", "in": "header", "name": "X-Write-Key"},
}


def shown_keys(request: Inbound, body: Event) -> list[bytes]:
    """The keys in the headers of `request` and in its `body`."""
    keys = [
        basic_user(request.headers),
        bearer_key(request.headers),
        header_bytes(request.headers.get("x-write-key", "")),
        text_bytes(body.get("writeKey")),
    ]
    return [key for key in keys if key]
