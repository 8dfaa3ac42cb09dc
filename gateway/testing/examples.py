"""Examples of destinations: files that are documentation and tests at once.

A destination keeps them in the folder ``examples`` next to its class, one YAML file each::

    title: A purchase with an e-mail address
    settings: {type: carrier, account: "12345", token: TOKEN}
    events: [{event_name: purchase, value: 94.9, currency: EUR}]
    requests: [{method: POST, url: ..., headers: {...}, body: {...}, events: [0]}]
    answers:
      - title: The token is no longer valid
        status: 401
        body: {error: expired}
        outcomes: [{result: retry, scope: configuration, reason: ...}]

    polls:
      - title: The event was a duplicate
        status: 200
        body: {results: [duplicate]}
        outcomes: [{result: delivered}]

``events`` are as a sender states them, and happen a minute before `NOW` unless they say otherwise.
An event that cannot be sent is in ``requests`` as ``{event: 0, unsendable: its reason}``. Each of
the ``answers`` is an answer to the first request. Each of the ``polls`` is an answer to the
question what became of its events, for a vendor that gives its verdict later; an outcome without a
verdict is null.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
from pydantic import BaseModel, ConfigDict
from ruamel.yaml import YAML

from destinations.base import Destination, Outcome, Request, Response, Unsendable
from gateway.event import Event, read_event
from gateway.testing.events import NOW

_FOLDER = "examples"
_HAPPENED = NOW - 60


class AnswerExample(BaseModel):
    """outcomes: one for each event of the request, without fields that have their default; None
    without a verdict. ticket: the one asked about, for a vendor to which it matters."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str
    status: int
    headers: dict[str, str] = {}
    body: Any = None
    ticket: str = ""
    outcomes: list[dict[str, Any] | None]

    @property
    def response(self) -> Response:
        return Response(self.status, self.headers, _bytes(self.body))


class Example(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str
    settings: dict[str, Any]
    events: list[dict[str, Any]]
    requests: list[dict[str, Any]]
    answers: list[AnswerExample] = []
    polls: list[AnswerExample] = []

    def destination(self, kind: type[Destination[Any]]) -> Destination[Any]:
        return kind(kind.Settings.model_validate(self.settings))

    def read_events(self) -> list[Event]:
        return [read_event({"timestamp": _HAPPENED, **event}) for event in self.events]


def example_files(kind: type[Destination[Any]]) -> list[Path]:
    """The files with the examples of `kind`, by name."""
    return sorted(Path(inspect.getfile(kind)).with_name(_FOLDER).glob("*.yaml"))


def load_example(file: Path) -> Example:
    """The example in `file`. Raises pydantic's ``ValidationError`` for another shape."""
    return Example.model_validate(YAML(typ="safe", pure=True).load(file.read_text("utf-8")))


def check_example(kind: type[Destination[Any]], example: Example) -> None:
    """Asserts that `kind` makes the requests of `example` and reads its answers as it says."""
    destination = example.destination(kind)
    made = list(destination.requests(example.read_events(), NOW))
    assert requests_shown(made) == example.requests
    for answers, shown in ((example.answers, outcomes_shown), (example.polls, verdicts_shown)):
        for answer in answers:
            (request, *_) = (each for each in made if isinstance(each, Request))
            assert shown(destination, request, answer) == answer.outcomes, answer.title


def requests_shown(made: Sequence[Request | Unsendable]) -> list[dict[str, Any]]:
    """`made` as ``requests`` of an example."""
    return list(map(_shown, made))


def outcomes_shown(
    destination: Destination[Any], request: Request, answer: AnswerExample
) -> list[dict[str, Any] | None]:
    """What `answer` to `request` means, as ``outcomes`` of an example."""
    outcomes = destination.outcomes(request, answer.response)
    return [dict(_without_defaults(outcome)) for outcome in outcomes]


def verdicts_shown(
    destination: Destination[Any], request: Request, answer: AnswerExample
) -> list[dict[str, Any] | None]:
    """What `answer` to the question about `request` means, as ``outcomes`` of an example."""
    verdicts = destination.verdicts(answer.ticket, len(request.events), answer.response)
    return [None if each is None else dict(_without_defaults(each)) for each in verdicts]


def _shown(made: Request | Unsendable) -> dict[str, Any]:
    if isinstance(made, Unsendable):
        return {"event": made.event, "unsendable": made.reason}
    shown: dict[str, Any] = {"method": made.method, "url": made.url, "headers": dict(made.headers)}
    if made.credential:
        shown["credential"] = made.credential
    if made.body:
        shown["body"] = _value(made.headers, made.body)
    return shown | {"events": list(made.events)}


def _value(headers: Mapping[str, str], body: bytes) -> Any:
    is_json = headers.get("content-type", "").startswith("application/json")
    return orjson.loads(body) if is_json else body.decode()


def _bytes(body: Any) -> bytes:
    if body is None:
        return b""
    return body.encode() if isinstance(body, str) else orjson.dumps(body)


def _without_defaults(outcome: Outcome) -> Iterator[tuple[str, Any]]:
    usual = Outcome(outcome.result)
    for name in Outcome.__dataclass_fields__:
        value = getattr(outcome, name)
        if name == "result" or value != getattr(usual, name):
            yield name, list(value) if isinstance(value, tuple) else value
