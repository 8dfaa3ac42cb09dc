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
"""It states consent, since the country of this machine is unknown and the strictest default would
hold, and a user, since Meta cannot match an address of this machine to a person."""

AGENT = "Mozilla/5.0 Firefox/140.0"
"""User agent of a browser: with that of curl, a rule such as `bots stay out` would drop the
event."""

MAX_WAIT = 20.0
"""Seconds to wait for the console, which usually listens within a second."""
SIGNS_IN = "signs in once, within 15 minutes; `gateway console link` prints another"
NOT_YET = "does not answer yet; `gateway console link` prints a link that signs in"


async def welcome_words(
    settings: Settings, url: str, public: Address, operators: Address, console: Address | None
) -> str:
    """The text to print. Waits for the console up to `MAX_WAIT`. url: of Redis. console: None for
    no console."""
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
    """The lines for the console: with a link that signs in once, or the address alone if no link
    can be made now."""
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
