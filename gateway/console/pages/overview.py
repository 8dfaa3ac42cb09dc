"""The overview: what comes in, what goes out, and what needs attention."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request

from gateway.console.context import Console
from gateway.console.period import PERIODS, period_of
from gateway.monitoring.status import read_status


async def view(console: Console, request: Request) -> dict[str, Any]:
    period = period_of(request)
    seconds, microseconds = await console.redis.time()
    status = await read_status(console.redis, console.settings, seconds + microseconds / 1e6)
    counts: dict[str, dict[str, int]] = {name: {} for name in console.settings.destinations}
    if console.settings.has_ledger:
        counted = await console.read(lambda reader: reader.counts(period.since, period.until, ""))
        for (_, destination, ending), number in counted.items():
            counts.setdefault(destination, {})[ending] = number
    return {"period": period, "periods": list(PERIODS), "status": status, "counts": counts}
