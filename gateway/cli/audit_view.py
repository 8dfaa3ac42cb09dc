"""Shows an audit as tables for people and as data for programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from gateway.cli.terminal import cell, console, number, table
from gateway.event.text import printable
from gateway.ledger.balance import COUNTED, Balance


def print_audit(
    balances: Sequence[Balance], days: Sequence[Balance], dropped: int, waiting: int
) -> None:
    """days: balances of single days. dropped: records that were left out. waiting: records that are
    not stored yet."""
    console().print(_in_all(balances))
    if days:
        console().print(_by_day(days))
    for each in (*balances, *days):
        name = f"{each.destination}, {each.day}" if each.day else each.destination
        for problem in each.problems:
            click.echo(printable(f"{name}: {problem}."))
        if each.unknown and not each.day:
            click.echo(
                printable(
                    f"{name}: {each.unknown} events were pending when the ledger began. It does "
                    "not know how they ended."
                )
            )
    if dropped:
        click.echo(
            f"Records that the ledger never got: {dropped}. Too many waited to be stored; the "
            "ledger lacks what they said."
        )
    if waiting:
        click.echo(f"Records that are still to be stored: {waiting}. They are counted here.")


def _in_all(balances: Sequence[Balance]) -> Table:
    columns = (*COUNTED, "pending")
    shown = table("", "destination", "", *columns, "audit", numbers=columns)
    for each in balances:
        shown.add_row(cell(each.destination), cell("Redis"), *_redis(each), _verdict(each))
        shown.add_row("", cell("ledger"), *_ledger(each), "", "")
        streams = "" if each.waiting is None else number(each.waiting)
        shown.add_row("", cell("streams"), *[""] * len(COUNTED), streams, "")
        _add_later(shown, each.later)
    return shown


def _by_day(days: Sequence[Balance]) -> Table:
    """A table by day. The ledger gets a row of its own where it differs from Redis."""
    columns = (*COUNTED, "pending")
    title = "By the UTC day on which events came in"
    shown = table(title, "destination", "day", *columns, "audit", numbers=columns)
    for each in days:
        shown.add_row(cell(each.destination), cell(each.day), *_redis(each), _verdict(each))
        if each.problems:
            shown.add_row("", cell("ledger"), *_ledger(each), "", "")
        _add_later(shown, each.later)
    return shown


def _add_later(shown: Table, later: Balance | None) -> None:
    """Adds the rows of events that were sent again, which are among those in the rows above."""
    if later is None:
        return
    shown.add_row("", cell("later passages"), *_redis(later), _verdict(later))
    if later.problems:
        shown.add_row("", cell("ledger"), *_ledger(later), "", "")


def _redis(balance: Balance) -> list[str]:
    return [*(number(balance.redis[name]) for name in COUNTED), number(balance.pending)]


def _ledger(balance: Balance) -> list[str]:
    return [number(balance.ledger[name]) for name in COUNTED]


def _verdict(balance: Balance) -> Text:
    return cell("differs", "red") if balance.problems else cell("ok", "green")


def audit_data(
    balances: Sequence[Balance], days: Sequence[Balance], dropped: int, waiting: int
) -> dict[str, Any]:
    by_day: dict[str, dict[str, Any]] = {each.destination: {} for each in balances}
    for each in days:
        by_day[each.destination][each.day] = _data(each)
    return {
        "balanced": not any(each.problems for each in (*balances, *days)),
        "records_dropped": dropped,
        "records_waiting": waiting,
        "destinations": {
            each.destination: {
                **_data(each),
                "in_streams": each.waiting,
                "days": by_day[each.destination],
            }
            for each in balances
        },
    }


def _data(balance: Balance) -> dict[str, Any]:
    later = {} if balance.later is None else {"later_passes": _data(balance.later)}
    return later | {
        "redis": balance.redis,
        "ledger": balance.ledger,
        "pending": balance.pending,
        "unknown": balance.unknown,
        "problems": balance.problems,
    }
