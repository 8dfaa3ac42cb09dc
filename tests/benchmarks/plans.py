"""How much is measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Plan:
    """calibration: seconds in which the cores are watched at rest. load: seconds of each load;
    yardstick: of each yardstick. kinds: of destinations that batch;
    the first has goals. latencies: single events to a drain that is awake, and to one that sleeps.
    backlog: the larger one; rounds: of the one of 1,000. destinations, webs, workers: numbers of
    them. sizes: of events in bytes. drained: the backlog for workers. waiting: events that wait in
    memory. overload: seconds. clustered: events to a cluster. pairs: of loads with the ledger and
    without. starts: of `gateway run`. rounds_of_peer: of loads of the gateway and its peers in
    turn. warm_up_of_peer: events before them, at most."""

    calibration: int = 10
    load: int = 8
    yardstick: int = 5
    kinds: Sequence[str] = ("meta", "ga4")
    latencies: tuple[int, int] = (300, 40)
    backlog: int = 100_000
    rounds: int = 10
    destinations: Sequence[int] = (1, 5, 20)
    sizes: Sequence[int] = (500, 5_000, 50_000)
    webs: Sequence[int] = (1, 2, 4)
    workers: Sequence[int] = (1, 2, 4)
    drained: int = 10_000
    waiting: int = 20_000
    overload: int = 60
    clustered: int = 6_000
    pairs: int = 5
    starts: int = 5
    rounds_of_peer: int = 3
    warm_up_of_peer: int = 10_000

    @property
    def short_load(self) -> int:
        """Seconds of loads that are one of several alike."""
        return max(1, self.load // 2)

    @property
    def peer_load(self) -> int:
        """Seconds of each load of the peer: two at least, for garbage to be collected in it too."""
        return max(2, self.load)

    @property
    def peers_load(self) -> int:
        """Seconds of each load of one of several peers."""
        return max(2, self.load // 2)


DEFAULT = Plan()
FULL = Plan(backlog=1_000_000)
QUICK = Plan(
    calibration=5,
    load=1,
    yardstick=2,
    kinds=("meta",),
    latencies=(60, 5),
    backlog=5_000,
    rounds=2,
    destinations=(1, 5),
    sizes=(5_000, 50_000),
    webs=(2,),
    workers=(2,),
    drained=2_000,
    waiting=5_000,
    overload=8,
    clustered=2_000,
    pairs=2,
    starts=2,
    rounds_of_peer=1,
    warm_up_of_peer=1_000,
)
