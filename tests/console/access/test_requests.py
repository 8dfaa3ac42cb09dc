"""Only the console's own pages can make it act, and only as far as the user's role allows."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from gateway.console.access import requests as module
from gateway.console.access.requests import BODY_BYTES, FOREIGN, SIGNED_IN_BYTES, STALE, OwnRequests
from tests.support.console_access import URL, Browser, OpenBrowser, words

pytestmark = pytest.mark.anyio


@pytest.fixture
async def anna(browser: OpenBrowser) -> Browser:
    made = browser()
    await made.sign_in()
    return made


async def test_a_form_with_the_token_is_carried_out(anna: Browser) -> None:
    token = await anna.csrf()
    answer = await anna.post("/act", {"csrf_token": token, "reason": "a b&c"})
    assert answer.json()["body"] == f"csrf_token={token}&reason=a+b%26c"


async def test_a_script_sends_the_token_in_a_header(anna: Browser) -> None:
    token = await anna.csrf()
    for method in ("POST", "PUT", "DELETE"):
        headers = {"sec-fetch-site": "same-origin", "x-csrf-token": token}
        answer = await anna.client.request(method, "/act", content=b"{}", headers=headers)
        assert answer.json() == {"body": "{}"}


async def test_a_form_with_a_file_is_read_too(anna: Browser) -> None:
    headers = {"sec-fetch-site": "same-origin"}
    data, files = {"csrf_token": await anna.csrf()}, {"har": ("a.har", b"{}")}
    answer = await anna.client.post("/form", data=data, files=files, headers=headers)
    assert answer.json()["csrf_token"] == data["csrf_token"]
    assert "a.har" in answer.json()["har"]
    answer = await anna.client.post("/form", files=files, headers=headers)
    assert answer.status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site", "origin": "https://evil.example"},
        {"sec-fetch-site": "same-site", "origin": "https://evil.console.example"},
        {"sec-fetch-site": "none"},
        {"sec-fetch-site": "cross-site", "origin": URL},
        {"sec-fetch-site": ""},
        {"sec-fetch-site": "same-origin, same-origin"},
        {"origin": "https://evil.example"},
        {"origin": "https://console.example.evil.example"},
        {"origin": "https://console.example:8443"},
        {"origin": "null"},
        {"origin": "ftp://console.example"},
        {"origin": "console.example"},
        {"origin": ""},
        {"referer": "https://console.example/"},
        {},
    ],
)
async def test_another_page_makes_it_do_nothing(anna: Browser, headers: dict[str, str]) -> None:
    """Not even a page that knows the token. Sign-ins and links are refused from there too."""
    token = await anna.csrf()
    for path in ("/act", "/login", "/logout", "/link/" + "a" * 43):
        answer = await anna.client.post(path, data={"csrf_token": token}, headers=headers)
        assert (answer.status_code, FOREIGN in words(answer)) == (403, True)
    assert (await anna.get("/")).status_code == 200


async def test_a_browser_without_fetch_metadata_states_its_origin(anna: Browser) -> None:
    data = {"csrf_token": await anna.csrf()}
    answer = await anna.client.post("/act", data=data, headers={"origin": URL})
    assert answer.status_code == 200


@pytest.mark.parametrize("token", ["", "0" * 64, "é", "\x00", "a" * 60_000])
async def test_without_the_token_of_the_session_nothing_is_done(anna: Browser, token: str) -> None:
    for data in ({"csrf_token": token}, {"other": token}):
        answer = await anna.post("/act", data)
        assert (answer.status_code, STALE in words(answer)) == (403, True)


async def test_the_token_of_another_session_is_none(anna: Browser, browser: OpenBrowser) -> None:
    other = browser()
    await other.sign_in()
    answer = await anna.post("/act", {"csrf_token": await other.csrf()})
    assert answer.status_code == 403


async def test_a_token_in_the_address_counts_for_nothing(anna: Browser) -> None:
    answer = await anna.post(f"/act?csrf_token={await anna.csrf()}", {"a": "b"})
    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b'{"csrf_token": "x"}'),
        ("text/plain", b"csrf_token=x"),
        ("multipart/form-data", b"--x"),
        ("multipart/form-data; boundary=x", b"--x\r\n\r\n"),
        ("multipart/form-data; boundary=x", b"\x00" * 1_000),
        ("application/x-www-form-urlencoded", b"a&" * 30_000),
        ("application/x-www-form-urlencoded", b"%ff=%00"),
        ("application/x-www-form-urlencoded; charset=utf-16", b"csrf_token=x"),
        ("", b""),
    ],
)
async def test_odd_bodies_are_refused(anna: Browser, kind: str, body: bytes) -> None:
    headers = {"sec-fetch-site": "same-origin", "content-type": kind}
    answer = await anna.client.post("/act", content=body, headers=headers)
    assert answer.status_code in (400, 403)


async def test_no_body_is_larger_than_the_limit(anna: Browser, browser: OpenBrowser) -> None:
    token = await anna.csrf()

    async def chunks() -> object:
        for _ in range(3):
            yield b"a" * 1_000_000

    for headers, content in (
        ({"x-csrf-token": token}, b"a" * (SIGNED_IN_BYTES + 1)),
        ({"x-csrf-token": token}, chunks()),
        ({}, b"csrf_token=" + b"a" * SIGNED_IN_BYTES),
    ):
        sent = {"sec-fetch-site": "same-origin", **headers}
        answer = await anna.client.post("/act", content=content, headers=sent)  # type: ignore[arg-type]
        assert (answer.status_code, f"{SIGNED_IN_BYTES} bytes" in words(answer)) == (413, True)
    answer = await browser().post("/login", {"name": "a" * BODY_BYTES})
    assert answer.status_code == 413
    sent = {"sec-fetch-site": "same-origin", "x-csrf-token": token}
    answer = await anna.client.post("/act", content=b"a" * SIGNED_IN_BYTES, headers=sent)
    assert answer.status_code == 200


async def test_a_slow_body_ends(anna: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BODY_SECONDS", 0.01)

    async def slow() -> object:
        yield b"a"
        await asyncio.sleep(60)

    headers = {"sec-fetch-site": "same-origin"}
    answer = await anna.client.post("/act", content=slow(), headers=headers)  # type: ignore[arg-type]
    assert answer.status_code == 408


async def test_a_viewer_may_look_and_not_act(browser: OpenBrowser) -> None:
    ben = browser()
    await ben.sign_in("ben")
    answer = await ben.post("/act", {"csrf_token": await ben.csrf()})
    assert answer.status_code == 403
    assert "only operators may do this" in answer.text


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "FOO"])
async def test_other_methods_need_a_session_too(browser: OpenBrowser, method: str) -> None:
    headers = {"sec-fetch-site": "same-origin"}
    for path, expected in (("/act", 401), ("/", 401), ("/login", 405)):
        answer = await browser().client.request(method, path, headers=headers)
        assert answer.status_code == expected


async def test_the_application_still_hears_that_its_client_left() -> None:
    messages = [{"type": "http.request", "body": b"a=b"}, {"type": "http.disconnect"}]
    heard: list[Message] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        heard.extend([await receive(), await receive()])

    async def receive() -> Message:
        return messages.pop(0)

    async def send(message: Message) -> None:
        raise AssertionError(message)

    headers = [(b"host", b"console.example"), (b"sec-fetch-site", b"same-origin")]
    scope = {"type": "http", "method": "POST", "path": "/", "headers": headers}
    await OwnRequests(app)(scope, receive, send)
    assert [message["type"] for message in heard] == ["http.request", "http.disconnect"]
    assert heard[0]["body"] == b"a=b"


@given(st.text(max_size=40), st.text(max_size=40))
async def test_no_origin_but_the_own_one_is_taken(scheme: str, origin: str) -> None:
    sent = f"{scheme}://{origin}".encode()
    app = OwnRequests(PlainTextResponse("done"))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url=URL) as client:
        request = client.build_request("POST", "/")
        request.headers = httpx.Headers([*request.headers.raw, (b"origin", sent)])
        answer = await client.send(request)
    is_own = sent in (b"https://console.example", b"http://console.example")
    assert (answer.status_code == 200) == is_own
