"""walkerOS: its collector with a source for HTTP, and its API destination for each name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tests.benchmarks.peers.peer import (
    HERE,
    NODE,
    V8_WARM_UP,
    OneProcess,
    Peer,
    Program,
    node_installed,
    node_versions,
    temporary_folder,
    wait_until_it_listens,
)
from tests.support.gateway_process import free_port

SETUP = (
    "One process with walkerOS's collector and an API destination for each of the three; consent, "
    "mapping rules and batches are not used. It has no queue on disk, and tries nothing again. So "
    "that it loses as little as it can, a sender is answered only after all three destinations "
    "took the event, and else gets 502 to try again, which sends it to all three once more. What a "
    "kill interrupts is gone, but was not answered. walkerOS's own source for servers, which uses "
    "Express and by default answers before it sends, is replaced by one that uses Node.js alone, "
    "which costs less. walkerOS's API destination ignores whether its requests succeed; here a "
    "wrapper looks at that."
)


@contextmanager
def start(url: str, names: Sequence[str]) -> Iterator[OneProcess]:
    port = free_port()
    words = [str(HERE / "walkeros" / "flow.js"), str(port), url, *names]
    with temporary_folder() as folder, Program(NODE, words, folder) as web:
        wait_until_it_listens(port)
        yield OneProcess(port, web)


PEER = Peer(
    "walkerOS",
    SETUP,
    node_installed("walkeros"),
    start,
    lambda: node_versions("walkeros"),
    V8_WARM_UP,
)
