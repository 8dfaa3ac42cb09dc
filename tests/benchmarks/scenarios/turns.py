"""The gateway and its peers, taking turns under the same load."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from statistics import median

from tests.benchmarks.bodies import Body, purchase
from tests.benchmarks.children import CountingSink
from tests.benchmarks.configurations import NO_LEDGER
from tests.benchmarks.measuring import Loaded, Run, installation, under_load, warm_up
from tests.benchmarks.pace import Pace
from tests.benchmarks.peers.peer import Peer
from tests.benchmarks.plans import Plan

WITHOUT, WITH = "gateway, no ledger", "gateway, with the ledger"

Runs = Mapping[str, Sequence[Run]]
"""The runs of each, round by round, by its name."""


def take_turns(
    peers: Sequence[Peer],
    names: Sequence[str],
    config: Callable[[str], str],
    plan: Plan,
    seconds: int,
    pace: Pace,
) -> Runs:
    """names: of the peers' destinations. config: of the gateway, by the URL of the sink. seconds:
    of each load. Checks that as many events arrive as are accepted."""
    body = Body(purchase())
    with CountingSink(record=True) as sink, ExitStack() as stack:
        started: dict[str, Loaded] = {
            WITHOUT: stack.enter_context(installation(NO_LEDGER + config(sink.url)))
        }
        for peer in peers:
            started[peer.name] = stack.enter_context(peer.start(sink.url, names))
            warm_up(started[peer.name], body, min(peer.warm_up, plan.warm_up_of_peer))
        started[WITH] = stack.enter_context(installation(config(sink.url)))
        runs: dict[str, list[Run]] = {name: [] for name in started}
        for _ in range(plan.rounds_of_peer):
            for name, each in started.items():
                runs[name].append(under_load(each, body, seconds, pace))
        accepted, arrived = sum(each.accepted() for each in started.values()), len(sink.arrivals())
        assert accepted == arrived, f"{accepted} events were accepted, and {arrived} arrived"
    return runs


def middle(runs: Sequence[Run]) -> Run:
    """The run with the median cost of an event."""
    return sorted(runs, key=cost)[len(runs) // 2]


def beside(ours: Sequence[Run], theirs: Sequence[Run]) -> float:
    """The median of what a delivered event costs us, to theirs of the same round."""
    return median(cost(our) / cost(their) for our, their in zip(ours, theirs, strict=True))


def cost(run: Run) -> float:
    return run.each.all
