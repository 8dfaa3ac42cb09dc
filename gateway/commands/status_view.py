"""The status of the destinations as a person reads it."""

from __future__ import annotations

import asyncio

import click
from redis.asyncio import Redis
from rich.console import Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from gateway.commands.terminal import cell, console, duration, json_text, utc
from gateway.queue.connect import RedisError
from gateway.settings import Settings
from gateway.status import COUNTED, DestinationStatus, Status, read_status

NOTHING = "-"
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
    """Three tables at most, for terminals of 100 columns."""
    troubles = _troubles(status)
    parts = [_now(status), *([troubles] if troubles.row_count else []), _so_far(status)]
    return Group(*parts)


def _now(status: Status) -> Table:
    table = Table(title=f"Now, {utc(status.at)}", title_justify="left")
    table.add_column("destination", overflow="fold")
    for name in NOW:
        table.add_column(name, justify="right")
    for name, each in status.destinations.items():
        oldest = NOTHING if each.oldest_pending is None else duration(each.oldest_pending)
        table.add_row(
            cell(name),
            str(each.pending),
            oldest,
            str(each.in_flight),
            f"{each.delivered_per_minute:g}",
            Text(str(each.dead_letters), "red" if each.dead_letters else ""),
            Text(duration(each.pause.seconds), "yellow") if each.pause else NOTHING,
        )
    return table


def _troubles(status: Status) -> Table:
    """What failed last and why a destination is paused, in the vendors' words."""
    table = Table(title="Troubles", title_justify="left")
    for name in ("destination", "what", "in the vendor's words"):
        table.add_column(name, overflow="fold")
    for name, each in status.destinations.items():
        for what, words in _words_of(each, status.at):
            table.add_row(cell(name), what, cell(words))
    return table


def _words_of(each: DestinationStatus, now: float) -> list[tuple[str, str]]:
    rows = []
    if each.pause is not None:
        rows.append((f"pause no. {each.pauses} in a row", each.pause.reason))
    elif each.pauses:
        rows.append(
            (f"{each.pauses} pauses in a row", "the last one is over; one event goes first")
        )
    if each.last_error is not None:
        age = duration(max(0.0, now - each.last_error.at))
        rows.append((f"last error, {age} ago", each.last_error.reason))
    return rows


def _so_far(status: Status) -> Table:
    table = Table(title="So far", title_justify="left")
    table.add_column("destination", overflow="fold")
    for name in (*COUNTED, "books"):
        table.add_column(name, justify="right")
    for name, each in status.destinations.items():
        books = Text("balance") if each.balanced else Text("do not balance", "bold red")
        table.add_row(cell(name), *(str(each.outcomes[counted]) for counted in COUNTED), books)
    return table
