"""Senders that repeat each request to a gateway on a cluster until it is accepted."""

from __future__ import annotations

import asyncio
import time
from collections import Counter

import httpx

IN_A_REQUEST = 4


class Senders:
    """Send numbered events. A request that fails is repeated with the same ids, at another port."""

    def __init__(self, ports: list[int], events: int) -> None:
        self._ports, self._left = ports, iter(range(0, events, IN_A_REQUEST))
        self.taken, self.answers = 0, Counter[int]()

    async def send(self, senders: int) -> None:
        async with httpx.AsyncClient(verify=False) as client:
            await asyncio.gather(*(self._send(client, each) for each in range(senders)))

    async def _send(self, client: httpx.AsyncClient, sender: int) -> None:
        for first in self._left:
            deadline = time.monotonic() + 180
            while not await self._is_taken(client, self._ports[sender % len(self._ports)], first):
                sender += 1  # another process
                assert time.monotonic() < deadline, "waited 180 s for an event to be taken"
                await asyncio.sleep(0.1)
            self.taken += IN_A_REQUEST

    async def _is_taken(self, client: httpx.AsyncClient, port: int, first: int) -> bool:
        events = [
            {"event_name": "purchase", "event_id": f"event-{number}", "client_id": "a.1"}
            for number in range(first, first + IN_A_REQUEST)
        ]
        headers = {"authorization": "Bearer key"}
        url = f"http://127.0.0.1:{port}/events"
        try:
            answer = await client.post(url, json=events, headers=headers, timeout=60)
        except httpx.TransportError:  # the process was killed
            self.answers[0] += 1
            return False
        self.answers[answer.status_code] += 1
        return answer.status_code == 200
