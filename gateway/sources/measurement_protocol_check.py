"""Validates requests of the Measurement Protocol, with messages in the format of Google's
validation server, so that tools for that server work with the gateway.

Source: developers.google.com/analytics/devguides/collection/protocol/ga4 (validating-events,
reference, limitations).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any, Literal, NamedTuple

from gateway.event.mending import IGNORED
from gateway.sources.base import Batch
from gateway.sources.reading import as_object

MAX_MESSAGES = 100
"""Messages in one answer."""

_GOOGLES_MAX_EVENTS = 25
_GOOGLES_MAX_ITEMS = 200
_NAME = re.compile(r"[A-Za-z0-9_]{1,40}").fullmatch

Code = Literal[
    "VALUE_INVALID",
    "VALUE_REQUIRED",
    "NAME_INVALID",
    "NAME_RESERVED",
    "VALUE_OUT_OF_BOUNDS",
    "EXCEEDED_MAX_ENTITIES",
]


class Problem(NamedTuple):
    """path: of the field, "" for the body. text: contains no value of the request."""

    path: str
    text: str
    code: Code

    def message(self) -> dict[str, str]:
        """As Google's server writes it."""
        return {"fieldPath": self.path, "description": self.text, "validationCode": self.code}


def problems_of(body: Any, batch: Batch, is_app: bool) -> Iterator[Problem]:
    """The parts of `body`, a decoded request, that Google would refuse or drop, and those that the
    gateway refused or set aside when it read `batch` from it. is_app: of an app stream.

    The age of events is not checked.
    """
    fields = as_object(body)
    client = "app_instance_id" if is_app else "client_id"
    if not fields.get(client):
        yield Problem(client, f"{client} is missing", "VALUE_REQUIRED")
    yield from _of_user_properties(as_object(fields.get("user_properties")))
    events = fields.get("events")
    events = events if isinstance(events, list) else []
    if len(events) > _GOOGLES_MAX_EVENTS:
        text = f"Google takes at most {_GOOGLES_MAX_EVENTS} events in a request; this gateway more"
        yield Problem("events", text, "EXCEEDED_MAX_ENTITIES")
    for index, event in enumerate(events):
        yield from _of_event(f"events[{index}]", as_object(event), is_app)
    yield from _of_reading(batch)


def _of_event(path: str, event: Mapping[str, Any], is_app: bool) -> Iterator[Problem]:
    # read here, because no other request of a web process needs the code of destinations
    from destinations.ga4.names import RESERVED_IN_APPS, RESERVED_ON_WEB, problem_of_name
    from destinations.ga4.rules import MAX_PARAMS

    name, params = event.get("name"), as_object(event.get("params"))
    if not isinstance(name, str) or not name:
        return  # the gateway refuses it, which `_of_reading` says
    reserved = RESERVED_IN_APPS if is_app else RESERVED_ON_WEB
    if problem := problem_of_name(name, reserved):
        code: Code = "NAME_RESERVED" if name in reserved else "NAME_INVALID"
        yield Problem(f"{path}.name", problem, code)
    if len(params) > MAX_PARAMS:
        text = f"an event has at most {MAX_PARAMS} parameters"
        yield Problem(f"{path}.params", text, "EXCEEDED_MAX_ENTITIES")
    yield from _of_params(f"{path}.params", params)
    if "value" in params and "currency" not in params:
        text = "currency is missing; a value is not counted without it"
        yield Problem(f"{path}.params.currency", text, "VALUE_REQUIRED")
    if name == "purchase" and not params.get("transaction_id"):
        text = "transaction_id is missing; the purchase would be counted each time it comes"
        yield Problem(f"{path}.params.transaction_id", text, "VALUE_REQUIRED")


def _of_params(path: str, params: Mapping[str, Any]) -> Iterator[Problem]:
    from destinations.ga4.rules import is_param, longest_param

    for name, value in params.items():
        place = _place(path, name)
        if not is_param(name):
            yield Problem(place, "GA4 does not accept a parameter with this name", "NAME_INVALID")
        elif isinstance(value, str) and len(value) > (longest := longest_param(name)):
            text = f"has more than {longest} characters"
            yield Problem(place, text, "VALUE_OUT_OF_BOUNDS")
        elif name == "items":
            if isinstance(value, list) and len(value) > _GOOGLES_MAX_ITEMS:
                text = f"an event has at most {_GOOGLES_MAX_ITEMS} items"
                yield Problem(place, text, "EXCEEDED_MAX_ENTITIES")
        elif isinstance(value, list | dict):
            yield Problem(place, "should be a text or a number", "VALUE_INVALID")


def _of_user_properties(properties: Mapping[str, Any]) -> Iterator[Problem]:
    from destinations.ga4.rules import (
        MAX_USER_PROPERTIES,
        MAX_USER_PROPERTY,
        RESERVED_USER_PROPERTIES,
        is_user_property,
    )

    path = "user_properties"
    if len(properties) > MAX_USER_PROPERTIES:
        text = f"a request has at most {MAX_USER_PROPERTIES} user properties"
        yield Problem(path, text, "EXCEEDED_MAX_ENTITIES")
    for name, boxed in properties.items():
        place, text = _place(path, name), "GA4 does not accept a user property with this name"
        if name in RESERVED_USER_PROPERTIES:
            yield Problem(place, text, "NAME_RESERVED")
        elif not is_user_property(name):
            yield Problem(place, text, "NAME_INVALID")
        elif not isinstance(boxed, dict) or "value" not in boxed:
            yield Problem(place, 'should be {"value": ...}', "VALUE_INVALID")
        elif isinstance(boxed["value"], str) and len(boxed["value"]) > MAX_USER_PROPERTY:
            text = f"has more than {MAX_USER_PROPERTY} characters"
            yield Problem(f"{place}.value", text, "VALUE_OUT_OF_BOUNDS")


def _of_reading(batch: Batch) -> Iterator[Problem]:
    """The events that the gateway refuses, and the fields that it sets aside."""
    for refusal in batch.refused:
        text = f"this gateway refuses the event: {refusal.message}"
        yield Problem(f"events[{refusal.index}]", text, "VALUE_INVALID")
    refused = {each.index for each in batch.refused}
    places = (index for index in count() if index not in refused)
    for index, event in zip(places, batch.events, strict=False):
        for ignored in event.get(IGNORED, ()):
            text = f"this gateway sets {ignored['field']} aside: {ignored['reason']}"
            yield Problem(f"events[{index}]", text, "VALUE_INVALID")


def _place(path: str, name: str) -> str:
    """The path of the field `name`. Names that may contain a person's text are left out."""
    return f"{path}.{name}" if _NAME(name) else path
