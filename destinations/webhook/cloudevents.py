"""CloudEvents 1.0: the attributes of an event, and their place in a request.

Sources: github.com/cloudevents/spec (cloudevents/spec.md, bindings/http-protocol-binding.md,
formats/json-format.md).
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from destinations.base import Event
from destinations.json_values import to_json
from destinations.template import compile_template
from destinations.webhook.bodies import BodyOf, time_of
from destinations.webhook.headers import percent_encoded
from destinations.webhook.message import message_id

STRUCTURED = "application/cloudevents+json; charset=UTF-8"
BATCH = "application/cloudevents-batch+json; charset=UTF-8"
DATA = "application/json"

Attributes = dict[str, str]
Split = Callable[[Event], tuple[Attributes, bytes] | None]
"""From an event to its attributes and its data in JSON; None if it cannot be represented."""

_not_allowed = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
"""Characters that an attribute must not have (spec.md, Type System)."""


def compile_split(
    source: str, type_template: str, rename: Callable[[Event], Event], data_of: BodyOf
) -> Split:
    """source: the ``source`` of all events. type_template: a text with fields of the event after
    `rename`. data_of: from an event to its data."""
    type_of = compile_template(type_template)

    def split(event: Event) -> tuple[Attributes, bytes] | None:
        data = to_json(data_of(event))
        if data is None:
            return None
        named = rename(event)
        attributes = {
            "specversion": "1.0",
            "id": message_id(event, data),
            "source": source,
            "type": _not_allowed.sub("\ufffd", type_of(named) or named["event_name"]),
        }
        time = time_of(event)
        if time is not None:
            attributes["time"] = time.isoformat().replace("+00:00", "Z")
        return attributes, data

    return split


def structured(attributes: Attributes, data: bytes) -> bytes:
    """Attributes and data in one JSON object."""
    whole: dict[str, Any] = {**attributes, "datacontenttype": DATA, "data": orjson.Fragment(data)}
    return orjson.dumps(whole)


def binary_headers(attributes: Attributes) -> Mapping[str, str]:
    """The headers with the attributes, for a body that is only the data."""
    return {f"ce-{name}": percent_encoded(value) for name, value in attributes.items()}
