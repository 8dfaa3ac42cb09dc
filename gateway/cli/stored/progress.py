"""Common parts of bulk commands: confirmation, progress bar, and how they are stopped."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

from gateway.cli.terminal import console
from gateway.operations.bulk import Advance, raise_if_interrupted


def confirmed(question: str, yes: bool) -> bool:
    """Returns True if `yes` is set or the user agrees; otherwise ends the command."""
    raise_if_interrupted()
    if yes:
        return True
    with _ended_by_ctrl_c():
        return click.confirm(question, abort=True)


@contextmanager
def _ended_by_ctrl_c() -> Iterator[None]:
    """Within it, Ctrl-C ends the command at once: asyncio only cancels the task, which goes on
    until the user has answered."""
    usual = signal.getsignal(signal.SIGINT)
    may_set = threading.current_thread() is threading.main_thread() and usual != signal.SIG_IGN
    if may_set:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        if may_set:
            signal.signal(signal.SIGINT, usual)


@contextmanager
def stopped_as_by_ctrl_c() -> Iterator[None]:
    """Within it, SIGTERM, and SIGHUP from a closed terminal, stop the work as Ctrl-C does: what was
    done is reported and logged. A signal that is ignored, as under nohup, stays ignored."""
    ending = [
        each
        for each in (signal.SIGTERM, signal.SIGHUP)
        if threading.current_thread() is threading.main_thread()  # no other may set handlers
        and signal.getsignal(each) is signal.SIG_DFL
    ]
    for each in ending:
        signal.signal(each, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        yield
    finally:
        for each in ending:
            signal.signal(each, signal.SIG_DFL)


@contextmanager
def progress(done_to_them: str, total: int, others: str) -> Iterator[Advance]:
    """Shows a progress bar on a terminal and, however the work ends, a line with the result.

    others: what another command may have done to the events in the meantime.
    Yields a function to call with how many more events were tried, and how many of them succeeded.
    """
    tried = succeeded = 0
    bar = console(stderr=True)
    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())

    with (
        stopped_as_by_ctrl_c(),
        Progress(*columns, console=bar, disable=not bar.is_terminal) as shown,
    ):
        task = shown.add_task("", total=total)

        def advance(count: int, successes: int) -> None:
            nonlocal tried, succeeded
            tried, succeeded = tried + count, succeeded + successes
            shown.advance(task, count)

        try:
            yield advance
        finally:
            shown.stop()
            gone = tried - succeeded
            why = f"; {gone} were {others} by another command" if gone else ""
            click.echo(f"{done_to_them} {succeeded} of {total} events{why}.")
