"""A visitor and a backend with a key that keep sending events, in a process of their own.

    python -m tests.attacks.neighbour PORT PREFIX

They stop when a line arrives on standard input. The process then prints as JSON what became of
their events: see `Neighbour`.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from typing import Any

from tests.soak.report import quantile
from tests.soak.sending import Senders, Sent, make_event

RATE = 25
"""Events a second from each."""
CONNECTIONS = 4
GIVE_UP = 60.0
NAMES = {"visitor": ("/collect", "page_view"), "backend": ("/events", "order")}


@dataclass(frozen=True)
class Neighbour:
    """What one of them saw. refused: answers other than 2xx, and tries without an answer, all of
    which were repeated. accepted: ids of its accepted events. seconds: the time until each answer,
    ascending."""

    sent: int
    refused: Counter[str]
    accepted: frozenset[str]
    seconds: list[float]

    @classmethod
    def of(cls, found: dict[str, Any]) -> Neighbour:
        refused = Counter(found["refused"])
        return cls(found["sent"], refused, frozenset(found["accepted"]), found["seconds"])

    @property
    def usual(self) -> float:
        """The median of `seconds`."""
        return quantile(self.seconds, 0.5)

    @property
    def longest(self) -> float:
        return self.seconds[-1] if self.seconds else 0.0


class Neighbours:
    """Both of them, until the result is asked for. prefix: of the ids of their events."""

    def __init__(self, port: int, prefix: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.attacks.neighbour", str(port), prefix],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._process.stdout is not None
        self._process.stdout.readline()  # they have begun

    def result(self) -> dict[str, Neighbour]:
        """Stops them, and returns what each of `NAMES` saw."""
        printed, _ = self._process.communicate(b"\n", timeout=2 * GIVE_UP)
        return {name: Neighbour.of(found) for name, found in json.loads(printed).items()}

    def stop(self) -> None:
        self._process.kill()
        self._process.wait(60)


async def _send(port: int, prefix: str) -> dict[str, Any]:
    told = asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
    found = await asyncio.gather(
        *(
            _send_until(told, port, path, f"{prefix}-{name}", event)
            for name, (path, event) in NAMES.items()
        )
    )
    return dict(zip(NAMES, found, strict=True))


async def _send_until(
    told: asyncio.Future[str], port: int, path: str, prefix: str, event_name: str
) -> dict[str, Any]:
    sent, seconds = Sent(), 0
    while not told.done():
        senders = Senders(port, RATE, path, CONNECTIONS, GIVE_UP, sent)
        ids = (f"{prefix}-{seconds}-{number}" for number in range(RATE))
        await senders.send([make_event(event_id, event_name) for event_id in ids])
        seconds += 1
    return {
        "sent": seconds * RATE,
        "refused": {key: n for key, n in sent.answers.items() if not key.startswith("2")},
        "accepted": [*sent.accepted],
        "seconds": sorted(sent.answer_seconds),
    }


if __name__ == "__main__":
    print("begun", flush=True)
    print(json.dumps(asyncio.run(_send(int(sys.argv[1]), sys.argv[2]))))
