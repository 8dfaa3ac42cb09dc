"""All layers together: no request of a stranger reaches the pages."""

from __future__ import annotations

import string
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis
from starlette.types import Message, Receive, Scope, Send

from gateway.console.access.layers import Access
from gateway.redis_client.connect import connect_for_intake
from tests.support.console_access import INNER, MakeSettings, OpenBrowser, words

pytestmark = pytest.mark.anyio

PATHS = st.one_of(
    st.text(max_size=30),
    st.lists(
        st.sampled_from(
            ["login", "openid", "callback", "link", "logout", "static", "", ".", "..", "a", "%2e"]
        ),
        max_size=5,
    ).map("/".join),
).map(lambda path: f"/{path}")
METHODS = st.sampled_from(["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE"])
HEADERS = st.dictionaries(
    st.sampled_from(
        ["cookie", "origin", "sec-fetch-site", "x-csrf-token", "accept", "hx-request", "referer"]
    ),
    st.one_of(
        st.sampled_from(["same-origin", "https://console.example", "text/html", "true"]),
        st.text(string.printable, max_size=20),
    ),
)


@pytest.mark.parametrize("with_openid", [False, True])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(method=METHODS, path=PATHS, headers=HEADERS)
@example(method="GET", path="/login/openid/callback", headers={})
@example(method="GET", path="/login/", headers={})
@example(method="GET", path="/link/a/b", headers={})
@example(method="GET", path="/link/a\n", headers={})
@example(method="GET", path="/login\n", headers={})
@example(method="PUT", path="/link/a", headers={"sec-fetch-site": "same-origin"})
@example(method="POST", path="/logout", headers={"sec-fetch-site": "same-origin"})
async def test_no_stranger_reaches_a_page(
    make_settings: MakeSettings,
    redis: Redis,
    with_openid: bool,
    method: str,
    path: str,
    headers: dict[str, str],
) -> None:
    reached: list[str] = []

    async def page(scope: Scope, receive: Receive, send: Send) -> None:
        reached.append(scope["path"])
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body"})

    openid = (
        ", openid: {issuer: 'http://127.0.0.1:1', client_id: c, client_secret: s, "
        "base_url: 'https://console.example', operators: [a]}"
    )
    given = make_settings("hosts: [console.example]" + (openid if with_openid else ""))
    access = Access(page, given, redis)
    answered: list[Message] = []
    lines = [(b"host", b"console.example")]
    lines += [(name.encode(), value.encode()) for name, value in headers.items()]
    scope = {
        "type": "http",
        "method": method,
        "scheme": "http",
        "path": path,
        "query_string": b"",
        "client": ("203.0.113.7", 1),
        "headers": lines,
    }

    async def receive() -> Message:
        return {"type": "http.request", "body": b""}

    async def send(message: Message) -> None:
        answered.append(message)

    await access(scope, receive, send)
    await access.close()
    assert answered[0]["status"] != 200 or path.startswith(("/static/", "/login", "/link/"))
    assert all(each.startswith("/static/") for each in reached)


async def test_styles_are_there_without_redis_too(browser: OpenBrowser) -> None:
    async with connect_for_intake("redis://127.0.0.1:1") as away:
        made = browser(redis=away)
        made.client.cookies.set("__Host-gateway_console", "a" * 43)
        assert (await made.get("/static/console.css")).text == "style"
        assert (await made.get("/login")).status_code == 200
        answer = await made.get("/")
        assert (answer.status_code, "Redis does not answer" in words(answer)) == (503, True)


async def test_the_lifespan_is_that_of_the_application(
    make_settings: MakeSettings, redis: Redis, tmp_path: Path
) -> None:
    received = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
    sent: list[str] = []

    async def receive() -> Message:
        return received.pop(0)

    async def send(message: Message) -> None:
        sent.append(message["type"])

    await Access(INNER, make_settings(), redis)({"type": "lifespan", "app": None}, receive, send)
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
