"""Every peer that is installed delivers each event to all of its destinations, and what a
destination refused is not taken for delivered: else its cost would be that of less work."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.benchmarks.bodies import Body, purchase
from tests.benchmarks.peers.peer import OneProcess, Peer
from tests.benchmarks.scenarios.all_peers import PEERS
from tests.benchmarks.scenarios.beside_peer import SHOP_JOBS
from tests.support import plain_http
from tests.support.gateway_process import wait_for
from tests.support.sink_server import Received, Reply, Sink

EVENTS = 5


@pytest.fixture(params=PEERS, ids=lambda peer: peer.name)
def peer(request: pytest.FixtureRequest) -> Peer:
    found: Peer = request.param
    if not found.is_installed():
        pytest.skip("it is not installed; tests/install-tools bench installs it")
    return found


def test_a_peer_sends_each_event_once_to_each_destination(peer: Peer) -> None:
    with Sink(reply=lambda _: (204, b"")) as sink, peer.start(sink.url, SHOP_JOBS) as started:
        assert _post(started.port, EVENTS) == [204] * EVENTS
        wait_for(lambda: len(sink.requests) >= 3 * EVENTS, 30, "all of the requests")
        started.wait_until_pending()
        assert started.accepted() == EVENTS
    sent = Counter((each.path, each.body["event_id"]) for each in sink.requests)
    paths = [f"/{name}" for name in SHOP_JOBS]
    assert sent == {(path, f"n{number}"): 1 for path in paths for number in range(EVENTS)}


def test_a_peer_does_not_take_a_refused_event_for_delivered(peer: Peer) -> None:
    """A peer with a queue tries again, and one without a queue tells the sender."""
    refused: list[str] = []

    def refuse_once(received: Received) -> Reply:
        if received.path != "/ga4" or refused:
            return 204, b""
        refused.append(received.path)
        return 500, b""

    with Sink(reply=refuse_once) as sink, peer.start(sink.url, SHOP_JOBS) as started:
        answers = _post(started.port, 1)
        if isinstance(started, OneProcess):
            assert answers == [502]
            assert started.accepted() == 0
        else:
            assert answers == [204]
            wait_for(lambda: len(sink.requests) == 3, 60, "the second try")
            started.wait_until_pending()
    assert refused == ["/ga4"]


def _post(port: int, events: int) -> list[int]:
    """The status of each answer."""
    headers = {"content-type": "text/plain"}  # as browsers and the benchmark send it
    url = f"http://127.0.0.1:{port}/collect"
    return [
        plain_http.post(url, content=body, headers=headers).status_code
        for _, body in Body(purchase()).numbered("", events)
    ]
