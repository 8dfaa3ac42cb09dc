"""What `gateway run` prints once everything runs."""

from __future__ import annotations

import asyncio
from contextlib import aclosing, suppress

from gateway.configuration.settings import Settings, build_sources
from gateway.console.access.one_time_link import one_time_link
from gateway.queue.console_sessions import ConsoleSessions
from gateway.queue.keys import Keys
from gateway.redis_client.connect import RedisError, connect_for_intake
from gateway.runtime.address import Address

FIRST_EVENT = (
    '{"event_name": "page_view", "page_location": "https://shop.example/", "user_id": "u-17", '
    '"consent": {"ad_storage": "granted", "ad_user_data": "granted", '
    '"analytics_storage": "granted"}}'
)
"""States consent, since from this machine no country is known and the strictest default holds, and
a user, since Meta cannot match an address of this machine to a person."""

AGENT = "Mozilla/5.0 Firefox/140.0"
"""With that of curl, or without a browser in it, a rule such as `bots stay out` would drop it."""

MAX_WAIT = 20.0
"""Seconds until the console should listen. It starts with the rest, and takes a second."""
SIGNS_IN = "signs in once, within 15 minutes; `gateway console link` prints another"
NOT_YET = "does not answer yet; `gateway console link` prints a link that signs in"


async def welcome_words(
    settings: Settings, url: str, public: Address, operators: Address, console: Address | None
) -> str:
    """url: of Redis. console: None for no console; the words come once it listens, or has not after
    `MAX_WAIT`."""
    base = public.url
    lines = ["", "The event gateway is running. Press Ctrl-C to stop it.", ""]
    if settings.server.demo:
        lines.append(f"  demo shop   {base}/demo")
    if console is not None:
        lines += await _way_in(settings, url, console)
    lines.append(f"  operators   {operators.url}/metrics and /readyz")
    collect = next(
        (
            (source.settings.paths or source.paths)[0]
            for source in build_sources(settings).values()
            if source.type == "collect"
        ),
        None,
    )
    if collect is not None:
        lines += [
            f"  collect     {base}{collect}",
            "",
            "  Send an event:",
            f"  curl -i {base}{collect} -A '{AGENT}' -d '{FIRST_EVENT}'",
        ]
    return "\n".join([*lines, ""])


async def _way_in(settings: Settings, url: str, console: Address) -> list[str]:
    """A link that signs in once, or the address alone if there can be none now."""
    place, words = console.url, NOT_YET
    with suppress(RedisError, TimeoutError):
        async with aclosing(connect_for_intake(url)) as redis:
            async with asyncio.timeout(MAX_WAIT):
                await _listens(console)
            place = await one_time_link(ConsoleSessions(redis, Keys.of(settings)), console.url)
            words = SIGNS_IN
    return [f"  console     {place}", f"              ({words})"]


async def _listens(address: Address) -> None:
    while True:
        with suppress(OSError):
            _, writer = await asyncio.open_connection(address.near_host, address.port)
            writer.close()
            return
        await asyncio.sleep(0.1)
