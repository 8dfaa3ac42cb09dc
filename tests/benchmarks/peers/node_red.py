"""Node-RED: a flow with an HTTP endpoint and three HTTP requests."""

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

FOLDER = HERE / "node_red"

SETUP = (
    "Without its editor. Its flow (`flows.json`) reads the JSON, sends it with three nodes of the "
    "kind `http request`, with open connections, joins what they get, and answers 204 if all three "
    "took the event, "
    "else 502 for the sender to try again, which sends it to all three once more. Node-RED keeps "
    "messages in memory alone and tries nothing again: what a kill interrupts is gone, but was not "
    "answered."
)


@contextmanager
def start(url: str, names: Sequence[str]) -> Iterator[OneProcess]:
    """names: those that the flow has a node for."""
    port, program = free_port(), str(FOLDER / "node_modules" / "node-red" / "red.js")
    words = [program, "--settings", str(FOLDER / "settings.js")]
    variables = {name.upper(): f"{url}/{name}" for name in names}
    with temporary_folder() as folder:
        variables |= {"PORT": str(port), "USER_DIR": str(folder)}
        with Program(NODE, words, folder, **variables) as web:
            wait_until_it_listens(port)
            yield OneProcess(port, web)


PEER = Peer(
    "Node-RED",
    SETUP,
    node_installed("node_red"),
    start,
    lambda: node_versions("node_red"),
    V8_WARM_UP,
)
