"""Few pages query the ledger at once, some wait, and the rest are told to try again."""

from __future__ import annotations

import asyncio
import threading

import pytest

from gateway.console.ledger_threads import BUSY, MAX_WAITING, THREADS, LedgerThreads
from gateway.console.trouble import Trouble
from gateway.ledger.folder import LedgerFolder
from gateway.ledger.reading import LedgerReader

pytestmark = pytest.mark.anyio


@pytest.fixture
def threads(tmp_path):
    threads = LedgerThreads(lambda: LedgerReader(LedgerFolder(tmp_path)))
    yield threads
    threads.close()


async def test_too_many_questions_are_refused_in_words(threads):
    go_on = threading.Event()

    def look(reader):
        go_on.wait(60)
        return reader.is_empty()

    asked = [asyncio.create_task(threads.run(look)) for _ in range(THREADS + MAX_WAITING)]
    await asyncio.sleep(0)
    with pytest.raises(Trouble, match="Too many pages") as refused:
        await threads.run(look)
    assert (refused.value.status, refused.value.words) == (503, BUSY)
    go_on.set()
    assert await asyncio.gather(*asked) == [True] * len(asked)
    assert await threads.run(look)


async def test_a_question_that_nobody_waits_for_counts_until_it_is_answered(threads):
    go_on = threading.Event()
    started = [asyncio.create_task(threads.run(lambda _: go_on.wait(60))) for _ in range(THREADS)]
    await asyncio.sleep(0)
    for _ in range(3):  # when waiting questions are cancelled, their places are free again
        waiting = [asyncio.create_task(threads.run(str)) for _ in range(MAX_WAITING)]
        await asyncio.sleep(0)
        for each in waiting:
            each.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
    for each in started:
        each.cancel()
    await asyncio.gather(*started, return_exceptions=True)
    waiting = [asyncio.create_task(threads.run(str)) for _ in range(MAX_WAITING)]
    await asyncio.sleep(0)
    with pytest.raises(Trouble):  # the threads are still busy
        await threads.run(str)
    go_on.set()
    assert len(await asyncio.gather(*waiting)) == MAX_WAITING


async def test_a_mistake_frees_its_place(threads):
    def fail(reader):
        raise ValueError("mistake")

    for _ in range(2 * (THREADS + MAX_WAITING)):
        with pytest.raises(ValueError, match="mistake"):
            await threads.run(fail)


async def test_a_thread_keeps_its_reader(threads):
    readers = {id(await threads.run(lambda reader: reader)) for _ in range(20)}
    assert len(readers) <= THREADS
