"""The console behind a real nginx and a real Caddy, configured as docs/console.md shows it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import httpx
import pytest

from gateway.console.access.passwords import hash_password
from tests.deploy.test_proxies import (
    caddy_at,
    client,
    nginx_at,
    running,
    write_certificate,
)
from tests.support import plain_http
from tests.support.documents import DOCS, blocks
from tests.support.gateway_process import Gateway, free_port

HOST = "console.shop.example"
VISITOR = "127.0.0.9"
CONFIG = """
server: {trusted_proxies: [127.0.0.1]}
console:
  hosts: [console.shop.example]
  users: {anna: {password: "%s", role: viewer}}
redis: {url: embedded, data_dir: "${DATA_DIR}"}
sources: {site: {type: collect}}
destinations: {}
"""
HASH = hash_password("a password that nobody types")
OWN = {"sec-fetch-site": "same-origin"}


@pytest.fixture(params=["nginx", "caddy"], scope="module")
def proxied(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[httpx.Client, Gateway]]:
    """A browser that reaches the console through the proxy."""
    name = request.param
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not installed")
    folder = tmp_path_factory.mktemp(name)
    [shown] = blocks(DOCS / "console.md", name)
    configured = {"nginx": nginx_at, "caddy": caddy_at}[name]
    with Gateway(folder, CONFIG % HASH).with_console() as gateway:
        console = httpx.URL(gateway.console_url).port
        assert console
        port = free_port()
        files = write_certificate(folder, HOST)
        command = configured(folder, shown, HOST, port, {8082: console}, *files)
        with running(command, folder, port, HOST, "/login"), client(port, host=HOST) as browser:
            yield browser, gateway


@pytest.fixture(scope="module")
def signed_in(proxied: tuple[httpx.Client, Gateway]) -> httpx.Client:
    browser, gateway = proxied
    link = httpx.URL(gateway.console_link())
    answer = browser.post(str(link.raw_path, "ascii"), headers=OWN)
    assert answer.status_code == 303, answer.text
    cookie = answer.headers["set-cookie"]
    assert "Secure" in cookie, "the console knows that the browser uses TLS"
    browser.headers["cookie"] = cookie.partition(";")[0]
    return browser


def test_nobody_sees_a_page_before_signing_in(proxied: tuple[httpx.Client, Gateway]) -> None:
    answer = proxied[0].get("/login")
    assert (answer.status_code, answer.http_version) == (200, "HTTP/2")
    assert "others can read" not in answer.text


def test_pages_come_through(signed_in: httpx.Client) -> None:
    answer = signed_in.get("/")
    assert answer.status_code == 200
    assert "Overview" in answer.text
    assert signed_in.get("/overview.json").status_code == 200


def test_events_that_come_live_are_not_held_back(signed_in: httpx.Client) -> None:
    with signed_in.stream("GET", "/live/stream") as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert next(answer.iter_raw())


@pytest.mark.parametrize("header", ["x-forwarded-for", "forwarded"])
def test_a_browser_cannot_make_up_an_address_to_guess_passwords(
    proxied: tuple[httpx.Client, Gateway], header: str
) -> None:
    """For one name, five attempts at once are let through from one network."""
    browser, _ = proxied
    statuses = []
    for number in range(7):
        address = f"198.51.{number}.7"
        made_up = {header: f"for={address}" if header == "forwarded" else address}
        typed = {"name": f"of {header}", "password": "wrong-wrong-wrong"}
        statuses.append(browser.post("/login", data=typed, headers=OWN | made_up).status_code)
    assert statuses[-1] == 429, statuses


def test_another_host_is_refused(proxied: tuple[httpx.Client, Gateway]) -> None:
    _, gateway = proxied
    headers = {"host": "evil.example"}
    assert plain_http.get(f"{gateway.console_url}/login", headers=headers).status_code == 421
