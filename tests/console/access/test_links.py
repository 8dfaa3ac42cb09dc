"""One-time links: they work once, within 15 minutes, for a person who presses the button."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from redis.asyncio import Redis

from gateway.console.access.links import USED
from gateway.console.access.one_time_link import one_time_link
from gateway.queue.console_sessions import LINK_SECONDS, ConsoleSessions
from tests.support.console_access import URL, OpenBrowser, words

pytestmark = pytest.mark.anyio


@pytest.fixture
async def link(stored: ConsoleSessions) -> str:
    """The path of a new link."""
    url = await one_time_link(stored, URL)
    assert url.startswith(URL + "/link/")
    return urlsplit(url).path


async def test_the_button_signs_in_as_an_operator(
    browser: OpenBrowser, link: str, logged: Callable[[], list[dict[str, Any]]]
) -> None:
    made = browser()
    page = await made.get(link)
    assert page.status_code == 200
    assert '<form method="post">' in page.text
    answer = await made.post(link)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    shown = (await made.get("/")).json()
    assert (shown["name"], shown["role"]) == ("local", "operator")
    assert [(line["user"], line["command"]) for line in logged()] == [
        ("console:local", "console login")
    ]
    assert link.rpartition("/")[2] not in str(logged())


async def test_programs_that_look_at_it_do_not_use_it_up(browser: OpenBrowser, link: str) -> None:
    for method in ("GET", "HEAD", "GET"):
        assert (await browser().client.request(method, link)).status_code == 200
    scanner = await browser().client.post(link)
    assert scanner.status_code == 403
    assert (await browser().post(link)).status_code == 303


async def test_it_is_used_once_also_at_once(browser: OpenBrowser, link: str) -> None:
    answers = await asyncio.gather(*(browser().post(link) for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [303] + [403] * 19
    late = browser()
    answer = await late.post(link)
    assert (answer.status_code, USED in words(answer)) == (403, True)
    assert (await late.get("/")).status_code == 303


async def test_it_expires(browser: OpenBrowser, link: str, redis: Redis) -> None:
    (key,) = await redis.keys("*:link:*")
    assert 0 < await redis.ttl(key) <= LINK_SECONDS
    await redis.delete(key)
    assert (await browser().post(link)).status_code == 403


@pytest.mark.parametrize(
    "token", ["a", "a" * 43, "a" * 5_000, "%00", "%2e%2e", "<script>", "a%0d%0aset-cookie:x=y"]
)
async def test_any_other_link_is_refused(browser: OpenBrowser, link: str, token: str) -> None:
    answer = await browser().post(f"/link/{token}")
    assert answer.status_code in (403, 404)
    assert "<script>" not in answer.text
    assert "set-cookie" not in answer.headers
    assert (await browser().post(link)).status_code == 303


async def test_refused_ones_are_logged_in_few_lines(
    browser: OpenBrowser, logged: Callable[[], list[dict[str, Any]]]
) -> None:
    for _ in range(5):
        await browser().post("/link/" + "a" * 43)
    assert [(line["command"], line["counts"]) for line in logged()] == [
        ("console login refused", {"refused": 1})
    ]
