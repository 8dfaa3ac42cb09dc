"""Pausing: writes the decisions of one drain's breaker to Redis, for all drains."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from redis.asyncio import Redis

from gateway.delivery.breaker import Breaker, Trip
from gateway.queue.keys import DestinationKeys
from gateway.queue.pause import (
    is_paused,
    is_probing,
    note_suspects,
    pause,
    read_suspects,
    resume,
)

log = logging.getLogger(__name__)


class Pausing:
    """The pauses of the destination `name`. Its methods raise what Redis raised.

    mask: masks the destination's secrets, which a vendor may repeat in its reason.
    """

    def __init__(
        self,
        redis: Redis,
        keys: DestinationKeys,
        name: str,
        breaker: Breaker,
        mask: Callable[[str], str],
    ) -> None:
        self._redis = redis
        self._keys = keys
        self._name = name
        self._breaker = breaker
        self._mask = mask

    async def restore(self) -> Sequence[bytes]:
        """Restores the breaker to the state that earlier drains left; returns the ids of their
        suspects."""
        probing = await is_probing(self._redis, self._keys)
        suspects = await read_suspects(self._redis, self._keys)
        self._breaker.restore(await self.is_paused(), probing, bool(suspects))
        return suspects

    async def is_paused(self) -> bool:
        return await is_paused(self._redis, self._keys)

    async def pause(self, trip: Trip, suspects: Sequence[bytes]) -> None:
        """Pauses the destination. suspects: ids of entries that may be to blame."""
        await self.note_suspects(suspects)
        made = await pause(self._redis, self._keys, self._mask(trip.reason), trip.asked)
        self._breaker.pause(made.seconds)
        log.warning("%s is paused for %.0f s: %s", self._name, made.seconds, made.reason)

    async def note_suspects(self, ids: Sequence[bytes]) -> None:
        """Notes the suspects `ids` for the trial of the next drain."""
        await note_suspects(self._redis, self._keys, ids)

    async def resume(self) -> None:
        """Forgets the pauses and the suspects, after a success."""
        await resume(self._redis, self._keys)
