"""Few pages look through all stored events at once, some wait, and the rest are told to try
again."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from starlette.datastructures import FormData
from starlette.requests import Request

from gateway.configuration.load import parse_settings
from gateway.console import context
from gateway.console.app import _trouble
from gateway.console.context import BUSY, MAX_WAITING, RETRY_SECONDS, SURVEYS, Console
from gateway.console.stored.survey import MAX_RATE, read_rate
from gateway.console.trouble import Trouble
from gateway.operations.stopped import Stopped

pytestmark = pytest.mark.anyio


@pytest.fixture
def console(monkeypatch: pytest.MonkeyPatch) -> Any:
    async def here(_: str, work: Any) -> Any:
        return await work(None)

    monkeypatch.setattr(context, "apart", here)
    settings = parse_settings("sources: {s: {type: collect}}\ndestinations: {}", "", {})
    console = Console(settings, Path("gateway.yaml"), None, "", None, "")  # type: ignore[arg-type]
    yield console
    console.close()


async def test_too_many_that_wait_are_refused_in_words(console: Console) -> None:
    go_on, at_work = asyncio.Event(), 0

    async def look(_: object) -> int:
        nonlocal at_work
        at_work += 1
        await go_on.wait()
        return at_work

    asked = [asyncio.create_task(console.survey(look)) for _ in range(SURVEYS + MAX_WAITING)]
    await asyncio.sleep(0)
    assert at_work == SURVEYS
    with pytest.raises(Trouble) as refused:
        await console.survey(look)
    told = refused.value
    assert (told.status, told.words, told.retry_after) == (503, BUSY, RETRY_SECONDS)
    request = Request({"type": "http", "path": "/x.json", "headers": [], "query_string": b""})
    assert _trouble(request, told).headers["retry-after"] == str(RETRY_SECONDS)
    go_on.set()
    assert len(await asyncio.gather(*asked)) == SURVEYS + MAX_WAITING
    assert await console.survey(look) > SURVEYS + MAX_WAITING


async def test_one_that_stops_or_is_left_gives_its_place_back(console: Console) -> None:
    async def stop(_: object) -> None:
        raise Stopped("nothing is there")

    for _ in range(SURVEYS + MAX_WAITING + 1):
        with pytest.raises(Trouble, match="Nothing is there"):
            await console.survey(stop)

    async def never(_: object) -> None:
        await asyncio.Event().wait()

    for _ in range(2):
        left = [asyncio.create_task(console.survey(never)) for _ in range(SURVEYS + MAX_WAITING)]
        await asyncio.sleep(0)
        for each in left:
            each.cancel()
        ended = await asyncio.gather(*left, return_exceptions=True)
        assert {type(each) for each in ended} == {asyncio.CancelledError}


@pytest.mark.parametrize("rate", ["1", "500", str(MAX_RATE)])
async def test_a_pace_is_read(rate: str) -> None:
    assert read_rate(FormData({"rate": rate})) == int(rate)


@pytest.mark.parametrize(
    "rate", ["", "0", "-1", "x", "²", str(MAX_RATE + 1), "00000000199999", "000000001" * 5_000]
)
async def test_a_pace_beyond_its_bounds_is_refused_in_words(rate: str) -> None:
    with pytest.raises(Trouble, match="from 1 to 100000 events a second"):
        read_rate(FormData({"rate": rate}))
