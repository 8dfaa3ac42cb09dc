"""Descriptions of the sources' protocols for the gateway's OpenAPI document.

Source: spec.openapis.org/oas/v3.1.1
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from gateway.event.schema import EventFields

Schema = Mapping[str, Any]
"""A JSON Schema, or another object of an OpenAPI document."""

_SCHEMAS = "#/components/schemas/"

EVENT: Schema = {"$ref": f"{_SCHEMAS}Event"}
"""An event in the gateway's own names."""

REFUSAL: Schema = {"$ref": f"{_SCHEMAS}Refusal"}
"""The answer to a request that is refused as a whole."""

REPORT: Schema = {"$ref": f"{_SCHEMAS}Report"}
"""How many events of a request were accepted, and which were refused and why."""

ANYTHING: Schema = {}

JSON = "application/json"


@dataclass(frozen=True, slots=True)
class AnswerDescription:
    """An answer. content: the schema of its body by media type; empty if it has no body. reasons:
    the possible values of `reason` in a refusal, with their meanings. headers: Header Objects by
    name."""

    text: str
    content: Mapping[str, Schema] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, Schema] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Operation:
    """A source's description of one of its methods.

    text: in Markdown. documentation: the URL of the protocol's own documentation, or "".
    parameters: Parameter Objects. body: the schema of the request's body by media type; empty if
    the body is not read. answers: by status, or by a range such as ``2XX``; the answers that the
    gateway gives for any source are added to them. keys: Security Scheme Objects by name, of which
    a sender shows one. needs_key: whether a request without a key is refused.
    """

    text: str = ""
    documentation: str = ""
    parameters: Sequence[Schema] = ()
    body: Mapping[str, Schema] = field(default_factory=dict)
    answers: Mapping[str, AnswerDescription] = field(default_factory=dict)
    keys: Mapping[str, Schema] = field(default_factory=dict)
    needs_key: bool = False


ACCEPTED = AnswerDescription("Every event is durable.")

SOME_ACCEPTED = AnswerDescription(
    "The accepted events are durable; `refused` lists the others.", {JSON: REPORT}
)

NONE_ACCEPTED = AnswerDescription("Every event of the request was refused.", {JSON: REPORT})

UNAUTHORIZED = AnswerDescription(
    "The key is missing or wrong.", {JSON: REFUSAL}, {"unauthorized": "Send a valid key."}
)

_ANY_BODY: Schema = {JSON: ANYTHING, "*/*": ANYTHING}

RETRY_AFTER: Schema = {
    "Retry-After": {
        "description": "Seconds after which to retry.",
        "schema": {"type": "integer", "minimum": 1},
    }
}
"""The header with the time after which a refused request may be repeated."""

IMAGE: Schema = {"image/gif": ANYTHING}
"""A body that is a GIF."""


def query_fields(text: str, properties: Schema | None = None) -> Schema:
    """A parameter for a query string with fields of any name. properties: schemas of some."""
    return {
        "name": "fields",
        "in": "query",
        "style": "form",
        "explode": True,
        "description": text,
        "schema": {
            "type": "object",
            "properties": properties or {},
            "additionalProperties": {"type": "string"},
        },
    }


def required_parameter(name: str, text: str, example: str) -> Schema:
    """A parameter of the query string without which a request is refused."""
    return {
        "name": name,
        "in": "query",
        "required": True,
        "description": text,
        "schema": {"type": "string"},
        "example": example,
    }


def any_operation(method: str) -> Operation:
    """The description of a source that has none: any query, any body, any answer."""
    refused = AnswerDescription("Refused.", _ANY_BODY)
    answers = {"2XX": AnswerDescription("Accepted.", _ANY_BODY), "400": refused, "4XX": refused}
    if method in ("GET", "HEAD"):
        return Operation(
            parameters=[query_fields("Body in the format of the protocol.")], answers=answers
        )
    return Operation(body={"*/*": ANYTHING}, answers=answers)


@cache
def component_schemas() -> Mapping[str, Schema]:
    """The schemas to which the constants of this module refer, by name."""
    event = TypeAdapter(EventFields).json_schema(ref_template=f"{_SCHEMAS}{{model}}")
    return {**event.pop("$defs"), "Event": event, "Refusal": _REFUSAL, "Report": _REPORT}


_INDEX = {
    "type": "integer",
    "minimum": 0,
    "description": "Position among the events of the request.",
}
_NAMES = {"type": "array", "items": {"type": "string"}}

_REFUSAL: Schema = {
    "type": "object",
    "required": ["error", "reason"],
    "properties": {
        "error": {"type": "string", "description": "What happened and what to do, in words."},
        "reason": {"type": "string", "description": "A short code, for programs."},
        "events": {
            "type": "array",
            "description": "Events that were not accepted for all of their destinations, if other "
            "events of the request were.",
            "items": {
                "type": "object",
                "required": ["index", "taken", "full"],
                "properties": {
                    "index": _INDEX,
                    "taken": {**_NAMES, "description": "Destinations that accepted the event."},
                    "full": {**_NAMES, "description": "Destinations that have reached a limit."},
                },
            },
        },
    },
}

_REPORT: Schema = {
    "type": "object",
    "required": ["accepted", "refused"],
    "properties": {
        "accepted": {"type": "integer", "minimum": 0, "description": "Events that are durable."},
        "refused": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["index", "reason"],
                "properties": {
                    "index": _INDEX,
                    "reason": {"type": "string", "description": "Why the event is refused."},
                },
            },
        },
    },
}
