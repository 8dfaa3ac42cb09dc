"""The misbehaving sink as a process that can be killed and started again, and its record."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from gateway.system.processes import die_with_parent
from tests.support import misbehaving_vendor as misbehaving
from tests.support import plain_http
from tests.support.gateway_process import free_port, wait_for
from tests.support.misbehaving_vendor import Behaviour


@dataclass(frozen=True, slots=True)
class Arrival:
    """An event in a request that the sink read. at: seconds of the monotonic clock, which all
    processes of a machine share. key: by which the vendor recognises repetitions."""

    at: float
    request: int
    path: str
    mood: str
    taken: bool
    event_id: str
    key: str


class SinkProcess:
    """The sink, with its record in `folder`. It ends with this process, or after `seconds`."""

    def __init__(self, folder: Path, seconds: float = 3600) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._record, self._seconds = folder / "arrivals.txt", seconds
        self._behaviours: dict[str, Behaviour] = {}
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> SinkProcess:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        """Starts the sink, also after `kill`: at the same port, with the same behaviour."""
        options = ["--port", str(self.port), "--seconds", str(self._seconds)]
        self._process = subprocess.Popen(
            [sys.executable, misbehaving.__file__, str(self._record), *options],
            preexec_fn=lambda: die_with_parent(signal.SIGKILL),
        )
        wait_for(self._listens, 10, "the sink to listen")
        for path, behaviour in self._behaviours.items():
            self.behave(path, behaviour)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None

    def behave(self, path: str, behaviour: Behaviour) -> None:
        self._behaviours[path] = behaviour
        if self._process is not None:
            told = plain_http.post(
                f"{self.url}/behave", content=behaviour.as_json(path), timeout=10
            )
            assert told.status_code == 204, told.text

    def arrivals(self, path: str) -> list[Arrival]:
        """The events that arrived at `path`, accepted or not, in order."""
        if not self._record.exists():
            return []
        rows = (line.split(" ") for line in self._record.read_text().splitlines())
        return [
            Arrival(float(at), int(request), where, mood, taken == "1", event_id, key)
            for at, request, where, mood, taken, event_id, key in rows
            if where == path
        ]

    def taken(self, path: str) -> list[Arrival]:
        """The events that were accepted at `path`, in order."""
        return [arrival for arrival in self.arrivals(path) if arrival.taken]

    def _listens(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, "the sink ended"
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return True
        except OSError:
            return False


def times_taken(arrivals: Iterable[Arrival]) -> Counter[str]:
    return Counter(arrival.event_id for arrival in arrivals)


def ids_with_several_keys(arrivals: Iterable[Arrival]) -> list[str]:
    """Events whose repetitions a vendor would not recognise. There must be none."""
    keys: defaultdict[str, set[str]] = defaultdict(set)
    for arrival in arrivals:
        keys[arrival.event_id].add(arrival.key)
    return [event_id for event_id, found in keys.items() if len(found) > 1]
