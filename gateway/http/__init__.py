"""The one HTTP client through which everything leaves the gateway.

Two carriers do the work, and one test suite holds them to the same behaviour: `fast` (pyreqwest,
the default) and `httpx` (where its mocks are wanted).
"""

from gateway.http.client import Ambiguous, Client, ClientSettings, NotSent, SendError
from gateway.http.fast import open_fast
from gateway.http.httpx_carrier import HttpxClient

__all__ = ["Ambiguous", "Client", "ClientSettings", "NotSent", "SendError", "open_client"]


def open_client(settings: ClientSettings) -> Client:
    """A client with the carrier that `settings` ask for.

    Call it inside the event loop that will send, so never before a fork: its connections and
    threads belong to one process. Raises RuntimeError where no event loop runs.
    """
    return HttpxClient(settings) if settings.carrier == "httpx" else open_fast(settings)
