"""Claims a link that a request's pages were opened with, so that it identifies its visitor once."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence

from redis.asyncio import Redis

from gateway.queue.keys import Keys
from gateway.queue.link_claims import claim_link
from gateway.redis_client.connect import RedisError
from gateway.stages.identity import Link

MAX_LINKS = 4
"""Different links of one request that are tried. A page has one; a batch may be from more pages."""

CLAIM_SECONDS = 1.0
"""How long to wait for Redis: the visitor waits too."""

ClaimLink = Callable[[Sequence[Link], float, str], Awaitable[str]]
"""Takes the links of a request, the time in Unix seconds, and the event id that the sender stated,
or "". Returns the visitor id in the first link that no other event has claimed before, "" if there
is none."""


def compile_claim_link(redis: Redis, keys: Keys) -> ClaimLink:
    """The function that claims a link. A link that cannot be claimed because Redis is away
    identifies no visitor."""

    async def claim(links: Sequence[Link], now: float, event_id: str) -> str:
        different = {link.id: link for link in links}
        with contextlib.suppress(RedisError, TimeoutError):
            async with asyncio.timeout(CLAIM_SECONDS):
                for link in [*different.values()][:MAX_LINKS]:
                    seconds = int(link.expires - now) + 2  # clocks of two servers may differ
                    if await claim_link(redis, keys, link.id, seconds, event_id):
                        return link.visitor
        return ""

    return claim
