"""One table over all scenarios: what was promised, what was measured, and whether it was kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.soak.report import Report


@dataclass(frozen=True)
class Line:
    """title: that of the scenario. promise: a text with fields of its plan in braces. rows: the
    rows of its report that measure the promise; missing rows are left out."""

    title: str
    promise: str
    rows: Sequence[str]


LEDGER_OUTAGE = ("delivered meanwhile", "waited for the ledger", "stored again after")
"""Rows of `tests.soak.ledger_outage`."""

LINES = {
    "kills": Line(
        "{kills} SIGKILLs of workers, their children, scheduler, web, ledger and Valkey during "
        "{events} events; Valkey hangs for {hold_seconds:.0f} s once",
        "0 lost; duplicates at most {most_duplicates:.1%}, with the vendor's dedupe key equal; "
        "recovery within {recovery_seconds:.0f} s of each kill; the ledger has every ending and "
        "every try, and counts what Redis counts",
        (
            *("hook: lost", "hook: duplicates", "hook: next delivery"),
            *("meta: lost", "meta: duplicates", "meta: next delivery", "next event accepted"),
            *("hook: ledger", "meta: ledger", "audit"),
        ),
    ),
    "restart": Line(
        "all of `gateway run` killed {kills} times during {events} events",
        "0 lost; ready again within {ready_seconds:.0f} s",
        ("hook: lost", "hook: duplicates", "seconds until ready", "ready again"),
    ),
    "down": Line(
        "a destination down for 10 minutes (compressed to {down_seconds:.0f} s), {events} events",
        "0 lost, all delivered afterwards",
        ("hook: lost", "hook: duplicates", "after the outage", "while waiting", "memory, MB"),
    ),
    "poison": Line(
        "1 poison event in a batch of {events}",
        "all others delivered once; the poison a dead letter with the vendor's words",
        ("delivered, rejected", "requests"),
    ),
    "weather": Line(
        "{bad:.0%} of requests throttled, failed, reset, dripped, unanswered or half taken",
        "0 lost; one dedupe key for each event",
        ("hook: lost", "hook: duplicates", "meta: lost", "meta: duplicates"),
    ),
    "hanging": Line(
        "{hanging} destination that never answers beside a healthy one, {events} events",
        "p99 of the healthy one at most {times_slower} times as long",
        ("without: delivery, ms", "with: delivery, ms"),
    ),
    "outage": Line(
        "Redis killed for {away:.0f} s under load, with the spool",
        "browsers lose nothing and see no error; backends see 503 only",
        ("browsers: answers", "browsers: lost", "backends: answers", "hook: lost"),
    ),
    "memory": Line(
        "Redis at `maxmemory`, a destination down",
        "no accepted event lost; the refusal says why and when to come back; it drains",
        ("accepted until it was shut", "accepted at maxmemory", "hook: lost", "refusals", "audit"),
    ),
    "flat": Line(
        "{events} events in {bursts} bursts",
        "at most {own:.0f} MB of its own for web and worker each; the second half adds at most "
        "{growth:.0f} MB",
        (
            *("web: own, resident, MB", "web: second half, MB"),
            *("worker: own, resident, MB", "worker: second half, MB"),
        ),
    ),
    "flat_hours": Line(
        "{rate:g} events a second for {hours:g} hours, each with a visitor of its own",
        "from the first look to the last no process and not Valkey's `used_memory` takes more than "
        "{growth:g} MB more",
        ("grown, MB",),
    ),
    "small": Line(
        "{rate:g} events a second to 3 destinations for {minutes:g} minutes, on one core, with the "
        "console and the ledger",
        "0 lost, each event accepted at its first try; all processes together take at most "
        "{memory} MiB",
        (
            *("hook: lost", "store: lost", "meta: lost", "answer, ms", "memory, MiB", "CPU"),
            "audit",
        ),
    ),
    "disk": Line(
        "disk full for {full_seconds:.0f} s during {events} events",
        "0 lost; 503 only; taken again within {recovery_seconds:.0f} s of there being room",
        ("hook: lost", "hook: duplicates", "taken by Valkey again", "audit"),
    ),
    "ledger_away": Line(
        "the ledger's PostgreSQL stopped for {away_seconds:.0f} s during {events} events",
        "0 lost, none refused; delivery goes on, at most {gap_seconds:.0f} s without one; "
        "afterwards the ledger has every ending and counts what Redis counts",
        ("hook: lost", *LEDGER_OUTAGE, "hook: ledger", "audit"),
    ),
    "ledger_disk": Line(
        "the ledger's own disk full for {away_seconds:.0f} s during {events} events, in a Redis of "
        "{memory_mb:.0f} MB",
        "0 lost, none refused; delivery goes on, at most {gap_seconds:.0f} s without one; "
        "afterwards the audit says how many records were left out",
        ("hook: lost", *LEDGER_OUTAGE, "audit"),
    ),
    "clock": Line(
        "the clock jumps two hours ahead, back, behind and back",
        "0 lost; 0 duplicates; no storm of retries",
        (
            *("well: lost", "well: duplicates", "well: slowest delivery", "down: lost"),
            *("down: duplicates", "down: requests after each jump", "down, well again"),
        ),
    ),
    "slow_connections": Line(
        "{slow} connections that send slowly or nothing for {seconds:.0f} s, opened again when "
        "they are closed, while {rate:.0f} events come a second",
        "0 lost, each event accepted at its first try; all slow connections are closed",
        (
            *("hook: lost", "without: answer, ms", "with: answer, ms", "slow connections"),
            "memory of the web process, MB",
        ),
    ),
    "retry_after": Line(
        "`Retry-After` of {asked} s, as a date, garbage, ten years",
        "no request before its time; a day at most",
        (
            *("seconds: seconds between requests", "date: seconds between requests"),
            *("garbage: seconds between requests", "decade: seconds between requests"),
            *("decade: paused for", "a day later"),
        ),
    ),
}


@dataclass
class Summary:
    """Collects reports; as a string, it is a Markdown table of all of them."""

    rows: list[tuple[str, str, str, str]] = field(default_factory=list)

    def add(self, name: str, plan: object, report: Report) -> None:
        line, fields = LINES[name], vars(plan)
        found = dict(report.rows)
        measured = [f"{row}: {found[row]}" for row in line.rows if row in found]
        kept = "yes" if not report.failures else "**no**: " + "; ".join(report.failures)
        title, promise = line.title.format(**fields), line.promise.format(**fields)
        self.rows.append((title, promise, "<br>".join(measured), kept))

    def __str__(self) -> str:
        head = ("what happens", "promised", "measured", "kept")
        cells = [head, ("---",) * len(head), *self.rows]
        return "\n".join(f"| {' | '.join(_in_one_cell(cell) for cell in row)} |" for row in cells)


def _in_one_cell(text: str) -> str:
    return text.replace("|", "/").replace("\n", " ")
