"""An audit, as a person and as a program reads it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from gateway.cli.terminal import cell, console, number, table
from gateway.event.text import printable
from gateway.ledger.balance import COUNTED, Balance


def print_audit(balances: Sequence[Balance], dropped: int, waiting: int) -> None:
    """dropped: records that were left out. waiting: records that are not stored yet."""
    columns = (*COUNTED, "pending")
    shown = table("", "destination", "", *columns, "audit", numbers=columns)
    for each in balances:
        words = cell("differs", "red") if each.problems else cell("ok", "green")
        redis = [number(each.redis[name]) for name in COUNTED]
        ledger = [number(each.ledger[name]) for name in COUNTED]
        shown.add_row(cell(each.destination), cell("Redis"), *redis, number(each.pending), words)
        shown.add_row("", cell("ledger"), *ledger, "", "")
        shown.add_row("", cell("streams"), *[""] * len(COUNTED), number(each.waiting), "")
    console().print(shown)
    for each in balances:
        for problem in each.problems:
            click.echo(printable(f"{each.destination}: {problem}."))
        if each.unknown:
            click.echo(
                printable(
                    f"{each.destination}: {each.unknown} events were pending when the ledger "
                    "began. It does not know how they ended."
                )
            )
    if dropped:
        click.echo(
            f"Records that the ledger never got: {dropped}. Too many waited to be stored; the "
            "ledger lacks what they said."
        )
    if waiting:
        click.echo(f"Records that are still to be stored: {waiting}. They are counted here.")


def audit_data(balances: Sequence[Balance], dropped: int, waiting: int) -> dict[str, Any]:
    return {
        "balanced": not any(each.problems for each in balances),
        "records_dropped": dropped,
        "records_waiting": waiting,
        "destinations": {
            each.destination: {
                "redis": each.redis,
                "ledger": each.ledger,
                "pending": each.pending,
                "in_streams": each.waiting,
                "unknown": each.unknown,
                "problems": each.problems,
            }
            for each in balances
        },
    }
