"""The status of the destinations as text."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import click
from redis.asyncio import Redis
from rich.console import Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from gateway.cli.consent_view import consent_defaults, consent_problems
from gateway.cli.terminal import cell, console, duration, number, table
from gateway.event.text import json_text, utc
from gateway.monitoring.configuration import ConfigurationState
from gateway.monitoring.status import COUNTED, DestinationStatus, Status, read_status
from gateway.queue.bounds import WORDS
from gateway.redis_client.connect import RedisError
from gateway.runtime.last_good import InForce
from gateway.sources.recognition import UNKNOWN

NOTHING = "-"
FULL = "full, rejecting events"
MUCH = 0.5
"""Share of a limit from which on it is shown."""
UNBALANCED = "accepted is not the sum of withheld, delivered, rejected, expired and pending"
ADDRESS_REASONS = {
    "no_header": "without a forwarding header",
    "unreadable": "with an unreadable one",
    "hidden": "with an address that a proxy hides",
    "proxy": "with the address of a proxy only",
}
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
    """Redraws every second until it is cancelled, also while Redis is away, once it was there."""
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
    """What waits, what fails if anything does, and how it went so far; for 100 columns."""
    tables = [
        _now(status),
        _problems(status),
        _limits(status),
        _totals(status),
        consent_defaults(status.consent),
    ]
    shown: list[Table | Text] = [each for each in tables if each.row_count]
    if status.quarantined:
        events = f"{number(status.quarantined)} events are in quarantine"
        shown.append(Text(f"{events}: run `gateway quarantine list` to see why.", "yellow"))
    shown += [Text(line, "yellow") for line in (*_addresses(status), *_unclaimed(status))]
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
        for what, words in _words_of(each, status.at):
            problems.add_row(cell(name), what, cell(words))
    return problems


def _limits(status: Status) -> Table:
    """Those of which much is used."""
    columns = ("used", "limit", "share")
    limits = table("Limits", "destination", "of", *columns, numbers=columns)
    for bound in status.bounds:
        if bound.share >= MUCH:
            share = Text(f"{bound.share:.0%}", "red" if bound.is_closed(trusted=False) else "")
            name = bound.of if bound.of in status.destinations else "all"
            words = WORDS[bound.kind]
            limits.add_row(cell(name), words, number(bound.used), number(bound.limit), share)
    return limits


def _words_of(each: DestinationStatus, now: float) -> Iterator[tuple[str, str]]:
    """What is full, why it is paused, what failed last, whether the API version ends, and what the
    vendor warned of, each with the reason."""
    if each.full is not None:
        yield FULL, each.full
    if each.pause is not None:
        yield f"paused ({each.pauses} in a row)", each.pause.reason
    elif each.pauses:
        yield (
            f"{each.pauses} pauses in a row",
            "the last pause is over, no delivery has succeeded yet",
        )
    if not each.balanced:
        yield "audit failed", UNBALANCED
    if each.last_error is not None:
        age = duration(max(0.0, now - each.last_error.at))
        yield f"last error, {age} ago", each.last_error.reason
    if each.version_warning:
        yield "API version", each.version_warning
    if each.credential_warning:
        yield "credential", each.credential_warning
    if each.last_warning is not None:
        age = duration(max(0.0, now - each.last_warning.at))
        yield f"last warning, {age} ago", each.last_warning.words


def _totals(status: Status) -> Table:
    totals = table("Totals", "destination", *COUNTED, "audit", numbers=COUNTED)
    for name, each in status.destinations.items():
        audit = Text("ok") if each.balanced else Text("FAILED", "bold red")
        counts = (number(each.outcomes[counted]) for counted in COUNTED)
        totals.add_row(cell(name), *counts, audit)
    return totals


def _addresses(status: Status) -> Iterator[str]:
    """What went wrong with the addresses of visitors, and what to do."""
    reasons = [
        f"{number(count)} {ADDRESS_REASONS[reason]}"
        for reason, count in status.unknown_addresses.items()
        if count
    ]
    if reasons:
        total = number(sum(status.unknown_addresses.values()))
        yield (
            f"{total} requests from trusted proxies did not state the visitor's address: "
            f"{', '.join(reasons)}. The place of these visitors is unknown. Make your proxy send "
            "X-Forwarded-For, or name its header in `server.client_ip_header`."
        )
    if status.untrusted_proxy_requests:
        yield (
            f"{number(status.untrusted_proxy_requests)} requests came through a proxy in your "
            "network that is not trusted, so they have the proxy's address instead of the "
            "visitor's. Add it to `server.trusted_proxies`: the log of the web process names it."
        )


def _unclaimed(status: Status) -> Iterator[str]:
    """How many requests of known protocols no source answered, and what to do."""
    counts = {kind: count for kind, count in status.unclaimed_requests.items() if kind != UNKNOWN}
    if counts:
        kinds = ", ".join(f"{number(count)} like `{kind}`" for kind, count in counts.items())
        yield (
            f"{number(sum(counts.values()))} requests of known protocols came to a path where no "
            f"source answers: {kinds}. Run `gateway refused list` to see where they went."
        )


def _configuration(state: ConfigurationState, now: float) -> Text:
    words = f"Configuration {state.version}"
    if state.since is not None:
        words += f", in force for {duration(max(0.0, now - state.since))}"
    if state.rejected:
        return Text(f"{words}. The file on disk has mistakes and is rejected.", "yellow")
    return Text(f"{words}.")
