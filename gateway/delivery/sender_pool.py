"""The sender pool: sends several requests at once, within the rate and as the breaker admits.

The parts of a refused batch go before other shipments that wait, each as a request of its own. They
also keep to the rate, and are handed back if they have not been sent when the drain ends.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence

from gateway.delivery.adaptive_rate import AdaptiveRate
from gateway.delivery.background import Background
from gateway.delivery.breaker import Breaker
from gateway.delivery.planning import Ended, Shipment
from gateway.delivery.send import Result, Sender, Sent
from gateway.queue.entry import Entry
from gateway.system.tasks import wait_for_event

OnSent = Callable[[Sent], None]
"""Called with the result of each shipment."""

LATE_SECONDS = 0.005
"""A request that starts up to this much after its turn does not delay the next one. Timers are late
by about a millisecond, so high rates could not be reached otherwise."""


class SenderPool:
    """Sends shipments, several at once. on_sent: called after each of them."""

    def __init__(
        self,
        sender: Sender,
        rate: AdaptiveRate,
        breaker: Breaker,
        background: Background,
        on_sent: OnSent,
    ) -> None:
        self._sender = sender
        self._rate = rate
        self._breaker = breaker
        self._background = background
        self._on_sent = on_sent
        self._waiting: deque[Shipment] = deque()
        self._fruitless: set[object] = set()
        self._busy = 0
        self._next = asyncio.Lock()
        self._winding_down = asyncio.Event()
        self._stopped = asyncio.Event()

    @property
    def is_busy(self) -> bool:
        """Whether a sender is at work."""
        return self._busy > 0

    @property
    def is_waiting(self) -> bool:
        """Whether a shipment waits for a free sender."""
        return bool(self._waiting)

    def put(self, entries: Sequence[Entry]) -> list[Ended]:
        """Has `entries` sent after those that wait; returns those that end unsent."""
        ended: list[Ended] = []
        for planned in self._sender.plan(entries):
            if isinstance(planned, Ended):
                ended.append(planned)
            else:
                self._waiting.append(planned)
        self._start_senders()
        return ended

    def wind_down(self) -> None:
        """From now on, starts only parts of refused batches without any result yet: the next drain
        would have to halve such a batch from the beginning."""
        self._winding_down.set()

    def stop(self) -> None:
        """Starts no further requests; those under way are completed."""
        self._winding_down.set()
        self._stopped.set()
        self._sender.stop()

    def unsent(self) -> list[Entry]:
        """The entries of the shipments that wait."""
        return [entry for shipment in self._waiting for entry in shipment.entries]

    def take_unsent(self) -> list[Entry]:
        """Removes the shipments that wait, and returns their entries."""
        entries = self.unsent()
        self._waiting.clear()
        self._fruitless.clear()
        return entries

    async def send_now(self, entries: Sequence[Entry]) -> list[Result]:
        """Sends `entries` before those that wait, whatever the breaker says, but within the rate;
        returns their results. The parts of a refused batch wait like other shipments, and so do
        entries whose turn does not come before the drain is stopped."""
        results: list[Result] = []
        for planned in self._sender.plan(entries):
            if isinstance(planned, Ended):
                results.append(planned)
            elif await self._take_turn(len(planned.entries)):
                results += (await self._send(planned)).results
            else:
                self._waiting.append(planned)
        return results

    def _start_senders(self) -> None:
        for _ in range(min(len(self._waiting), self._rate.in_flight - self._busy)):
            self._busy += 1
            self._background.start(self._send_waiting())

    async def _send_waiting(self) -> None:
        """Sends one shipment after the other until none is left, or none may start."""
        try:
            while (shipment := await self._take_next()) is not None:
                self._on_sent(await self._send(shipment))
        finally:
            self._busy -= 1

    async def _take_next(self) -> Shipment | None:
        """Waits for the next turn and returns the shipment that is first then; None if there is
        none, or none may start. One sender at a time waits, so that parts of a refused batch that
        arrive meanwhile go first."""
        async with self._next:
            while (shipment := self._first()) is not None:
                turn, seconds = self._turn()
                if seconds > 0:
                    winding_down = self._winding_down.is_set()
                    event = self._stopped if winding_down else self._winding_down
                    await wait_for_event(event, seconds)
                    continue
                if not self._breaker.admit():
                    return None
                self._waiting.remove(shipment)
                self._rate.take(turn, len(shipment.entries))
                return shipment
        return None

    def _first(self) -> Shipment | None:
        """The waiting shipment to send next."""
        if self._stopped.is_set():
            return None
        if not self._winding_down.is_set():
            return self._waiting[0] if self._waiting else None
        return next((each for each in self._waiting if each.part_of in self._fruitless), None)

    async def _send(self, shipment: Shipment) -> Sent:
        sent = await self._sender.send(shipment, self._take_turn)
        if sent.results:
            self._fruitless.discard(shipment.part_of)
        elif sent.parts:
            self._fruitless.add(sent.parts[0].part_of)
        if sent.parts:
            self._waiting.extendleft(reversed(sent.parts))
            self._start_senders()
        return sent

    async def _take_turn(self, events: int) -> bool:
        """Waits for the next turn, and takes it for a request with `events` events that is not
        among the shipments that wait. False if the drain was stopped first."""
        while not self._stopped.is_set():
            turn, seconds = self._turn()
            if seconds <= 0:
                self._rate.take(turn, events)
                return True
            await wait_for_event(self._stopped, seconds)
        return False

    def _turn(self) -> tuple[float, float]:
        """When the next request has its turn, and the seconds until then."""
        now = time.monotonic()
        turn = self._rate.turn(now - LATE_SECONDS)
        return turn, turn - now
