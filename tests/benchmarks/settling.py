"""What became of a drain's events is counted, and told to the ledger if there is one: all of
`gateway.delivery.accounting` but Redis."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from destinations.base import Outcome, Request, Response
from gateway.configuration.destination import build_destination
from gateway.configuration.load import parse_settings
from gateway.delivery.accounting import Accounting
from gateway.delivery.send import Attempt
from gateway.queue.entry import Entry
from gateway.queue.keys import Keys
from gateway.queue.receipts import new_receipt
from gateway.queue.settle import Reporting
from gateway.queue.stored_events import StoreBounds
from tests.benchmarks.configurations import shop
from tests.benchmarks.pipeline import NOW, Work

EVENTS = 40
SINGLE = "received; GA4 does not report whether it kept the event"
"""The reason in GA4's outcomes. GA4 gets the events of one visitor in a request; others get
many."""


class NoRedis:
    """Stands in for a connection. Its scripts remove no dead letters."""

    connection_pool = None

    def register_script(self, _: str) -> Any:
        async def run(*_: object) -> int:
            return 0

        return run


def settle(ledger: bool) -> Work:
    """`EVENTS` events of a shop are delivered to each of its destinations."""
    settings = parse_settings(shop("http://127.0.0.1:1"), "", {})
    keys, redis, response = Keys("gw"), NoRedis(), Response(204)
    request = Request("POST", "https://a.example/", {}, b"", ())
    done = []
    for name, chosen in settings.destinations.items():
        reporting = Reporting(keys, 1 << 30, name, "version-1") if ledger else None
        built = build_destination(chosen)
        accounting = Accounting(
            redis,  # type: ignore[arg-type]
            keys.destination(name),
            built,
            None,  # type: ignore[arg-type]
            None,  # type: ignore[arg-type]
            StoreBounds(),
            reporting,
        )
        entries = [_entry(number) for number in range(EVENTS)]
        if name == "ga4":
            outcomes = [Outcome("delivered", SINGLE)]
            attempts = [Attempt([each], request, response, outcomes, NOW) for each in entries]
        else:
            outcomes = [Outcome("delivered")] * EVENTS
            attempts = [Attempt(entries, request, response, outcomes, NOW)]
        done.append((accounting, attempts))

    def work() -> int:
        for accounting, attempts in done:
            _finish(accounting.settle(attempts))
        return EVENTS

    return work


def _finish(step: Coroutine[Any, Any, None]) -> None:
    """Runs `step` without an event loop, whose number of instructions varies; it must not wait."""
    try:
        step.send(None)
    except StopIteration:
        return
    raise AssertionError("it waits for something")


def _entry(number: int) -> Entry:
    receipt = new_receipt(NOW + number)
    origin = "site", NOW, "version-1", (), (), False, (), "", receipt
    return Entry(b"%d-0" % number, 1, {}, *origin)
