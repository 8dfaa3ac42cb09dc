"""Books: what became of one destination's events, counted, and written down in Redis."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import orjson
from redis.asyncio import Redis

from destinations.base import Destination, Outcome
from gateway.delivery.memory import write_note
from gateway.delivery.send import Attempt, response_record
from gateway.queue.entry import Entry, encode_dead_letter
from gateway.queue.keys import DestinationKeys
from gateway.queue.read import Reader
from gateway.queue.settle import Ending, Settler
from gateway.queue.tally import DELIVERY, Tally


class Books:
    """The books of one drain. Its methods that write raise what Redis raised."""

    def __init__(
        self, redis: Redis, name: str, destination: Destination[Any], reader: Reader
    ) -> None:
        self._redis, self._destination, self._reader = redis, destination, reader
        self._error_key = DestinationKeys.of(name).error
        self._tally = Tally()
        self._settler = Settler(redis, name, self._tally)
        self._last_failure: dict[str, Any] | None = None

    def count(self, attempt: Attempt) -> None:
        """Counts an attempt, whether it is the last one for its entries or not."""
        results = {outcome.result for outcome in attempt.outcomes}
        self._tally.add(f"attempts:{results.pop() if len(results) == 1 else 'partial'}")
        failed = [outcome for outcome in attempt.outcomes if outcome.result != "delivered"]
        if failed:
            reason = self._destination.mask(failed[-1].reason)
            self._last_failure = {"at": attempt.sent_at, "reason": reason}

    async def settle(self, attempts: Sequence[Attempt]) -> None:
        """Ends the entries of `attempts` that have ended, hands back what the vendor throttled,
        and leaves pending what failed."""
        endings: list[Ending] = []
        throttled: list[Entry] = []
        now = time.time()
        for attempt in attempts:
            for entry, outcome in zip(attempt.entries, attempt.outcomes, strict=True):
                if outcome.result == "delivered":
                    DELIVERY.observe(self._tally, max(0.0, now - entry.received_at))
                    endings.append(Ending(entry.id, "delivered"))
                elif outcome.result != "retry":
                    endings.append(self._dead(entry, outcome, attempt))
                elif outcome.scope == "configuration" or is_throttled(outcome):
                    throttled.append(entry)
        if endings:
            await self._settler.settle(endings)
        if throttled:
            await self._reader.hand_back(throttled)

    async def withhold(self, entries: Sequence[Entry]) -> None:
        """Ends `entries`, whose visitors have said no meanwhile."""
        await self._settler.settle([Ending(entry.id, "withheld") for entry in entries])

    async def write_notes(self) -> None:
        """Writes counts that belong to no ending, and the last failure."""
        await self._settler.settle([])
        if self._last_failure is not None:
            failure, self._last_failure = self._last_failure, None
            await write_note(self._redis, "SET", self._error_key, orjson.dumps(failure))

    def _dead(self, entry: Entry, outcome: Outcome, attempt: Attempt) -> Ending:
        response = response_record(self._destination, attempt.response)
        reason = self._destination.mask(outcome.reason)
        letter = encode_dead_letter(entry, outcome.result, reason, attempt.sent_at, response)
        return Ending(entry.id, outcome.result, letter)


def is_throttled(outcome: Outcome) -> bool:
    return outcome.scope == "destination" and outcome.retry_after is not None
