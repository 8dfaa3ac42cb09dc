"""Runs an attack while neighbours send, and measures what it costs them and the web process."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.attacks.attacks import Attack
from tests.attacks.flood import Answers
from tests.attacks.neighbour import Neighbour, Neighbours
from tests.attacks.target import Target

LOOK_SECONDS = 0.1
ARRIVAL_SECONDS = 120.0
AFTER_SECONDS = 1.0
"""How long the neighbours send after an attack has ended."""


@dataclass(frozen=True)
class Normal:
    """neighbours: what they saw while nothing else was sent. request: CPU seconds of the web
    process for each of their requests."""

    neighbours: dict[str, Neighbour]
    request: float


@dataclass
class Memory:
    """MB of the web process: before the attack, and at most."""

    before: float
    most: float


@dataclass(frozen=True)
class Measured:
    """hold: the longest time that the event loop was held, in CPU seconds. lost: ids of the
    neighbours' events that were accepted but did not arrive, and a text for each event that was
    never accepted."""

    attack: Attack
    answers: Answers
    neighbours: dict[str, Neighbour]
    memory: Memory
    hold: float
    lost: list[str] = field(default_factory=list)

    def problems(self) -> list[str]:
        """What is not as promised; empty when all is well."""
        found = []
        if unexpected := self.answers.keys() - self.attack.expected:
            found.append(f"unexpected answers: {sorted(unexpected)}")
        if not self.answers:
            found.append("no answers")
        if refused := self.neighbours["backend"].refused:
            found.append(f"the backend was refused: {dict(refused)}")
        if self.lost:
            found.append(f"{len(self.lost)} events of neighbours are lost")
        if (grown := self.memory.most - self.memory.before) > self.attack.memory:
            found.append(f"the web process grew by {grown:.0f} MB")
        return found


def measure_normal(target: Target, seconds: float) -> Normal:
    """Measures the neighbours alone. What an idle process uses, mainly to watch its loop, is not
    counted."""
    idle = target.cpu()
    time.sleep(seconds / 2)
    idle = 2 * (target.cpu() - idle)  # for as long as they send
    before = target.cpu()
    sending = Neighbours(target.port, "normal")
    time.sleep(seconds)
    neighbours = sending.result()
    used = target.cpu() - before - idle
    return Normal(neighbours, used / sum(each.sent for each in neighbours.values()))


def measure(target: Target, attack: Attack, seconds: float) -> Measured:
    """Runs `attack` for at least `seconds`."""
    neighbours = Neighbours(target.port, str(time.monotonic_ns()))
    try:
        began = time.monotonic()
        with _memory(target) as memory:
            answers = asyncio.run(attack.run(target, began + seconds))  # type: ignore[arg-type]
            time.sleep(AFTER_SECONDS)
            found = neighbours.result()
        ended = time.monotonic()
    finally:
        neighbours.stop()
    hold = target.longest_hold(began, ended)
    return Measured(attack, answers, found, memory, hold, _lost(target, found))


@contextmanager
def _memory(target: Target) -> Iterator[Memory]:
    before = target.memory()
    memory, done = Memory(before, before), threading.Event()

    def look() -> None:
        while not done.wait(LOOK_SECONDS):
            memory.most = max(memory.most, target.memory())

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield memory
    finally:
        done.set()
        thread.join()


def _lost(target: Target, neighbours: dict[str, Neighbour]) -> list[str]:
    accepted = {each for neighbour in neighbours.values() for each in neighbour.accepted}
    sent = sum(neighbour.sent for neighbour in neighbours.values())
    never = [f"not accepted {number}" for number in range(sent - len(accepted))]
    deadline = time.monotonic() + ARRIVAL_SECONDS
    while (missing := accepted - target.arrived()) and time.monotonic() < deadline:
        time.sleep(0.2)
    return never + sorted(missing)
