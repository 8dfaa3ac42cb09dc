"""What SIGHUP does to a process that starts.

It asks a gateway for a look at its configuration. A process that starts takes one anyway, so it
ignores the signal, which would end it otherwise, until it has a handler of its own.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager


def ignore_hangup() -> None:
    """For this process, and for those that it starts."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)


@contextmanager
def hangup_ignored() -> Iterator[None]:
    """The same for a time; also a decorator."""
    before = signal.getsignal(signal.SIGHUP)
    ignore_hangup()
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, before or signal.SIG_DFL)
