"""Records of decisions and outcomes, as people read them.

The functions are pure. `Recorder` keeps the last records in Redis for the demo shop; they hold
what was sent, so it is only switched on there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import orjson
from redis.asyncio import Redis

from destinations.base import Destination, Request
from gateway.delivery.send import Attempt, response_record
from gateway.pipeline import Decision
from gateway.queue.keys import RECENT

KEPT = 500

Record = dict[str, Any]


def decision_record(decision: Decision) -> Record:
    """What was decided about one event. Holds nothing of the event but its name and id."""
    return {
        "kind": "decision",
        "at": decision.received_at,
        "event_id": decision.event["event_id"],
        "event_name": decision.event["event_name"],
        "source": decision.source,
        "version": decision.version,
        "rules": decision.applied,
        "destinations": {
            name: {
                "decision": verdict.decision,
                "stage": verdict.stage,
                "reason": verdict.reason,
                "rules": verdict.applied,
            }
            for name, verdict in decision.verdicts.items()
        },
    }


def outcome_records(
    name: str, destination: Destination[Any], dry_run: bool, attempt: Attempt
) -> list[Record]:
    """What became of each event of one attempt, with the request and the answer, secrets masked."""
    request = attempt.request and request_record(destination, attempt.request)
    response = response_record(destination, attempt.response)
    return [
        {
            "kind": "outcome",
            "at": attempt.sent_at,
            "event_id": entry.event["event_id"],
            "event_name": entry.event["event_name"],
            "destination": name,
            "result": outcome.result,
            "reason": destination.mask(outcome.reason),
            "dry_run": dry_run,
            "attempt": entry.deliveries,
            "version": entry.version,
            "request": request,
            "response": response,
        }
        for entry, outcome in zip(attempt.entries, attempt.outcomes, strict=True)
    ]


def request_record(destination: Destination[Any], request: Request) -> Record:
    """`request` as it may be shown: secrets masked, a JSON body decoded."""
    body = destination.mask(request.body.decode(errors="replace"))
    return {
        "method": request.method,
        "url": destination.mask(request.url),
        "headers": {name: destination.mask(value) for name, value in request.headers.items()},
        "body": _decoded(body),
    }


def _decoded(body: str) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return body


class Recorder:
    """Writes records to a short stream in Redis, soon and without making anybody wait."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._records: list[Record] = []
        self._writing: asyncio.Task[None] | None = None

    def add(self, records: Iterable[Record]) -> None:
        self._records += records
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self.flush())

    async def flush(self) -> None:
        while self._records:
            records, self._records = self._records[:KEPT], self._records[KEPT:]
            pipeline = self._redis.pipeline(transaction=False)
            for record in records:
                pipeline.xadd(RECENT, {"r": orjson.dumps(record)}, maxlen=KEPT)
            await pipeline.execute()


async def recent_records(redis: Redis, after: str) -> tuple[str, list[Record]]:
    """Records since `after`, an id from the last call or empty, oldest first; and the next id."""
    rows: Any = await redis.xrange(RECENT, f"({after}" if after else "-", "+", KEPT)
    last = rows[-1][0].decode() if rows else after
    return last, [orjson.loads(fields[b"r"]) for _, fields in rows]
