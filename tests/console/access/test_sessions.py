"""Sessions: each sign-in has its own, which ends when the configuration no longer allows it."""

from __future__ import annotations

import pytest
from redis.asyncio import Redis

from gateway.queue.console_sessions import ConsoleSessions
from tests.support.console_access import (
    HASHES,
    LOCAL_URL,
    PASSWORD,
    QUICK,
    URL,
    Browser,
    MakeSettings,
    OpenBrowser,
    users,
)

pytestmark = pytest.mark.anyio

SECURE, PLAIN = "__Host-gateway_console", "gateway_console"


async def signed_in(browser: OpenBrowser, name: str = "anna", url: str = URL) -> Browser:
    made = browser(url)
    assert (await made.sign_in(name)).status_code == 303
    return made


async def test_a_session_that_was_brought_along_is_not_used(browser: OpenBrowser) -> None:
    """Session fixation: a token that was known before the sign-in is worth nothing after it."""
    attacker = await signed_in(browser, "ben")
    victim = browser()
    form = {"name": "anna", "password": PASSWORD}
    await victim.post("/login", form, cookie=f"{SECURE}={attacker.token}")
    assert victim.token != attacker.token
    assert (await attacker.get("/")).status_code == 303
    assert (await victim.get("/")).json()["name"] == "anna"


async def test_over_https_a_cookie_of_another_host_counts_for_nothing(
    browser: OpenBrowser,
) -> None:
    """A page of evil.console.example can set a cookie, but none with the prefix ``__Host-``."""
    attacker, victim = await signed_in(browser), browser()
    victim.client.cookies.set(PLAIN, attacker.token)
    assert (await victim.get("/")).status_code == 303
    victim.client.cookies.set(SECURE, attacker.token)
    assert (await victim.get("/")).status_code == 200


@pytest.mark.parametrize("before", [b"\xa0", b"\x85", b"\x1f", b"\x0b", b'"', b"x"])
async def test_a_cookie_with_a_name_that_is_only_alike_counts_for_nothing(
    browser: OpenBrowser, before: bytes
) -> None:
    """Browsers see no prefix ``__Host-`` in the name, so a page of evil.console.example can set
    it."""
    attacker, victim = await signed_in(browser, "ben"), await signed_in(browser)
    own, other = (f"{SECURE}={each.token}".encode() for each in (victim, attacker))
    for sent, status in ((before + other, 303), (own + b"; " + before + other, 200)):
        headers = {b"cookie": sent, b"sec-fetch-site": b"none"}
        answer = await browser().client.get("/", headers=headers)
        assert answer.status_code == status
    assert answer.json()["name"] == "anna"


async def test_whoever_has_a_session_can_sign_in_once_more(
    browser: OpenBrowser, stored: ConsoleSessions
) -> None:
    made = await signed_in(browser, "ben")
    assert (await made.sign_in("anna")).status_code == 303
    assert (await made.get("/")).json()["name"] == "anna"
    assert (await made.post(f"/link/{await stored.make_link()}")).status_code == 303
    assert (await made.get("/")).json()["name"] == "local"


async def test_two_browsers_have_two_sessions(browser: OpenBrowser) -> None:
    one, other = await signed_in(browser), await signed_in(browser)
    assert one.token != other.token
    assert await one.csrf() != await other.csrf()
    await one.post("/logout", {"csrf_token": await one.csrf()})
    assert (await other.get("/")).status_code == 200


async def test_the_csrf_token_is_the_same_for_all_pages_and_not_the_session(
    browser: OpenBrowser,
) -> None:
    made = await signed_in(browser)
    assert await made.csrf() == await made.csrf()
    assert made.token not in await made.csrf()
    assert len(await made.csrf()) == 64


@pytest.mark.parametrize(
    ("after", "stays"),
    [
        (f"hosts: [console.example], {users()}", True),
        (f"hosts: [console.example, other.example], {users()}, session_hours: 1", True),
        (f"hosts: [console.example], {users(role='viewer')}", False),
        (f"hosts: [console.example], {users(QUICK.hash('another'))}", False),
        (
            f"hosts: [console.example], users: {{ben: {{password: '{HASHES['ben']}'}}}}",
            False,
        ),
        ("hosts: [console.example]", False),
    ],
    ids=[
        "the same",
        "other settings",
        "another role",
        "another password",
        "another name",
        "nobody",
    ],
)
async def test_a_session_ends_when_its_user_is_not_the_same(
    browser: OpenBrowser, make_settings: MakeSettings, after: str, stays: bool
) -> None:
    token = (await signed_in(browser)).token
    later = browser(settings=make_settings(after))
    later.client.cookies.set(SECURE, token)
    assert ((await later.get("/")).status_code == 200) == stays
    back = browser()
    back.client.cookies.set(SECURE, token)
    assert ((await back.get("/")).status_code == 200) == stays, "it ended for good"


async def test_all_sessions_can_be_ended(browser: OpenBrowser, stored: ConsoleSessions) -> None:
    made = await signed_in(browser)
    await stored.end_all()
    assert (await made.get("/")).status_code == 303


@pytest.mark.parametrize(
    "value", ["", "a" * 43, "a" * 60_000, "é", "a;b", '"', "../../etc", "0" * 43 + "%00"]
)
async def test_a_cookie_that_is_no_token_is_no_session(browser: OpenBrowser, value: str) -> None:
    made = browser()
    sent = f"{SECURE}={value}; {PLAIN}={value}".encode()
    answer = await made.client.get("/", headers={b"cookie": sent})  # type: ignore[dict-item]
    assert answer.status_code == 303


async def test_a_session_of_another_version_of_the_gateway_is_none(
    browser: OpenBrowser, stored: ConsoleSessions
) -> None:
    for data in (b"{}", b"", b"[1]", b'{"name": "anna", "role": "operator"}'):
        made = browser()
        made.client.cookies.set(SECURE, await stored.start(data, 3600))
        assert (await made.get("/")).status_code == 303


async def test_nothing_in_redis_is_of_use_to_whoever_reads_it(
    browser: OpenBrowser, redis: Redis
) -> None:
    made = await signed_in(browser, url=LOCAL_URL)
    keys = await redis.keys("*")
    (session,) = [key for key in keys if b":session:" in key]
    data = (await redis.hgetall(session))[b"data"].decode()
    everything = " ".join(key.decode() for key in keys) + data
    for secret in (made.token, await made.csrf(), PASSWORD, HASHES["anna"]):
        assert secret not in everything
