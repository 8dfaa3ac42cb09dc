"""The window: how many entries are at work, and how many more may be read."""

from __future__ import annotations

import asyncio
import time

import pytest

from destinations.base import DELIVERED, Outcome, Request
from gateway.delivery.planning import Ended
from gateway.delivery.send import Attempt
from gateway.delivery.window import Window
from tests.support.events import make_entries

REQUEST = Request("POST", "https://vendor.test/events", {}, b"", (0, 1))


@pytest.mark.parametrize(
    ("at_work", "size", "is_waiting", "free"),
    [
        (0, 10, False, 10),
        (7, 10, False, 3),
        (10, 10, False, 0),
        (7, 10, True, 0),
        (6, 10, True, 0),
        (5, 10, True, 5),
        (0, 1, False, 1),
        (1, 1, False, 0),
        (3, 1, False, 0),
        (3, 0, True, 0),
    ],
)
def test_as_many_are_read_as_are_free_and_worth_a_read(
    at_work: int, size: int, is_waiting: bool, free: int
) -> None:
    window = Window(10)
    window.add(make_entries(at_work))
    assert window.free(size, is_waiting) == free


def test_what_is_settled_is_at_work_no_more() -> None:
    window = Window(10)
    first, second, third, fourth = make_entries(4)
    window.add([first, second, third, fourth])
    attempt = Attempt([first, second], REQUEST, None, [DELIVERED] * 2, time.time())
    ended = Ended(third, Outcome("expired", "too old"), time.time())
    window.release([attempt, ended])
    assert window.ids == {fourth.id}


@pytest.mark.anyio
async def test_who_waits_looks_again_when_something_is_settled() -> None:
    window = Window(10)
    window.notify()
    waiting = asyncio.create_task(window.wait(60))
    await asyncio.sleep(0)
    assert not waiting.done()
    window.release([])
    await asyncio.wait_for(waiting, 50)


@pytest.mark.anyio
async def test_who_waits_looks_again_after_a_while() -> None:
    await asyncio.wait_for(Window(10).wait(0.01), 60)
