"""Bodies: the content of one event, independent of the format of the request."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Literal

from destinations.base import Event
from destinations.mapping import Mapper
from destinations.paths import MISSING
from destinations.webhook.json_template import Source, compile_json_template, compile_path

Body = Literal["message", "event"] | list[str] | dict[str, Any]
"""The body as it is written in the settings: the message that Standard Webhooks suggests, the event
itself, paths of fields, or a template."""

BodyOf = Callable[[Event], dict[str, Any]]

_LATEST_SECONDS = 253_402_300_799
"""The end of the year 9999, the last that ISO 8601 writes with four digits."""


def check_body(body: Body) -> None:
    """Raises `ValueError` for a path or a template that is not valid, and for an empty body."""
    if not body:
        raise ValueError("is empty")
    _compile(body)


def compile_body(body: Body, mapper: Mapper) -> BodyOf:
    """The function that makes the JSON object for an event, with the fields of `mapper`.

    The name that `mapper` gives an event is the ``type`` of a message. Other bodies are made from
    the event under this name.
    """
    body_of = _message_with(mapper) if body == "message" else _named(_compile(body), mapper)
    if not mapper.has_fields:
        return body_of

    def mapped(event: Event) -> dict[str, Any]:
        made = {**body_of(event)}  # may be the event itself
        mapper.apply(event, made)
        return made

    return mapped


def compile_renaming(mapper: Mapper) -> Callable[[Event], Event]:
    """The function that gives an event the name that it has in `mapper`."""
    if not mapper.names:
        return lambda event: event
    return lambda event: {**event, "event_name": mapper.name_of(event)}


def time_of(event: Event) -> datetime | None:
    """When `event` happened. It does not depend on the time of the attempt, so that every attempt
    has the same body."""
    seconds = event.get("timestamp")
    if seconds is None:
        return None
    return datetime.fromtimestamp(min(max(seconds, 0), _LATEST_SECONDS), UTC)


def _message_with(mapper: Mapper) -> BodyOf:
    name_of = mapper.name_of
    return lambda event: {"type": name_of(event), "timestamp": time_of(event), "data": event}


def _named(body_of: BodyOf, mapper: Mapper) -> BodyOf:
    if not mapper.names:
        return body_of
    rename = compile_renaming(mapper)
    return lambda event: body_of(rename(event))


def _compile(body: Body) -> BodyOf:
    """The function for a body other than ``message``."""
    if isinstance(body, str):
        return lambda event: event
    return _chosen(body) if isinstance(body, list) else compile_json_template(body)


def _chosen(paths: list[str]) -> Source:
    sources = {path: compile_path(path) for path in paths}

    def choose(event: Event) -> Any:
        values = ((path, source(event)) for path, source in sources.items())
        return {path: value for path, value in values if value is not MISSING}

    return choose
