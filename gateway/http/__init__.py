"""The HTTP client through which all requests leave the gateway.

There are two carriers, and one test suite holds them to the same behaviour: `fast` (pyreqwest, the
default) and `httpx` (for its mocks).
"""

from collections.abc import Callable

from gateway.http.client import (
    Ambiguous,
    Client,
    ClientSettings,
    HttpSettings,
    Invalid,
    NotSent,
    SendError,
)

__all__ = [
    "Ambiguous",
    "Client",
    "ClientSettings",
    "Invalid",
    "NotSent",
    "SendError",
    "import_carrier",
    "open_client",
]


def open_client(settings: ClientSettings) -> Client:
    """A client with the carrier in `settings`.

    Call it in the event loop that will send, and never before a fork: its connections and threads
    belong to one process. Raises RuntimeError if no event loop is running.
    """
    return import_carrier(settings)(settings)


def import_carrier(settings: HttpSettings) -> Callable[[ClientSettings], Client]:
    """The function that opens clients with the carrier in `settings`.

    The library is imported here, so that processes that send nothing do not load it. A process
    that forks calls this before, so that its children share the memory.
    """
    if settings.carrier == "httpx":
        from gateway.http.httpx_carrier import HttpxClient

        return HttpxClient
    from gateway.http.fast import open_fast

    return open_fast
