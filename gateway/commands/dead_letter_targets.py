"""The destinations that `gateway dead-letters` is about, and those that are not configured any
more."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from difflib import get_close_matches

import click
from redis.asyncio import Redis

from gateway.commands.dead_letter_views import Mask
from gateway.commands.terminal import printable
from gateway.delivery.policy import deadline, is_expired
from gateway.queue.dead_letters import DeadLetter
from gateway.queue.keys import DestinationKeys
from gateway.settings import ForwardingSettings, Settings, build_destination

_KEYS = DestinationKeys.of("*").dead
"""The pattern of the keys of dead letters, with the star in the place of the destination."""


@dataclass(frozen=True, slots=True)
class Target:
    """A destination as it is configured now. max_age: its deadline. mask: hides its secrets.
    removed: it is not configured any more; nothing is known of it but its name."""

    name: str
    max_age: timedelta = timedelta.max
    mask: Mask = str
    dry_run: bool = False
    removed: bool = False

    @classmethod
    def of(cls, name: str, settings: ForwardingSettings) -> Target:
        destination = build_destination(settings)
        max_age = deadline(settings.delivery, destination.limits)
        return cls(name, max_age, destination.mask, settings.dry_run)

    def is_late(self, letter: DeadLetter, now: float) -> bool:
        """Whether `letter` would only expire again."""
        return is_expired(letter.happened_at, now, self.max_age)


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
