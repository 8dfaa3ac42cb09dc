"""Memory does not grow in hours of events at a steady rate: `flat` with `--hours`.

Every event has its own id, visitor, page, address and user agent, so that every memory of them
grows until it is full.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path

from tests.soak.books import Accounting, enter_answers
from tests.soak.looks import enter_looks, look
from tests.soak.report import Report
from tests.soak.sending import Senders, Sent, make_event
from tests.soak.sink_process import SinkProcess
from tests.soak.soaked import META_PATH, Soaked, meta, webhook

FIRST, EVERY = 1 / 6, 1 / 12
"""Parts of the time: of an hour, the first look after ten minutes, and then one every five."""
LOOKS = 11
FILLING = 10_000
"""The least number of events before the first look: caches hold 4,096 answers, and some get only
every second event."""
SORTS = ("page_view", "add_to_cart", "purchase")


@dataclass(frozen=True)
class Plan:
    """hours: how long events come, `rate` of them a second. growth: the most by which a process,
    and Valkey's `used_memory`, may grow from the first look to the last, in MB."""

    hours: float = 1.0
    rate: float = 30.0
    growth: float = 4.0

    def spans(self) -> Iterator[tuple[float, range]]:
        """The seconds from look to look, and the numbers of the events in them."""
        number = 0
        for part in (FIRST, *[EVERY] * (LOOKS - 1)):
            seconds = part * self.hours * 3600
            count = max(round(self.rate * seconds), 0 if number else FILLING)
            yield seconds, range(number, number + count)
            number += count


SHORT = Plan(hours=0.05)


async def run(folder: Path, plan: Plan = Plan()) -> Report:
    report = Report(f"memory in {plan.hours:g} hours of {plan.rate:g} events a second")
    sent, looks = Sent(), []
    with (
        SinkProcess(folder, plan.hours * 7200 + 600) as sink,
        Soaked(folder, _configuration(sink.url, plan)) as gateway,
    ):
        began = time.monotonic()
        for seconds, numbers in plan.spans():
            await _send(gateway, seconds, numbers, sent)
            looks.append(await look(gateway, (time.monotonic() - began) / 60))
        report.check(await gateway.settled(60), "nothing is waiting after 60 s")
        outcomes = {name: gateway.outcomes(name) for name in ("hook", "meta")}
    enter_looks(report, looks, plan.growth)
    enter_answers(report, sent, numbers.stop)
    granted = [n for n in range(numbers.stop) if _is_granted(n)]
    pages = [n for n in granted if _sort(n) == "page_view"]
    for name, path, meant in (("hook", "/hook", pages), ("meta", META_PATH, granted)):
        ids = {_event_id(n) for n in meant}
        Accounting(name, sent, ids, outcomes[name], sink.taken(path)).enter(report)
    return report


def _configuration(sink: str, plan: Plan) -> str:
    """The memory for repetitions is as full at the first look as it will ever be."""
    seconds = round(plan.hours * 3600 * FIRST)
    hook = webhook("hook", sink, consent=["analytics_storage"])
    return f"{hook}{meta(sink, consent=['ad_storage', 'ad_user_data'])}\ndedupe_window: {seconds}\n"


async def _send(gateway: Soaked, seconds: float, numbers: range, sent: Sent) -> None:
    """Sends half of the events as a browser does, half as a backend does."""
    async with asyncio.TaskGroup() as group:
        for path, half in (("/collect", numbers[::2]), ("/events", numbers[1::2])):
            senders = Senders(gateway.port, len(half) / seconds, path, sent=sent)
            group.create_task(senders.send([_event(n) for n in half]))


def _event(number: int) -> tuple[str, bytes]:
    """The id and the body of an event."""
    event_id = _event_id(number)
    word = "granted" if _is_granted(number) else "denied"
    return make_event(
        event_id,
        _sort(number),
        user_agent=f"Mozilla/5.0 (X11; Linux x86_64) Chrome/142.0.{number}",
        ip_override=str(IPv4Address("80.0.0.0") + number),
        page_referrer=f"https://{event_id}.example/",
        consent=dict.fromkeys(("ad_storage", "ad_user_data", "analytics_storage"), word),
        user_data={"email_address": f"{event_id}@example.com"},
    )


def _event_id(number: int) -> str:
    return f"steady-{number}"


def _sort(number: int) -> str:
    return SORTS[number % len(SORTS)]


def _is_granted(number: int) -> bool:
    return number % 5 != 0
