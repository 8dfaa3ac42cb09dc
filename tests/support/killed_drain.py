"""A drain in a process of its own that kills itself at a chosen moment.

Started with the URL of Redis, the file of a `LaterVendor`, and one of `MOMENTS`.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from destinations.base import Request, Response
from gateway.configuration.delivery import DeliverySettings
from gateway.delivery.assignment import Assignment
from gateway.delivery.drain import Drain
from gateway.delivery.stay import Patience, Stay
from gateway.queue.lease import Lease, new_holder
from gateway.queue.settle import Settler
from gateway.queue.submitted import Tickets
from gateway.redis_client.connect import connect_for_work
from tests.support.drains import nobody
from tests.support.keys import ADS, KEYS
from tests.support.later_vendor import LaterParcel, LaterVendor

MOMENTS = ("answered", "submitted", "polling", "polled", "resolved")
"""After the vendor's answer, before or after the ticket is stored; after the vendor is asked about
the ticket; with its verdicts, before or after they are stored."""


def die(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class DyingVendor(LaterVendor):
    async def send(self, request: Request) -> Response:
        response = await super().send(request)
        if request.method == "GET":
            die()
        return response


def kill_around(cls: type, name: str, before: bool, when: Callable[..., object]) -> None:
    """Makes the method kill this process before or after its work, if `when` returns true."""
    method: Callable[..., Awaitable[Any]] = getattr(cls, name)

    async def dying(*args: Any) -> Any:
        is_now = when(*args)
        if is_now and before:
            die()
        result = await method(*args)
        if is_now:
            die()
        return result

    setattr(cls, name, dying)


def is_resolving(_: Settler, __: object, ___: object = (), resolved: object = None) -> bool:
    return resolved is not None


async def drain(url: str, file: Path, moment: str) -> None:
    vendor = (DyingVendor if moment == "polling" else LaterVendor)(file=file)
    if moment in ("answered", "submitted"):
        kill_around(Tickets, "submit", moment == "answered", lambda *_: True)
    if moment in ("polled", "resolved"):
        kill_around(Settler, "settle", moment == "polled", is_resolving)
    async with connect_for_work(url) as redis:
        lease = Lease(redis, ADS, new_holder(), 1)
        await lease.take()
        assignment = Assignment("ads", LaterParcel(), DeliverySettings(tries=1), vendor)
        stay = Stay(redis, KEYS, Patience(20, 60, 60))
        await Drain(redis, KEYS, assignment, lease, stay, lambda _: None, nobody).run()


if __name__ == "__main__":
    asyncio.run(drain(sys.argv[1], Path(sys.argv[2]), sys.argv[3]))
