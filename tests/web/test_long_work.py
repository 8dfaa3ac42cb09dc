"""Requests of strangers share a turn of the event loop; those with a key do not wait for one."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from starlette.testclient import TestClient

from gateway.sources.base import Refused
from gateway.web import deciding, long_requests, long_work
from gateway.web.long_work import LOOKING, SMALL_BATCH, LongWork

KEY = {"authorization": "Bearer test-key"}


@pytest.mark.anyio
async def test_one_goes_on_in_each_turn_in_the_order_in_which_they_came(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(long_work, "TURN_SECONDS", 0.0)
    work, order = LongWork(), list[Any]()

    async def work_on(number: int) -> None:
        await work.wait(10)
        order.append(number)

    async def others() -> None:
        for _ in range(5):
            order.append("turn")
            await asyncio.sleep(0)

    await asyncio.gather(*(work_on(number) for number in range(5)), others())
    assert order == [0, "turn", 1, "turn", 2, "turn", 3, "turn", 4, "turn"]


@pytest.mark.anyio
async def test_a_turn_with_time_left_takes_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(long_work, "TURN_SECONDS", 60.0)
    work = LongWork()
    waiting = [asyncio.ensure_future(work.wait(10**9)) for _ in range(100)]
    await asyncio.sleep(0)
    assert all(each.done() for each in waiting)


@pytest.mark.anyio
async def test_many_that_wait_have_their_turn_in_the_order_in_which_they_came(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Only the first of them look at every turn; a newcomer does not overtake the others."""
    monkeypatch.setattr(long_work, "TURN_SECONDS", 0.0)
    work, order, looks = LongWork(), list[int](), list[None]()
    look = work._turn_is_over
    monkeypatch.setattr(work, "_turn_is_over", lambda: looks.append(None) or look())

    async def work_on(number: int) -> None:
        await work.wait(10)
        order.append(number)
        if number == 10:
            monkeypatch.setattr(long_work, "TURN_SECONDS", 60.0)  # now all turns have time left
            newcomers.append(asyncio.ensure_future(work_on(100)))

    newcomers = list[asyncio.Future[None]]()
    await asyncio.gather(*(work_on(number) for number in range(100)))
    await asyncio.gather(*newcomers)
    assert order == list(range(101))
    assert len(looks) < 100 * (LOOKING + 2)


@pytest.mark.anyio
async def test_newcomers_do_not_overtake_those_who_are_about_to_look(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All who look have their turn at once, and the next ones are only just woken."""
    monkeypatch.setattr(long_work, "TURN_SECONDS", 0.0)
    work, order, newcomers = LongWork(), list[int](), list[asyncio.Future[None]]()

    async def work_on(number: int) -> None:
        await work.wait(10)
        order.append(number)
        if number == 10:
            monkeypatch.setattr(long_work, "TURN_SECONDS", 60.0)
        if 10 <= number < 90:
            newcomers.append(asyncio.ensure_future(work_on(100 + number)))

    await asyncio.gather(*(work_on(number) for number in range(100)))
    await asyncio.gather(*newcomers)
    assert order == [*range(100), *range(110, 190)]


@pytest.mark.anyio
async def test_what_waits_is_bounded_and_has_its_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(long_work, "TURN_SECONDS", 0.0)
    monkeypatch.setattr(long_work, "MAX_WAITING_BYTES", 100)
    work = LongWork()
    found = await asyncio.gather(*(work.wait(40) for _ in range(5)), return_exceptions=True)
    refused = [each for each in found if each is not None]
    assert found[:3] == [None] * 3
    assert [each.reason for each in refused if isinstance(each, Refused)] == ["busy"] * 2
    assert await asyncio.gather(*(work.wait(40) for _ in range(3))) == [None] * 3


@pytest.mark.anyio
async def test_who_goes_away_while_waiting_leaves_the_place_to_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(long_work, "TURN_SECONDS", 0.0)
    monkeypatch.setattr(long_work, "MAX_WAITING_BYTES", 100)
    work = LongWork()
    await work.wait(1)
    gone = asyncio.ensure_future(work.wait(100))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.wait([gone])
    assert await asyncio.gather(work.wait(1), work.wait(100)) == [None, None]


VIEW = {"event_name": "page_view"}
MANY = [VIEW] * (SMALL_BATCH + 1)


@pytest.mark.parametrize(
    ("path", "headers", "body", "waits"),
    [
        ("/collect", {}, VIEW, (False, True)),
        ("/collect", KEY, VIEW, (False, True)),
        ("/collect", {}, [VIEW] * SMALL_BATCH, (False, True)),
        ("/collect", {}, MANY, (True, True)),
        ("/events", KEY, VIEW, (False, False)),
        ("/events", KEY, MANY, (False, False)),
        ("/events", {}, VIEW, (False, True)),
    ],
)
def test_requests_without_a_key_wait_in_a_turn_that_is_over_and_many_events_in_any(
    web: TestClient,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
    headers: dict[str, str],
    body: Any,
    waits: tuple[bool, bool],
) -> None:
    waited = []

    async def wait(self: LongWork, size: int) -> None:
        waited.append(size)

    monkeypatch.setattr(LongWork, "wait", wait)
    monkeypatch.setattr(deciding, "TURN_SECONDS", 60.0)  # a slow machine may take longer
    found = []
    for seconds in (60.0, -1.0):
        monkeypatch.setattr(long_work, "TURN_SECONDS", seconds)
        waited.clear()
        assert web.post(path, json=body, headers=headers).status_code in (200, 204, 401)
        found.append(bool(waited))
    assert tuple(found) == waits


def test_headers_count_among_what_waits(web: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise 1,500 requests with 60 KB of headers held 220 MB."""
    monkeypatch.setattr(long_work, "MAX_WAITING_BYTES", 20_000)
    monkeypatch.setattr(long_requests, "MAX_WAITING_BYTES", 20_000)
    large = {"x-large": "x" * 30_000}
    assert web.post("/collect", json=VIEW, headers=large).status_code == 204
    assert web.post("/collect", json=[VIEW] * 100).status_code == 204
    assert web.post("/collect", json=[VIEW] * 100, headers=large).json()["reason"] == "busy"
    monkeypatch.setattr(long_work, "TURN_SECONDS", -1.0)
    assert web.post("/collect", json=VIEW, headers=large).json()["reason"] == "busy"
