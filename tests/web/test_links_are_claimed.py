"""A link between domains, from `/link` to its target page, works once, and for its owner only."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from redis import Redis
from redis.asyncio import Redis as AsyncRedis
from starlette.testclient import TestClient

from gateway.configuration.load import parse_settings
from gateway.configuration.settings import Settings
from gateway.queue.entry import Entry
from gateway.redis_client.connect import connect_for_intake
from gateway.sources.base import Refused
from gateway.stages.identity import Link
from gateway.web import link_claims
from gateway.web.link_claims import MAX_LINKS, compile_claim_link
from tests.support.keys import KEYS
from tests.web.conftest import CONFIG, Open

VISITOR = "1525593269.1795289657"
COOKIE = {"cookie": f"visitor_id={VISITOR}"}
THERE = "https://www.shop.test/cart"
Stored = Callable[..., list[Entry]]


@pytest.fixture(scope="module")
def linking() -> Settings:
    return parse_settings(
        CONFIG.replace("server:\n", "server:\n  hash_salt: a-salt-of-some-length\n")
        + "consent: {default: {analytics_storage: granted}, regions: []}\n"
        + "identity: {link_domains: [shop.example, shop.test]}\n"
    )


@pytest.fixture
def web(open_web: Open, linking: Settings) -> TestClient:
    return open_web(settings=linking)


def linked(web: TestClient, **headers: str) -> str:
    """The page that `/link` sends a visitor to."""
    answer = web.get(
        "/link", params={"to": THERE}, headers={**COOKIE, **headers}, follow_redirects=False
    )
    assert "gw_link=" in answer.headers["location"]
    return answer.headers["location"]


def event(page: str, **fields: Any) -> dict[str, Any]:
    return {"event_name": "page_view", "page_location": page, **fields}


def visitors(stored: Stored) -> list[str]:
    return [entry.event["client_id"] for entry in stored()]


def claims(redis: Redis) -> list[Any]:
    return [*redis.scan_iter("gw:link:*")]


def test_a_link_works_once(web: TestClient, stored: Stored, redis: Redis) -> None:
    page = linked(web)

    first = web.post("/collect", json=event(page))
    second = web.post("/collect", json=event(page))

    assert visitors(stored)[0] == VISITOR != visitors(stored)[1]
    assert first.headers["set-cookie"].startswith(f"visitor_id={VISITOR}; ")
    assert VISITOR not in second.headers["set-cookie"]
    assert [entry.event["page_location"] for entry in stored()] == [THERE, THERE]
    [claim] = claims(redis)
    assert 100 < int(redis.ttl(claim)) <= 122  # type: ignore[arg-type]
    assert VISITOR.encode() not in claim


def test_a_request_that_is_sent_again_has_its_link_again(
    web: TestClient, stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = linked(web)
    sent = event(page, event_id="e-1")
    with monkeypatch.context() as full:
        full.setattr("gateway.web.storage.Storage.store", refuse)
        assert web.post("/collect", json=sent).status_code == 503

    web.post("/collect", json=event(page, event_id="e-2"))
    web.post("/collect", json=sent)

    assert [visitor == VISITOR for visitor in visitors(stored)] == [False, True]


async def refuse(*_: object) -> None:
    raise Refused(503, "busy", "Try again.")


def test_the_events_of_one_request_share_it(web: TestClient, stored: Stored) -> None:
    page = linked(web)

    answer = web.post("/collect", json=[event(THERE), event(page), event(page), event(THERE)])

    assert visitors(stored) == [VISITOR] * 4
    [cookie] = answer.headers.get_list("set-cookie")
    assert cookie.startswith(f"visitor_id={VISITOR}; ")


def test_a_used_link_does_not_stand_in_the_way_of_another(web: TestClient, stored: Stored) -> None:
    used, fresh = linked(web), linked(web)
    web.post("/collect", json=event(used))

    web.post("/collect", json=[event(used), event(fresh)])

    assert visitors(stored) == [VISITOR] * 3


@pytest.mark.parametrize(
    ("fields", "headers"),
    [
        ({}, {"cookie": "visitor_id=9.9"}),
        ({"consent": {"analytics_storage": "denied"}}, {}),
        ({}, {"user-agent": "another"}),
    ],
)
def test_who_has_no_use_for_a_link_does_not_use_it_up(
    web: TestClient,
    stored: Stored,
    redis: Redis,
    fields: dict[str, Any],
    headers: dict[str, str],
) -> None:
    page = linked(web)

    web.post("/collect", json=event(page, **fields), headers=headers)
    assert claims(redis) == []
    web.post("/collect", json=event(page))

    assert [entry.event.get("client_id") == VISITOR for entry in stored()] == [False, True]


def test_a_forged_link_writes_nothing(web: TestClient, redis: Redis) -> None:
    forged = linked(web).replace("gw_link=", "gw_link=9")

    web.post("/collect", json=event(forged))

    assert claims(redis) == []


@pytest.mark.parametrize(
    ("follower", "is_known"), [("198.51.100.200", True), ("198.51.101.7", False), ("", False)]
)
def test_behind_a_proxy_the_visitor_s_network_counts_and_not_the_proxy_s(
    open_web: Open, linking: Settings, stored: Stored, follower: str, is_known: bool
) -> None:
    here = open_web(peer="10.0.0.1", settings=linking)
    there = open_web(peer="10.0.0.1" if not is_known else "10.9.9.9", settings=linking)
    page = linked(here, **{"x-forwarded-for": "198.51.100.7"})

    headers = {"x-forwarded-for": follower} if follower else {}
    there.post("/collect", json=event(page), headers=headers)

    assert (visitors(stored) == [VISITOR]) is is_known


def test_what_one_event_of_a_request_denies_no_other_sets(web: TestClient) -> None:
    denied = event(THERE, consent={"analytics_storage": "denied"})
    granted = event(THERE, consent={"analytics_storage": "granted"})

    for batch in ([denied, granted], [granted, denied], [denied, denied, event(THERE)]):
        answer = web.post("/collect", json=batch, headers=COOKIE)
        [cookie] = answer.headers.get_list("set-cookie")
        assert cookie.startswith("visitor_id=; ")
        assert "; Max-Age=0; " in cookie


def test_a_default_that_denies_keeps_the_cookie(open_web: Open, linking: Settings) -> None:
    consent = linking.consent.model_copy(update={"default": {"analytics_storage": "denied"}})
    web = open_web(settings=linking.model_copy(update={"consent": consent}))

    assert "set-cookie" not in web.post("/collect", json=event(THERE), headers=COOKIE).headers


def test_a_link_that_somebody_clicks_plants_no_id(web: TestClient) -> None:
    params = {"event_name": "page_view", "client_id": "6.6"}
    clicked = {"sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}

    assert "set-cookie" not in web.get("/pixel.gif", params=params, headers=clicked).headers
    assert "visitor_id=6.6" in web.get("/pixel.gif", params=params).headers["set-cookie"]


LINKS = [Link(VISITOR, f"{number}", 1_060) for number in range(6)]


@pytest.mark.anyio
async def test_without_redis_no_link_is_claimed() -> None:
    redis = connect_for_intake("redis://127.0.0.1:1")

    assert await compile_claim_link(redis, KEYS)(LINKS, 1_000.0, "") == ""


@pytest.mark.anyio
async def test_nor_when_redis_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    class Silent(AsyncRedis):
        async def set(self, *_: Any, **__: Any) -> Any:
            await asyncio.Event().wait()

    monkeypatch.setattr(link_claims, "CLAIM_SECONDS", 0.01)

    assert await compile_claim_link(Silent(), KEYS)(LINKS, 1_000.0, "") == ""


@pytest.mark.anyio
async def test_one_request_tries_only_so_many(redis_url: str) -> None:
    redis = connect_for_intake(redis_url)
    claim = compile_claim_link(redis, KEYS)

    for link in LINKS[:MAX_LINKS]:
        assert await claim([link, link], 1_000.0, "") == VISITOR

    assert await claim(LINKS, 1_000.0, "") == ""
    assert await claim(LINKS[1:], 1_000.0, "") == VISITOR
    await redis.aclose()
