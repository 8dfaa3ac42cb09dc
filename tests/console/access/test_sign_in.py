"""Sign-in with a password: who gets in, how many attempts there are, and what is logged."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from redis.asyncio import Redis

from gateway.console.access import sign_in as module
from gateway.queue.console_attempts import NAME_IN_NETWORK, ConsoleAttempts
from gateway.redis_client.connect import connect_for_intake
from tests.support.console_access import (
    LOCAL_URL,
    PASSWORD,
    URL,
    MakeSettings,
    OpenBrowser,
    users,
    words,
)

pytestmark = pytest.mark.anyio

Logged = Callable[[], list[dict[str, Any]]]


async def test_whoever_has_not_signed_in_is_sent_to_the_form(browser: OpenBrowser) -> None:
    stranger = browser()
    answer = await stranger.get("/events/0a?tab=consent&x=%2F")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/login?next=%2Fevents%2F0a%3Ftab%3Dconsent%26x%3D%252F"
    assert answer.headers["cache-control"] == "no-store"
    form = await stranger.get(answer.headers["location"])
    assert form.status_code == 200
    assert 'value="/events/0a?tab=consent&amp;x=%2F"' in form.text


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/who.json", {}),
        ("/", {"accept": "application/json"}),
        ("/", {"accept": "text/event-stream"}),
        ("/", {"hx_request": "true"}),
    ],
)
async def test_programs_and_scripts_are_told_so(
    browser: OpenBrowser, path: str, headers: dict[str, str]
) -> None:
    answer = await browser().get(path, **headers)
    assert answer.status_code == 401
    assert "Sign in first" in answer.json()["error"]
    assert answer.headers["hx-refresh"] == "true"


async def test_styles_are_for_everybody(browser: OpenBrowser) -> None:
    assert (await browser().get("/static/console.css")).text == "style"
    assert (await browser().get("/staticx")).status_code == 303


@pytest.mark.parametrize(("name", "role"), [("anna", "operator"), ("ben", "viewer")])
async def test_with_the_password_one_gets_in_with_the_role(
    browser: OpenBrowser, name: str, role: str
) -> None:
    signed_in = browser()
    answer = await signed_in.sign_in(name, next="/events/0a")
    assert (answer.status_code, answer.headers["location"]) == (303, "/events/0a")
    shown = (await signed_in.get("/events/0a")).json()
    assert (shown["name"], shown["role"]) == (name, role)
    assert (await signed_in.get("/login")).headers["location"] == "/"


@pytest.mark.parametrize(
    "wanted", ["//evil.example", "/\\evil.example", "https:evil.example", "https://evil.example"]
)
async def test_no_link_to_the_form_leads_elsewhere(browser: OpenBrowser, wanted: str) -> None:
    signed_in = browser()
    assert (await signed_in.sign_in(next=wanted)).headers["location"] == "/"
    assert (await signed_in.client.get("/login", params={"next": wanted})).headers[
        "location"
    ] == "/"


@pytest.mark.parametrize(
    ("name", "password"),
    [("anna", "guess"), ("carl", PASSWORD), ("", ""), ("anna", ""), ("local", PASSWORD)],
)
async def test_whoever_is_refused_learns_not_why(
    browser: OpenBrowser, name: str, password: str
) -> None:
    stranger = browser()
    answer = await stranger.sign_in(name, password)
    assert answer.status_code == 403
    assert module.WRONG in words(answer)
    assert not stranger.client.cookies
    assert password not in answer.text or not password


async def test_what_strangers_type_is_escaped(browser: OpenBrowser) -> None:
    nasty = "<script>alert(1)</script>\" autofocus onfocus='x' \u202e\x1b[2J"
    answer = await browser().sign_in(nasty, next='/"><script>')
    assert answer.status_code == 403
    assert "<script>" not in answer.text
    assert '" autofocus onfocus' not in answer.text
    assert "\u202e" not in answer.text
    assert "\x1b" not in answer.text


async def test_no_page_has_inline_styles_scripts_or_handlers(browser: OpenBrowser) -> None:
    for path in ("/login", "/link/abc"):
        text = (await browser().get(path)).text
        for forbidden in ("<script", "<style", " style=", " onclick=", "hx-on", "javascript:"):
            assert forbidden not in text


@pytest.mark.parametrize(
    ("url", "cookie"),
    [
        (URL, "__Host-gateway_console="),
        (LOCAL_URL, "gateway_console="),
        ("http://console.example", "gateway_console="),
    ],
)
async def test_the_cookie_is_as_safe_as_the_connection_allows(
    browser: OpenBrowser, url: str, cookie: str
) -> None:
    signed_in = browser(url)
    signed_in.client.headers["x-forwarded-proto"] = "https"
    fetch_site = {} if url == "http://console.example" else {"sec-fetch-site": "same-origin"}
    answer = await signed_in.client.post(
        "/login",
        data={"name": "anna", "password": PASSWORD},
        headers={"origin": url, **fetch_site},
    )
    header = answer.headers["set-cookie"]
    assert header.startswith(cookie)
    attributes = {each.strip().lower() for each in header.split(";")[1:]}
    assert {"httponly", "samesite=lax", "path=/"} <= attributes
    assert ("secure" in attributes) == (url == URL)
    assert not any(each.startswith("domain") for each in attributes)


async def test_behind_a_proxy_that_ends_tls_the_cookie_is_secure_too(browser: OpenBrowser) -> None:
    signed_in = browser("http://console.example")
    answer = await signed_in.post(
        "/login", {"name": "anna", "password": PASSWORD}, origin="https://console.example"
    )
    assert answer.headers["set-cookie"].startswith("__Host-gateway_console=")
    assert "Secure" in answer.headers["set-cookie"]


async def test_an_open_line_is_said(browser: OpenBrowser) -> None:
    open_line = browser("http://console.example")
    del open_line.client.headers["accept"]
    form = await open_line.client.get("/login")
    assert "not encrypted" in form.text
    for url in (URL, LOCAL_URL):
        assert "not encrypted" not in (await browser(url).get("/login")).text


async def test_signing_out_ends_the_session(browser: OpenBrowser, logged: Logged) -> None:
    signed_in = browser()
    await signed_in.sign_in()
    token = signed_in.token
    answer = await signed_in.post("/logout", {"csrf_token": await signed_in.csrf()})
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    assert not signed_in.client.cookies
    stolen = browser()
    stolen.client.cookies.set("__Host-gateway_console", token)
    assert (await stolen.get("/")).status_code == 303
    assert [line["command"] for line in logged()] == ["console login", "console logout"]
    assert {line["user"] for line in logged()} == {"console:anna"}


async def test_the_log_knows_attempts_but_neither_passwords_nor_what_strangers_typed(
    browser: OpenBrowser, logged: Logged, make_settings: MakeSettings
) -> None:
    stranger = browser()
    await stranger.sign_in("my-pass-word", "wrong-secret")
    for _ in range(3):
        await stranger.sign_in("anna", "wrong-secret")
    await stranger.sign_in()
    assert [(line["user"], line["command"], line["counts"]) for line in logged()] == [
        ("console:(unknown)", "console login refused", {"refused": 1}),
        ("console:anna", "console login refused", {"refused": 1}),
        ("console:anna", "console login", {"refused_before": 2}),
    ]
    text = str(logged())
    assert "wrong-secret" not in text
    assert "my-pass-word" not in text
    assert PASSWORD not in text
    assert stranger.token not in text


async def test_a_log_that_cannot_be_written_keeps_nobody_out(
    browser: OpenBrowser,
    make_settings: MakeSettings,
    caplog: pytest.LogCaptureFixture,
) -> None:
    (make_settings().redis.data_dir / "operators.log").mkdir(parents=True)
    (make_settings().redis.data_dir / "ledger" / "operators.log").mkdir(parents=True)
    assert (await browser().sign_in()).status_code == 303
    assert "log of operators' actions cannot be written" in caplog.text


async def test_brute_force_is_slowed_down_and_told_when_to_come_back(
    browser: OpenBrowser,
) -> None:
    stranger = browser()
    answers = [await stranger.sign_in("anna", f"guess-{n}") for n in range(12)]
    statuses = [answer.status_code for answer in answers]
    assert statuses == [403] * NAME_IN_NETWORK.attempts + [429] * (12 - NAME_IN_NETWORK.attempts)
    last = answers[-1]
    assert 0 < int(last.headers["retry-after"]) <= NAME_IN_NETWORK.seconds
    assert "gateway console link" in words(last)
    assert (await stranger.sign_in()).status_code == 429  # also with the right password


async def test_attempts_at_once_get_no_further(browser: OpenBrowser) -> None:
    stranger = browser()
    answers = await asyncio.gather(*(stranger.sign_in("anna", f"guess-{n}") for n in range(20)))
    assert [answer.status_code for answer in answers].count(403) == NAME_IN_NETWORK.attempts


async def test_a_stranger_locks_nobody_out(
    browser: OpenBrowser, attempts_of_strangers: int
) -> None:
    anna = browser(address="198.51.100.1")
    assert (await anna.sign_in()).status_code == 303
    for n in range(attempts_of_strangers + 3):
        await browser(address=f"203.0.{n}.7").sign_in("anna", "guess")
    assert (await browser(address="192.0.2.1").sign_in("anna", "guess")).status_code == 429
    assert (await browser(address="198.51.100.1").sign_in()).status_code == 303


async def test_the_addresses_of_one_ipv6_network_count_as_one(browser: OpenBrowser) -> None:
    statuses = [
        (await browser(address=f"2001:db8::{n:x}").sign_in("anna", "guess")).status_code
        for n in range(8)
    ]
    assert statuses == [403] * 5 + [429] * 3


async def test_only_a_trusted_proxy_states_the_address(
    browser: OpenBrowser, make_settings: MakeSettings
) -> None:
    proxied = make_settings(rest='server: {trusted_proxies: ["10.0.0.0/8"]}\n')
    for peer, expected in (("203.0.113.7", 429), ("10.0.0.1", 403)):
        for n in range(8):
            stranger = browser(settings=proxied, address=peer)
            stranger.client.headers["x-forwarded-for"] = f"198.51.{n}.1"
            answer = await stranger.sign_in("ben", "guess")
        assert answer.status_code == expected


async def test_without_redis_nobody_gets_in(browser: OpenBrowser) -> None:
    async with connect_for_intake("redis://127.0.0.1:1") as away:
        stranger = browser(redis=away)
        for answer in (await stranger.sign_in(), await stranger.post("/link/" + "a" * 43)):
            assert answer.status_code == 503
            assert answer.headers["retry-after"] == "2"
            assert "Redis does not answer" in words(answer)
        stranger.client.cookies.set("__Host-gateway_console", "a" * 43)
        assert (await stranger.get("/")).status_code == 503
        assert (await stranger.get("/who.json")).status_code == 503


async def test_too_many_at_once_are_told_to_come_back(
    browser: OpenBrowser, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def busy(*_: object) -> bool:
        raise module.Busy

    monkeypatch.setattr(module.Passwords, "verify", busy)
    answer = await browser().sign_in()
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "3")


async def test_an_older_hash_is_said_to_the_operator(
    browser: OpenBrowser, caplog: pytest.LogCaptureFixture
) -> None:
    await browser().sign_in()
    assert "console.users.anna has older parameters" in caplog.text
    assert "$argon2id" not in caplog.text


async def test_the_line_in_the_log_is_written_after_the_answer(
    browser: OpenBrowser, attempts: ConsoleAttempts, monkeypatch: pytest.MonkeyPatch, redis: Redis
) -> None:
    """The time until the answer must not reveal which names exist."""
    order: list[str] = []

    async def noted(*_: object) -> int:
        order.append("noted")
        return 0

    monkeypatch.setattr(ConsoleAttempts, "refused", noted)
    access = browser().client._transport.app  # type: ignore[attr-defined]
    body = b"name=anna&password=wrong"
    headers = {
        b"host": b"console.example",
        b"sec-fetch-site": b"same-origin",
        b"content-type": b"application/x-www-form-urlencoded",
        b"accept": b"text/html",
    }
    scope = {
        "type": "http",
        "method": "POST",
        "scheme": "http",
        "path": "/login",
        "query_string": b"",
        "client": ("203.0.113.7", 1),
        "headers": [*headers.items()],
    }

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": body}

    async def send(message: dict[str, object]) -> None:
        order.append(str(message["type"]))

    await access(scope, receive, send)
    assert order == ["http.response.start", "http.response.body", "noted"]


async def test_without_users_there_is_no_form(
    browser: OpenBrowser, make_settings: MakeSettings
) -> None:
    empty = make_settings("hosts: [console.example]")
    form = await browser(settings=empty).get("/login")
    assert "gateway console link" in form.text
    assert "password" not in form.text.replace("Without a password", "")
    assert (await browser(settings=empty).sign_in()).status_code == 403


async def test_a_user_whose_name_is_an_address(
    browser: OpenBrowser, make_settings: MakeSettings
) -> None:
    settings = make_settings(
        f"hosts: [console.example], {users().replace('anna', 'anna@shop.example')}"
    )
    signed_in = browser(settings=settings)
    assert (await signed_in.sign_in("anna@shop.example")).status_code == 303
