"""The destinations that have dead letters, also those that are not configured any more."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from redis.asyncio import Redis

from gateway.configuration.settings import Settings
from gateway.event.text import did_you_mean
from gateway.operations.stopped import Mistaken
from gateway.operations.targets import Target
from gateway.queue.keys import Keys


async def find_targets(redis: Redis, settings: Settings, names: Sequence[str]) -> list[Target]:
    """The destinations `names`, or all: those in `settings` in their order, then removed ones that
    still have dead letters.

    Raises `Mistaken` for any other name.
    """
    configured = settings.destinations
    removed = await _removed(redis, Keys.of(settings), configured)
    check_names(names, [*configured, *removed])
    targets = [Target.of(name, each) for name, each in configured.items()]
    targets += [Target(name, removed=True) for name in removed]
    return [target for target in targets if target.name in names or not names]


async def _removed(redis: Redis, keys: Keys, configured: Collection[str]) -> list[str]:
    """Names of the destinations that have dead letters and are not in `configured`."""
    pattern = keys.destination("*").dead
    before, after = pattern.split("*")
    found = set()
    async for key in redis.scan_iter(pattern, count=1000, _type="stream"):
        name = key.decode(errors="replace").removeprefix(before).removesuffix(after)
        if name not in configured and await redis.xlen(key):
            found.add(name)
    return sorted(found)


def check_names(names: Sequence[str], known: Sequence[str]) -> None:
    """Raises `Mistaken` for the first of `names` that is not `known`."""
    for name in names:
        if name not in known:
            hint = did_you_mean(name, known) or f"; the destinations are {', '.join(known)}."
            raise Mistaken(f"there is no destination {name!r}{hint}", "destination")
