"""The status of the destinations as text."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import click
from redis.asyncio import Redis
from rich.console import Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from gateway.cli.terminal import cell, console, duration, number, table
from gateway.event.text import json_text, utc
from gateway.event.words import counted
from gateway.monitoring.configuration import ConfigurationState
from gateway.monitoring.consent_problems import MAX_SHOWN, consent_problems
from gateway.monitoring.problems import (
    FULL,
    address_problems,
    destination_problems,
    unclaimed_problems,
)
from gateway.monitoring.status import COUNTED, Status, read_status
from gateway.queue.bounds import WORDS
from gateway.redis_client.connect import RedisError
from gateway.runtime.last_good import InForce
from gateway.stages.consent.counts import ConsentCounts

NOTHING = "-"
MUCH = 0.5
"""A limit is shown once this share of it is used."""
NOW = ("pending", "oldest", "in flight", "delivered/min", "dead letters", "paused for")
SUBMITTED = "submitted"
"""The column for events on which the vendor gives its verdict later, if there are any."""


async def print_status(redis: Redis, in_force: InForce, as_json: bool) -> None:
    status = await _read(redis, in_force)
    if as_json:
        click.echo(json_text(status))
    else:
        console().print(screen(status))


async def watch_status(redis: Redis, in_force: InForce) -> None:
    """Redraws every second until cancelled, even while Redis is away after the first read."""
    shown = screen(await _read(redis, in_force))
    with Live(shown, console=console(), auto_refresh=False, screen=True) as live:
        while True:
            await asyncio.sleep(1)
            try:
                shown = screen(await _read(redis, in_force))
                live.update(shown, refresh=True)
            except RedisError as error:
                trouble = cell(f"Redis does not answer: {type(error).__name__}", "red")
                live.update(Group(trouble, shown), refresh=True)


async def _read(redis: Redis, in_force: InForce) -> Status:
    seconds, microseconds = await redis.time()
    settings = in_force.settings
    state = ConfigurationState(settings.version, in_force.since, in_force.rejected)
    return await read_status(redis, settings, seconds + microseconds / 1e6, state)


def screen(status: Status) -> Group:
    """What is pending, problems if there are any, and totals, among others; for 100 columns."""
    tables = [
        _now(status),
        _problems(status),
        _limits(status),
        _totals(status),
        _consent_defaults(status.consent),
    ]
    shown: list[Table | Text] = [each for each in tables if each.row_count]
    if dry := [name for name, each in status.destinations.items() if each.dry_run]:
        shown.append(_dry_run(dry))
    if status.quarantined:
        verb = "is" if status.quarantined == 1 else "are"
        events = f"{counted(status.quarantined, 'event')} {verb} in quarantine"
        shown.append(Text(f"{events}: run `gateway quarantine list` to see why.", "yellow"))
    shown += [
        Text(line, "yellow") for line in (*address_problems(status), *unclaimed_problems(status))
    ]
    shown += [
        cell(line, "yellow") for line in consent_problems(status.consent, status.conflicts_ranked)
    ]
    if status.configuration is not None:
        shown.append(_configuration(status.configuration, status.at))
    return Group(*(part for each in shown for part in (each, "")))


def _now(status: Status) -> Table:
    waits = any(each.submitted for each in status.destinations.values())
    columns = (*NOW, SUBMITTED) if waits else NOW
    now = table(f"Now, {utc(status.at)}", "destination", *columns, numbers=columns)
    for name, each in status.destinations.items():
        now.add_row(
            cell(name),
            number(each.pending),
            NOTHING if each.oldest_pending is None else duration(each.oldest_pending),
            number(each.in_flight),
            f"{each.delivered_per_minute:.0f}",
            Text(number(each.dead_letters), "red" if each.dead_letters else ""),
            Text(duration(each.pause.seconds), "yellow") if each.pause else NOTHING,
            *([number(each.submitted)] if waits else []),
        )
    return now


def _problems(status: Status) -> Table:
    problems = table("Problems", "destination", "problem", "reason")
    if status.full is not None:
        problems.add_row("all", FULL, cell(status.full))
    for name, each in status.destinations.items():
        for what, words in destination_problems(each, status.at):
            problems.add_row(cell(name), what, cell(words))
    return problems


def _limits(status: Status) -> Table:
    """The limits of which at least `MUCH` is used."""
    columns = ("used", "limit", "share")
    limits = table("Limits", "destination", "of", *columns, numbers=columns)
    for bound in status.bounds:
        if bound.share >= MUCH:
            share = Text(f"{bound.share:.0%}", "red" if bound.is_closed(trusted=False) else "")
            name = bound.of if bound.of in status.destinations else "all"
            words = WORDS[bound.kind]
            limits.add_row(cell(name), words, number(bound.used), number(bound.limit), share)
    return limits


def _totals(status: Status) -> Table:
    totals = table("Totals", "destination", *COUNTED, "audit", numbers=COUNTED)
    for name, each in status.destinations.items():
        audit = Text("ok") if each.balanced else Text("FAILED", "bold red")
        counts = (number(each.outcomes[counted]) for counted in COUNTED)
        totals.add_row(cell(name), *counts, audit)
    return totals


def _dry_run(names: Sequence[str]) -> Text:
    verb, whose = ("runs", "its") if len(names) == 1 else ("run", "their")
    words = f"{', '.join(names)} {verb} dry: {whose} events count as delivered, and none is sent."
    return cell(f"{words} Remove `dry_run` to send them.")


def _configuration(state: ConfigurationState, now: float) -> Text:
    words = f"Configuration {state.version}"
    if state.since is not None:
        words += f", in force for {duration(max(0.0, now - state.since))}"
    if state.rejected:
        return Text(f"{words}. The file on disk has mistakes and is rejected.", "yellow")
    return Text(f"{words}.")


def _consent_defaults(counts: ConsentCounts) -> Table:
    """How many events each of the most frequent defaults decided; empty if none did."""
    shown = table("Consent decided by a default", "default", "events", numbers=("events",))
    defaults = [*counts.defaults.items()]
    for default, events in defaults[:MAX_SHOWN]:
        shown.add_row(cell(default), number(events))
    if rest := defaults[MAX_SHOWN:]:
        shown.add_row(f"{len(rest)} others", number(sum(events for _, events in rest)))
    return shown
