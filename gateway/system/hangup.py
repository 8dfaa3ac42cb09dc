"""Ignores SIGHUP while a process starts.

SIGHUP asks a gateway to read its configuration again. A process that starts reads it anyway. Until
it has a handler of its own, it ignores the signal, which would end it otherwise.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager


def ignore_hangup() -> None:
    """Ignores SIGHUP in this process, and in those that it starts."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)


@contextmanager
def hangup_ignored() -> Iterator[None]:
    """Ignores SIGHUP within a ``with`` block; can also be used as a decorator."""
    before = signal.getsignal(signal.SIGHUP)
    ignore_hangup()
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, before or signal.SIG_DFL)
