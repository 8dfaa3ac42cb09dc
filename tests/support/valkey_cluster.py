"""A real cluster for tests: masters without replicas, each with an equal share of the slots."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from redis.crc import key_slot

from tests.support.gateway_process import free_port, wait_for
from tests.support.valkey_server import TcpServer

SLOTS = 16384


class _Node(TcpServer):
    def __init__(self, folder: Path, *words: str) -> None:
        self.bus = free_port()
        bus = ("--cluster-enabled", "yes", "--cluster-port", str(self.bus))
        alone = ("--cluster-require-full-coverage", "no", "--cluster-node-timeout", "2000")
        super().__init__(folder, *bus, *alone, "--save", "", *words)


class Cluster:
    """`count` nodes with their files under `folder`, within a `with` block; `url` names them all.

    While a node is away, the others answer for their slots. words: added to each command line.
    """

    def __init__(self, folder: Path, *words: str, count: int = 3) -> None:
        folder.mkdir(exist_ok=True)
        self.nodes = [_Node(folder / f"node-{number}", *words) for number in range(count)]
        self.url = f"cluster://{','.join(f'127.0.0.1:{node.port}' for node in self.nodes)}"

    def __enter__(self) -> Cluster:
        with ExitStack() as started:
            for node in self.nodes:
                started.enter_context(node)
            self._join()
            self._stop = started.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.close()

    def _join(self) -> None:
        for number, node in enumerate(self.nodes):
            with node.client() as redis:
                first, end = (SLOTS * each // len(self.nodes) for each in (number, number + 1))
                redis.execute_command("CLUSTER ADDSLOTSRANGE", first, end - 1)
                for other in self.nodes:
                    redis.execute_command("CLUSTER MEET", "127.0.0.1", other.port, other.bus)
        self.wait_until_joined()

    def wait_until_joined(self) -> None:
        wait_for(lambda: all(map(self._is_joined, self.nodes)), 60, "the cluster to be joined")

    def node_of(self, destination: str) -> _Node:
        """The node that has the keys of `destination`."""
        return self.nodes[key_slot(destination.encode()) * len(self.nodes) // SLOTS]

    def empty(self) -> None:
        """Removes all data and limits."""
        for node in self.nodes:
            node.empty()

    def _is_joined(self, node: _Node) -> bool:
        with node.client() as redis:
            told = redis.cluster("info")
            masters = redis.execute_command("CLUSTER SLOTS")
        return told["cluster_state"] == "ok" and len(masters) == len(self.nodes)
