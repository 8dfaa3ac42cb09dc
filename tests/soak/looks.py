"""Looks at the memory of all processes of a gateway, and the growth from the first to the last."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from redis.asyncio import Redis

from gateway.runtime.embedded import embedded_url
from tests.soak.processes import family
from tests.soak.report import Report
from tests.soak.soaked import Soaked
from tests.support.process_stats import MB, memories

CHILD, VALKEY, USED = "worker's child", "valkey", "valkey, used_memory"


@dataclass(frozen=True, slots=True)
class Look:
    """minutes: since the start. taken: MB of its own for each process, by its role and pid; for the
    workers' children, which come and go, the most that one of them has; and Valkey's own count,
    `used_memory`."""

    minutes: float
    taken: dict[str, float]


async def look(gateway: Soaked, minutes: float) -> Look:
    """gateway: it must use the embedded server."""
    root = gateway.process.pid
    found = {"supervisor": [root]}
    found |= {role: [each.pid for each in those] for role, those in family(root).items()}
    taken: dict[str, float] = {}
    for role, pids in found.items():
        for pid in pids:
            name = CHILD if role == "horse" else f"{role} {pid}"
            for now in memories([pid]):  # it may just have ended
                taken[name] = max(taken.get(name, 0.0), now.own)
    async with Redis.from_url(embedded_url(gateway.folder / "data") or "") as redis:
        taken[USED] = (await redis.info("memory"))["used_memory"] / MB
    return Look(minutes, taken)


def enter_looks(report: Report, looks: Sequence[Look], most: float) -> None:
    """Reports a line for each process, and checks that none has grown by more than `most` MB.

    For Valkey, `used_memory` counts: its memory from the system depends on when it last rewrote its
    file.
    """
    report.row("minutes", _line(each.minutes for each in looks))
    grown = {}
    for name in dict.fromkeys(name for each in looks for name in each.taken):
        there = [each.taken[name] for each in looks if name in each.taken]
        report.row(f"{name}, MB", _line(each.taken.get(name) for each in looks))
        report.check(
            name == CHILD or len(there) == len(looks),
            f"{name}: there from the first look to the last",
        )
        if not name.startswith(f"{VALKEY} "):
            grown[name] = there[-1] - there[0]
    for name, growth in grown.items():
        report.check(growth <= most, f"{name}: grows by at most {most:g} MB, not {growth:.1f}")
    report.row("grown, MB", ", ".join(f"{name} {growth:+.1f}" for name, growth in grown.items()))


def _line(numbers: Iterable[float | None]) -> str:
    return "".join("      -" if number is None else f"{number:7.1f}" for number in numbers)
