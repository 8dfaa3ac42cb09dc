"""The disk of the ledger alone is full for so long that the feed reaches its bound: first, records
lose their content; then they are left out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.soak.ledger_outage import Plan as Outages
from tests.soak.ledger_outage import enter_outage, send_through
from tests.soak.report import Report
from tests.soak.sink_process import SinkProcess
from tests.soak.small_disk import SmallDisk, words_before
from tests.soak.soaked import Soaked, webhook

DISK_BYTES = 128_000_000


@dataclass(frozen=True)
class Plan(Outages):
    """memory_mb: memory of the embedded server. The feed may take a twentieth of it, and half as
    much again before records are left out."""

    memory_mb: float = 48.0


SHORT = Plan(events=1_600, rate=200.0, away_seconds=6.0, gap_seconds=5.0, memory_mb=16.0)


async def run(folder: Path, plan: Plan = Plan()) -> Report:
    report = Report(f"The ledger's own disk full for {plan.away_seconds:.0f} s")
    place = folder / "data" / "ledger"
    before, memory = words_before(place, DISK_BYTES), int(1e6 * plan.memory_mb)
    with (
        SinkProcess(folder) as sink,
        Soaked(folder, webhook("hook", sink.url), before, memory=memory) as gateway,
    ):
        disk = SmallDisk(gateway.process.pid, place)
        sent, outage = await send_through(gateway, plan, disk.fill, disk.relieve)
        await enter_outage(report, gateway, sink, plan, sent, outage)
        counts = [gateway.ledger_metric(f"records_{each}_total") for each in ("cut", "dropped")]
        _enter_audit(report, gateway.audit_data(), *counts)
    return report


def _enter_audit(report: Report, audit: dict[str, Any], cut: int, dropped: int) -> None:
    """Checks that the ledger lacks only records that were left out, and that the audit says so."""
    said = audit["records_dropped"]
    report.row("audit", f"{said} records left out, {cut} without content")
    report.check(cut > 0, "some records were stored without content")
    report.check(said == dropped > 0, f"the audit names {dropped} records left out, not {said}")
    for name, each in audit["destinations"].items():
        for counted, redis in each["redis"].items():
            lacking = redis - each["ledger"][counted]
            report.check(lacking >= 0, f"{name}: the ledger has {-lacking} {counted} too many")
        lacking = each["redis"]["accepted"] - each["ledger"]["accepted"]
        report.check(lacking <= dropped, f"{name}: {lacking} accepted lacking, {dropped} left out")
