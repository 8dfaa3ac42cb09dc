"""The status of the destinations as a person reads it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import click
from redis.asyncio import Redis
from rich.console import Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from gateway.commands.terminal import cell, console, duration, json_text, table, utc
from gateway.queue.connect import RedisError
from gateway.settings import Settings
from gateway.status import COUNTED, DestinationStatus, Status, read_status

NOTHING = "-"
FULL = "full, events are refused"
NOW = ("pending", "oldest", "in flight", "delivered/min", "dead letters", "paused for")


async def print_status(redis: Redis, settings: Settings, as_json: bool) -> None:
    status = await _read(redis, settings)
    if as_json:
        click.echo(json_text(status))
    else:
        console().print(screen(status))


async def watch_status(redis: Redis, settings: Settings) -> None:
    """Redraws every second until it is cancelled, also while Redis is away, once it was there."""
    shown = screen(await _read(redis, settings))
    with Live(shown, console=console(), auto_refresh=False, screen=True) as live:
        while True:
            await asyncio.sleep(1)
            try:
                shown = screen(await _read(redis, settings))
                live.update(shown, refresh=True)
            except RedisError as error:
                trouble = cell(f"Redis does not answer: {type(error).__name__}", "red")
                live.update(Group(trouble, shown), refresh=True)


async def _read(redis: Redis, settings: Settings) -> Status:
    seconds, microseconds = await redis.time()
    return await read_status(redis, settings, seconds + microseconds / 1e6)


def screen(status: Status) -> Group:
    """What waits, what fails if anything does, and how it went so far; for 100 columns."""
    tables = [_now(status), _troubles(status), _so_far(status)]
    shown: list[Table | Text] = [each for each in tables if each.row_count]
    if status.quarantined:
        events = f"{number(status.quarantined)} events are in quarantine"
        shown.append(Text(f"{events}: `gateway quarantine list` says why.", "yellow"))
    return Group(*(part for each in shown for part in (each, "")))


def _now(status: Status) -> Table:
    now = table(f"Now, {utc(status.at)}", "destination", *NOW, numbers=NOW)
    for name, each in status.destinations.items():
        now.add_row(
            cell(name),
            number(each.pending),
            NOTHING if each.oldest_pending is None else duration(each.oldest_pending),
            number(each.in_flight),
            f"{each.delivered_per_minute:.0f}",
            Text(number(each.dead_letters), "red" if each.dead_letters else ""),
            Text(duration(each.pause.seconds), "yellow") if each.pause else NOTHING,
        )
    return now


def _troubles(status: Status) -> Table:
    troubles = table("Troubles", "destination", "what", "why")
    if status.full is not None:
        troubles.add_row("all", FULL, cell(status.full))
    for name, each in status.destinations.items():
        for what, words in _words_of(each, status.at):
            troubles.add_row(cell(name), what, cell(words))
    return troubles


def _words_of(each: DestinationStatus, now: float) -> Iterator[tuple[str, str]]:
    """What is full, why it is paused and what failed last, each with the reason, which for the
    last two is in the vendor's words."""
    if each.full is not None:
        yield FULL, each.full
    if each.pause is not None:
        yield f"paused, no. {each.pauses} in a row", each.pause.reason
    elif each.pauses:
        yield f"{each.pauses} pauses in a row", "the last one is over, no success yet"
    if each.last_error is not None:
        age = duration(max(0.0, now - each.last_error.at))
        yield f"last error, {age} ago", each.last_error.reason


def _so_far(status: Status) -> Table:
    so_far = table("So far", "destination", *COUNTED, "books", numbers=COUNTED)
    for name, each in status.destinations.items():
        books = Text("balance") if each.balanced else Text("WRONG", "bold red")
        counts = (number(each.outcomes[counted]) for counted in COUNTED)
        so_far.add_row(cell(name), *counts, books)
    return so_far


def number(count: int) -> str:
    """Exact up to seven digits, so that a row of seven fits; ``--json`` has all digits."""
    return str(count) if count < 10_000_000 else f"{count / 1e6:.1f} M"
