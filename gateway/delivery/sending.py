"""Sending: a pool of senders, within the rate and as the breaker admits."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress

from gateway.delivery.adaptive_rate import AdaptiveRate
from gateway.delivery.background import Background
from gateway.delivery.breaker import Breaker
from gateway.delivery.planning import Shipment
from gateway.delivery.send import Result, Sender
from gateway.queue.entry import Entry

OnAnswer = Callable[[Sequence[Result]], None]
"""Called with the results of each shipment that was sent."""


class SenderPool:
    """Sends shipments, several at once. on_answer: called as soon as one is answered."""

    def __init__(
        self,
        sender: Sender,
        rate: AdaptiveRate,
        breaker: Breaker,
        background: Background,
        on_answer: OnAnswer,
    ) -> None:
        self._sender = sender
        self._rate = rate
        self._breaker = breaker
        self._background = background
        self._on_answer = on_answer
        self._waiting: deque[Shipment] = deque()
        self._most = 1
        self._busy = 0
        self._stopped = asyncio.Event()

    @property
    def is_busy(self) -> bool:
        """Whether a sender is at work."""
        return self._busy > 0

    @property
    def is_waiting(self) -> bool:
        """Whether a shipment waits for a free sender."""
        return bool(self._waiting)

    def open(self, in_flight: int) -> None:
        """From now on, up to `in_flight` requests are under way at once."""
        self._most = in_flight

    def put(self, shipments: Sequence[Shipment]) -> None:
        self._waiting += shipments
        for _ in range(min(len(self._waiting), self._most - self._busy)):
            self._busy += 1
            self._background.start(self._send_waiting())

    def stop(self) -> None:
        """Starts no further request; those under way come to their end."""
        self._stopped.set()
        self._sender.stop()

    def unsent(self) -> list[Entry]:
        """The entries of the shipments that wait."""
        return [entry for shipment in self._waiting for entry in shipment.entries]

    def take_unsent(self) -> list[Entry]:
        """The same, which are no longer the pool's then."""
        entries = self.unsent()
        self._waiting.clear()
        return entries

    async def send_now(self, shipment: Shipment) -> Sequence[Result]:
        """The results of `shipment`, sent before those that wait and although the breaker admits
        none, but within the rate."""
        seconds = self._rate.wait(len(shipment.entries), time.monotonic())
        if seconds:
            await self._wait(seconds)
        return await self._sender.send(shipment)

    async def _send_waiting(self) -> None:
        """Sends one shipment after the other, while some wait."""
        try:
            while self._waiting and not self._stopped.is_set():
                shipment = self._waiting.popleft()
                seconds = self._rate.wait(len(shipment.entries), time.monotonic())
                if seconds:
                    await self._wait(seconds)
                if self._stopped.is_set() or not self._breaker.admit():
                    self._waiting.appendleft(shipment)
                    return
                self._on_answer(await self._sender.send(shipment))
        finally:
            self._busy -= 1

    async def _wait(self, seconds: float) -> None:
        """Waits, but not after `stop`."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopped.wait(), seconds)
