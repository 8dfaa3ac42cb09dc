"""Formats: how events become the bodies of requests."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from destinations.base import Event, Unsendable
from destinations.json_values import NOT_JSON, to_json
from destinations.mapping import Mapper
from destinations.webhook import cloudevents
from destinations.webhook.batches import JSON_ARRAY, NDJSON, Encode, Layout, compile_batches
from destinations.webhook.bodies import BodyOf, compile_body, compile_renaming
from destinations.webhook.headers import compile_headers
from destinations.webhook.message import Message, Messages, message_id
from destinations.webhook.settings import WebhookSettings

_JSON = "application/json"

_Single = Callable[[Event, int], Message | None]
"""From an event and its position to its message; None if it cannot be represented in JSON."""

_NO_HEADERS: Mapping[str, str] = {}


class Format(NamedTuple):
    """content_type: the ``Content-Type`` of every request."""

    content_type: str
    messages: Messages


def compile_format(settings: WebhookSettings, mapper: Mapper) -> Format:
    """The format that `settings` choose."""
    body_of = compile_body(settings.body_in_force, mapper)
    match settings.format:
        case "json_array":
            return Format(_JSON, _batches(_encode(body_of), JSON_ARRAY, settings))
        case "ndjson":
            return Format("application/x-ndjson", _batches(_encode(body_of), NDJSON, settings))
        case "cloudevents_batch":
            encode = _encode_whole(_split(body_of, settings, mapper))
            return Format(cloudevents.BATCH, _batches(encode, JSON_ARRAY, settings))
        case "cloudevents":
            single = _structured(_split(body_of, settings, mapper))
            return Format(cloudevents.STRUCTURED, _singles(single, settings))
        case "cloudevents_binary":
            return Format(_JSON, _singles(_binary(_split(body_of, settings, mapper)), settings))
        case _:
            return Format(_JSON, _singles(_plain(body_of), settings))


def _singles(single: _Single, settings: WebhookSettings) -> Messages:
    """One event a request."""
    make = _with_headers(single, settings.header_templates)

    def messages(events: Sequence[Event]) -> Iterator[Message | Unsendable]:
        for position, event in enumerate(events):
            yield make(event, position) or Unsendable(position, NOT_JSON)

    return messages


def _with_headers(single: _Single, templates: Mapping[str, str]) -> _Single:
    if not templates:
        return single
    headers_of = compile_headers(templates)

    def with_headers(event: Event, position: int) -> Message | None:
        message = single(event, position)
        return message and message._replace(headers={**message.headers, **headers_of(event)})

    return with_headers


def _batches(encode: Encode, layout: Layout, settings: WebhookSettings) -> Messages:
    batch = settings.batch
    return compile_batches(encode, layout, batch.max_events, batch.max_bytes)


def _plain(body_of: BodyOf) -> _Single:
    def single(event: Event, position: int) -> Message | None:
        body = to_json(body_of(event))
        if body is None:
            return None
        return Message(message_id(event, body), body, (position,), _NO_HEADERS)

    return single


def _structured(split: cloudevents.Split) -> _Single:
    def single(event: Event, position: int) -> Message | None:
        parts = split(event)
        if parts is None:
            return None
        body = cloudevents.structured(*parts)
        return Message(parts[0]["id"], body, (position,), _NO_HEADERS)

    return single


def _binary(split: cloudevents.Split) -> _Single:
    def single(event: Event, position: int) -> Message | None:
        parts = split(event)
        if parts is None:
            return None
        attributes, data = parts
        headers = cloudevents.binary_headers(attributes)
        return Message(attributes["id"], data, (position,), headers)

    return single


def _encode(body_of: BodyOf) -> Encode:
    return lambda event: to_json(body_of(event))


def _encode_whole(split: cloudevents.Split) -> Encode:
    def encode(event: Event) -> bytes | None:
        parts = split(event)
        return parts and cloudevents.structured(*parts)

    return encode


def _split(body_of: BodyOf, settings: WebhookSettings, mapper: Mapper) -> cloudevents.Split:
    chosen = settings.cloudevents
    rename = compile_renaming(mapper)
    return cloudevents.compile_split(chosen.source or "", chosen.type, rename, body_of)
