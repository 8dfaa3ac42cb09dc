"""The queue and its retries, without I/O: which events to send next, and when."""

import random
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway_client.answers import Reading, read_answer
from gateway_client.entries import Entry, log, make_entry
from gateway_client.failures import Failure

MAX_BATCH_EVENTS = 100
MAX_BATCH_BYTES = 500_000
"""Half of what the gateway accepts from a backend by default."""

MAX_QUEUED_BYTES = 32_000_000
MAX_PAUSE = 60.0
CLOSING_PAUSE = 1.0
"""Longest pause between two tries while the program waits for its end, unless the gateway asks for
more."""


@dataclass(frozen=True, slots=True)
class Response:
    """headers: names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Settled:
    """What follows from a response: events that failed, and the seconds to wait before the next
    request. is_asked: the gateway asked for that pause."""

    failures: Sequence[Failure] = ()
    pause: float = 0.0
    is_asked: bool = False


class Sender:
    """Events in order, until the gateway has accepted or refused each of them. Not thread-safe.

    max_events: how many may wait.
    """

    def __init__(self, max_events: int) -> None:
        self._max_events = max_events
        self._waiting: deque[Entry] = deque()
        self._bytes = 0
        self._tries = 0
        self._batch_events = MAX_BATCH_EVENTS

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, entry: Entry) -> Failure | None:
        """Queues `entry`, or says why not."""
        size = self._bytes + len(entry.body)
        if len(self._waiting) >= self._max_events or (self._waiting and size > MAX_QUEUED_BYTES):
            reason = f"the queue is full: {len(self._waiting)} events wait for the gateway"
            return Failure(entry, reason, refused=False)
        self._waiting.append(entry)
        self._bytes = size
        return None

    def batch(self) -> list[Entry]:
        """The next events to send. They stay queued until `settle` is called with them."""
        chosen: list[Entry] = []
        size = 0
        for entry in self._waiting:
            size += len(entry.body)
            if chosen and (len(chosen) >= self._batch_events or size > MAX_BATCH_BYTES):
                break
            chosen.append(entry)
        return chosen

    def settle(self, batch: Sequence[Entry], response: Response | str) -> Settled:
        """Removes from the queue what needs no other try. response: the answer to `batch`, or why
        there is none, in words."""
        reading = (
            Reading(again=frozenset(range(len(batch))), problem=response)
            if isinstance(response, str)
            else read_answer(len(batch), response.status, response.headers, response.body)
        )
        for _ in batch:
            self._bytes -= len(self._waiting.popleft().body)
        again = [batch[index] for index in sorted(reading.again)]
        self._waiting.extendleft(reversed(again))
        self._bytes += sum(len(entry.body) for entry in again)
        failures = [
            Failure(batch[index], reason, refused=True) for index, reason in reading.refused.items()
        ]
        return self._next(reading, failures, len(batch))

    def _next(self, reading: Reading, failures: Sequence[Failure], count: int) -> Settled:
        if reading.is_too_much:
            self._batch_events = max(count // 2, 1)
            return Settled(failures)
        if not reading.again or reading.refused:
            self._tries = 0
            self._batch_events = min(self._batch_events * 2, MAX_BATCH_EVENTS)
            return Settled(failures)
        backoff = min(2.0**self._tries, MAX_PAUSE) * random.uniform(0.5, 1)
        self._tries = min(self._tries + 1, 10)
        pause = max(backoff, reading.retry_after)
        message = "%d events wait %.1f s for another try: %s"
        log.warning(message, len(self._waiting), pause, reading.problem)
        return Settled(failures, pause, is_asked=reading.retry_after > 0)

    def give_up(self, reason: str) -> list[Failure]:
        """Empties the queue."""
        failures = [Failure(entry, reason, refused=False) for entry in self._waiting]
        self._waiting.clear()
        self._bytes = 0
        return failures


def fill_sender(events: Iterable[Mapping[str, Any]]) -> tuple[Sender, list[Failure]]:
    """A sender with `events`, and those for which it has no room. Raises `ValueError` for an event
    that JSON cannot express."""
    entries = [make_entry(event) for event in events]
    sender = Sender(max_events=len(entries))
    return sender, [failure for entry in entries if (failure := sender.put(entry))]
