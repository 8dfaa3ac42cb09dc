"""Makes one-time links, without what it takes to answer a request."""

from __future__ import annotations

from gateway.queue.console_sessions import ConsoleSessions


async def one_time_link(stored: ConsoleSessions, base_url: str) -> str:
    """A URL that signs in once, within 15 minutes, as an operator.

    base_url: where the console is reached, without a path. Raises a redis-py error.
    """
    return f"{base_url}/link/{await stored.make_link()}"
