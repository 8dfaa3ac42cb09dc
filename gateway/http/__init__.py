"""The one HTTP client through which everything leaves the gateway.

Two carriers do the work, and one test suite holds them to the same behaviour: `fast` (pyreqwest,
the default) and `httpx` (where its mocks are wanted).
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
    """A client with the carrier that `settings` ask for.

    Call it inside the event loop that will send, so never before a fork: its connections and
    threads belong to one process. Raises RuntimeError where no event loop runs.
    """
    return import_carrier(settings)(settings)


def import_carrier(settings: HttpSettings) -> Callable[[ClientSettings], Client]:
    """What opens clients with the carrier that `settings` ask for.

    The library is imported here, not above, since processes that send nothing do without it. One
    that forks calls this before, so that its children share the memory.
    """
    if settings.carrier == "httpx":
        from gateway.http.httpx_carrier import HttpxClient

        return HttpxClient
    from gateway.http.fast import open_fast

    return open_fast
