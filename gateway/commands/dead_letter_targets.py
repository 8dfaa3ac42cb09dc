"""The destinations that `gateway dead-letters` is about, and those that are not configured any
more."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from difflib import get_close_matches

import click
from redis.asyncio import Redis

from gateway.commands.targets import Target
from gateway.commands.terminal import printable
from gateway.queue.keys import DestinationKeys
from gateway.settings import Settings

_KEYS = DestinationKeys.of("*").dead
"""The pattern of the keys of dead letters, with the star in the place of the destination."""


async def find_targets(redis: Redis, settings: Settings, names: Sequence[str]) -> list[Target]:
    """The destinations `names`, or all: those in `settings` in their order, then those that are
    gone from there and have dead letters.

    Raises `click.BadParameter` for a name that is neither.
    """
    configured = settings.destinations
    removed = await _removed(redis, configured)
    _check(names, [*configured, *removed])
    targets = [Target.of(name, each) for name, each in configured.items()]
    targets += [Target(name, removed=True) for name in removed]
    return [target for target in targets if target.name in names or not names]


async def _removed(redis: Redis, configured: Collection[str]) -> list[str]:
    """Names of the destinations that have dead letters and are not in `configured`."""
    before, after = _KEYS.split("*")
    found = set()
    async for key in redis.scan_iter(_KEYS, count=1000, _type="stream"):
        name = key.decode(errors="replace").removeprefix(before).removesuffix(after)
        if name not in configured and await redis.xlen(key):
            found.add(name)
    return sorted(found)


def _check(names: Sequence[str], known: Sequence[str]) -> None:
    for name in names:
        if name not in known:
            close = get_close_matches(name, known, n=1, cutoff=0.5)
            hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(known)}."
            raise click.BadParameter(
                printable(f"no destination is named {name!r}; {hint}"), param_hint="--destination"
            )
