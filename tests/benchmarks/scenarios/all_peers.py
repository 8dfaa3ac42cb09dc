"""The gateway and every peer that is installed, with three destinations as a shop has them."""

from __future__ import annotations

from collections.abc import Mapping

from tests.benchmarks.configurations import shop
from tests.benchmarks.measuring import COLUMNS, LEGEND
from tests.benchmarks.peers import arq, bullmq, node_red, walkeros
from tests.benchmarks.peers.peer import Peer
from tests.benchmarks.plans import Plan
from tests.benchmarks.results import Section, Yardsticks
from tests.benchmarks.scenarios.beside_peer import SHOP_JOBS
from tests.benchmarks.scenarios.turns import WITH, WITHOUT, Runs, beside, middle, take_turns

PEERS = (bullmq.PEER, walkeros.PEER, node_red.PEER, arq.PEER)
TITLE = "Beside other tools: shop"
MORE_COLUMNS = (*COLUMNS, "gateway to it", "with the ledger")

TEXT = (
    "One event in and three requests out: the gateway and other tools that one could use for this "
    "take turns under the same load, {rounds} times each; each row is the run in the middle by its "
    "cost. A load ends when all is delivered, and stored in the gateway's ledger if there is one. "
    "The last two columns are what a delivered event costs the gateway, without its ledger and "
    "with it, to what it costs the tool, the median of rounds. Each tool is set up as its users "
    "would do it (`tests/benchmarks/peers`), as durable as it can be, in the versions of its lock "
    "file. The tools forward the JSON as it is, and do nothing else. The gateway sends signed "
    "batches in the formats of Meta, GA4 and a webhook, after consent, identity, enrichment, the "
    "PII guard and five rules; it keeps each event on disk until it is delivered, or has an ending "
    "that the ledger tells. "
)


def measure(plan: Plan, yardsticks: Yardsticks) -> Section:
    """Three destinations, beside every other tool that is installed."""
    peers = [peer for peer in PEERS if peer.is_installed()]
    runs = take_turns(peers, SHOP_JOBS, shop, plan, plan.peers_load, yardsticks.pace)
    ratios = {peer.name: _ratios(runs, peer) for peer in peers}
    rows = [
        [*middle(each).row(name, yardsticks), *(f"{ratio:.2f}" for ratio in ratios[name])]
        if name in ratios
        else [*middle(each).row(name, yardsticks), "", ""]
        for name, each in runs.items()
    ]
    return Section(TITLE, text(plan), MORE_COLUMNS, rows, last=in_a_line(ratios))


def _ratios(runs: Runs, peer: Peer) -> tuple[float, float]:
    """What an event costs the gateway, without its ledger and with it, to what it costs `peer`."""
    return beside(runs[WITHOUT], runs[peer.name]), beside(runs[WITH], runs[peer.name])


def text(plan: Plan) -> str:
    """What was done, and how each peer was set up."""
    lines = [TEXT.format(rounds=plan.rounds_of_peer) + LEGEND, ""]
    for peer in PEERS:
        lines.append(f"- {peer.in_words() if peer.is_installed() else _missing(peer)}")
    return "\n".join(lines)


def _missing(peer: Peer) -> str:
    return f"**{peer.name}** was not measured: it is not installed (`tests/install-tools bench`)."


def in_a_line(ratios: Mapping[str, tuple[float, float]]) -> str:
    """ratios: results of `_ratios`, by the name of the peer."""
    found = [
        f"{without:.2f} times {name} ({with_ledger:.2f} with the ledger)"
        for name, (without, with_ledger) in ratios.items()
    ]
    missing = [f"{peer.name} not installed" for peer in PEERS if not peer.is_installed()]
    return f"peers: {', '.join([*found, *missing])}"
