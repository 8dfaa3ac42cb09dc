"""Compares what two configurations decide about an event and send, with the code of production.
Nothing is stored or sent."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from destinations.masking import Masker
from gateway.configuration.settings import Settings
from gateway.console.configured.shown import Line, diff
from gateway.event import Event, EventError, Received
from gateway.event.diff import Change, changes
from gateway.event.text import masked
from gateway.explain.explain import as_received, explain_decision, requests_in_words
from gateway.explain.refused_words import request_in_words
from gateway.explain.requests import UnreadableRequest, read_requests
from gateway.pipeline.compile import compile_pipeline
from gateway.web.rehearsal import Rehearsal

MAX_EVENTS = 20

Came = tuple[Event, Received]


class Unreadable(Exception):
    """What was pasted is neither an event nor requests; the text says why."""


@dataclass(frozen=True, slots=True)
class Pasted:
    """came: the events, and how each came in. secrets: what must not be shown of the requests.
    notes: what became of the requests that have no event, and what was left out, in sentences."""

    came: Sequence[Came]
    secrets: Sequence[str] = ()
    notes: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class OfDestination:
    """now, trial: ``{"decision", "reason", "trace"}``. sent: the requests with both, line by line.
    same: whether nothing differs."""

    name: str
    now: dict[str, Any]
    trial: dict[str, Any]
    sent: Sequence[Line]
    same: bool


@dataclass(frozen=True, slots=True)
class Compared:
    """event: as it leaves with the configuration in force. changes: what the trial makes
    different."""

    event: Event
    changes: Sequence[Change]
    destinations: Sequence[OfDestination]

    @property
    def differ(self) -> int:
        """At how many destinations something differs."""
        return sum(not each.same for each in self.destinations)


async def read_pasted(settings: Settings, text: str) -> Pasted:
    """An event in JSON, or recorded requests as `gateway explain --request` reads them, as they
    come in with `settings`. Raises `Unreadable`."""
    try:
        decoded = orjson.loads(text)
    except orjson.JSONDecodeError:
        decoded = None
    if isinstance(decoded, dict) and _is_event(decoded):
        try:
            return Pasted([as_received(decoded, time.time())])
        except EventError as error:
            raise Unreadable(f"the event cannot be read: {error}") from None
    try:
        requests = read_requests(text.encode())
    except UnreadableRequest as error:
        raise Unreadable(str(error).replace("the file", "the text")) from None
    rehearse = Rehearsal(settings)
    came: list[Came] = []
    secrets, notes = list[str](), list[str]()
    for recorded in requests:
        rehearsed = await rehearse(recorded)
        secrets += rehearsed.secrets
        events = [event for event, _ in rehearsed.decided]
        came += zip(events, rehearsed.received, strict=True)
        if not events and rehearsed.described.reason:
            described = rehearsed.described
            words = f"{request_in_words(described)}: {described.reason}: {described.message}"
            notes.append(Masker(rehearsed.secrets).text(words))
    if not came:
        raise Unreadable("; ".join(["there is no event in the requests", *notes[:5]]))
    if len(came) > MAX_EVENTS:
        notes.append(f"Only the first {MAX_EVENTS} of {len(came)} events are shown.")
    return Pasted(came[:MAX_EVENTS], secrets, notes)


def _is_event(decoded: dict[str, Any]) -> bool:
    """Whether `decoded` is an event, not a recorded request or a HAR file. Events may have fields
    named like theirs."""
    return "event_name" in decoded or not decoded.keys() & {"log", "method"}


def compare(now: Settings, trial: Settings, pasted: Pasted) -> list[Compared]:
    """Takes milliseconds for each event: for a thread."""
    decide, decide_trial = compile_pipeline(now), compile_pipeline(trial)
    mask = Masker(pasted.secrets).text
    compared = []
    for event, received in pasted.came:
        decision = decide(event, received)
        first = masked(explain_decision(now, event, decision), mask)
        made = decision.event.get("event_id")
        if made and not event.get("event_id"):  # otherwise the trial makes another one
            event = {**event, "event_id": made}
        second = masked(explain_decision(trial, event, decide_trial(event, received)), mask)
        compared.append(
            Compared(
                first["event"],
                changes(first["event"], second["event"]),
                [
                    _of_destination(name, each, second["destinations"][name])
                    for name, each in first["destinations"].items()
                ],
            )
        )
    return compared


def _of_destination(name: str, now: dict[str, Any], trial: dict[str, Any]) -> OfDestination:
    texts = ["\n".join(requests_in_words(each["requests"])) for each in (now, trial)]
    same_words = all(now[key] == trial[key] for key in ("decision", "reason"))
    return OfDestination(
        name,
        _without_requests(now),
        _without_requests(trial),
        diff(*texts),
        same_words and texts[0] == texts[1],
    )


def _without_requests(explained: dict[str, Any]) -> dict[str, Any]:
    return {key: explained[key] for key in ("decision", "reason", "trace")}
