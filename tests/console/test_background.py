"""Work in the background: one at a time for each place, and ended with the process."""

import asyncio

import pytest

from gateway.console.background import MAX_ENDED, Background, Work
from gateway.console.trouble import Trouble
from gateway.operations.stopped import Stopped

NOWHERE = "redis://127.0.0.1:1/0"


def work(*places, title="Replay dead letters"):
    return Work(title, "Replayed", "dropped", frozenset(places), "console:anna", "/dead-letters")


async def until_ended(*works):
    async with asyncio.timeout(60):
        while not all(each.ended for each in works):
            await asyncio.sleep(0.01)


async def count(_, its):
    its.total = 3
    its.advance(3, 2)


async def stop(*_):
    raise Stopped("nothing to do")


async def fail(*_):
    raise ValueError("secret")


async def wait(_, its):
    its.total = 1
    await asyncio.sleep(3600)


def test_its_end_and_counts_are_known():
    async def main():
        background, first = Background(), work("a")
        background.start(NOWHERE, first, count)
        await until_ended(first)
        assert background.find(first.id) is first
        assert (first.total, first.tried, first.succeeded, first.trouble) == (3, 3, 2, "")

    asyncio.run(main())


@pytest.mark.parametrize(
    ("do", "words"), [(stop, "nothing to do"), (fail, "This ended early: ValueError.")]
)
def test_why_it_ended_early_is_said_without_values(do, words):
    async def main():
        background, first = Background(), work("a")
        background.start(NOWHERE, first, do)
        await until_ended(first)
        assert first.trouble.startswith(words)
        assert "secret" not in first.trouble

    asyncio.run(main())


def test_one_at_a_time_in_a_place():
    async def main():
        background, first, other = Background(), work("a", "b"), work("c")
        background.start(NOWHERE, first, wait)
        with pytest.raises(Trouble, match="still at work"):
            background.start(NOWHERE, work("b"), count)
        background.start(NOWHERE, other, count)
        await until_ended(other)
        await background.close()
        background.start(NOWHERE, work("b"), count)
        await background.close()

    asyncio.run(main())


def test_closing_ends_it_and_waits_for_its_end():
    ended = []

    async def with_an_end(_, its):
        its.total = 1
        try:
            await asyncio.sleep(3600)
        finally:
            await asyncio.sleep(0.05)
            ended.append(its)

    async def main():
        background, first = Background(), work("a")
        background.start(NOWHERE, first, with_an_end)
        while first.total is None:
            await asyncio.sleep(0.01)
        await background.close()
        assert ended == [first]
        assert "ended early" in first.trouble

    asyncio.run(main())


def test_only_the_last_that_ended_are_remembered():
    async def main():
        background = Background()
        running = work("running")
        background.start(NOWHERE, running, wait)
        for n in range(MAX_ENDED + 5):
            one = work(f"{n}")
            background.start(NOWHERE, one, count)
            await until_ended(one)
        assert len(background.all()) <= MAX_ENDED + 1
        assert background.find(running.id) is running
        await background.close()

    asyncio.run(main())
