"""Strangers ask for the operators' pages: at the public port, at the operators' port, with a wrong
token, and from a web page whose host name points to this machine."""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from gateway.web import operator_access
from gateway.web.operator_access import OperatorAccess
from tests.support import plain_http
from tests.support.gateway_process import Gateway, wait_for

TOKEN = "correct-horse-battery-staple"
CONFIG = f"""
server: {{operators_token: {TOKEN}}}
redis: {{data_dir: "${{DATA_DIR}}"}}
sources:
  site: {{type: collect}}
  backend: {{type: events, keys: [test-key]}}
destinations:
  secret-destination: {{type: webhook, url: "http://127.0.0.1:9/", consent: []}}
"""
OPERATOR = {"authorization": f"Bearer {TOKEN}"}
PATHS = ["/metrics", "/readyz", "/healthz", "/", "/console", "/demo", "/demo/events", "/status"]
OTHER_WAYS = ["/metrics/", "//metrics", "/./metrics", "/%6Detrics", "/METRICS", "/x/../metrics"]

NO_SOURCE = (
    '{"error":"no source answers at this path; the operator of this gateway finds the request with '
    '`gateway refused list`","reason":"no_source"}'
)


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway with two ports that other machines can reach."""
    more = ("--host", "0.0.0.0", "--operators-host", "0.0.0.0")
    folder = tmp_path_factory.mktemp("operators")
    with Gateway(folder, CONFIG, None, *more) as running:
        yield running


def ask(url: str, path: str, method: str = "GET", **headers: str) -> httpx.Response:
    with httpx.Client(timeout=60) as client:
        # raw: httpx would normalise the path
        target = httpx.URL(url, raw_path=path.encode())
        as_bytes = {name: value.encode("latin-1") for name, value in headers.items()}
        return client.request(method, target, headers=as_bytes)


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "OPTIONS"])
@pytest.mark.parametrize("headers", [{}, OPERATOR], ids=["stranger", "token"])
def test_the_public_port_tells_whether_it_is_up_and_no_more(
    gateway: Gateway, method: str, headers: dict[str, str]
) -> None:
    words = {"/healthz": "ok\n", "/readyz": "ready\n"}
    for path in (*PATHS, *OTHER_WAYS):
        answer = ask(gateway.url, path, method, **headers)
        if path not in words:
            assert (answer.status_code, answer.text or NO_SOURCE) == (404, NO_SOURCE), path
        elif method in ("GET", "HEAD"):
            assert (answer.status_code, answer.text or words[path]) == (200, words[path])
        else:
            assert (answer.status_code, answer.text) == (405, "Method Not Allowed")


def test_a_port_in_the_host_header_is_not_believed(gateway: Gateway) -> None:
    host = f"127.0.0.1:{gateway.operators_port}"
    assert ask(gateway.url, "/metrics", host=host).status_code == 404


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "Bearer",
        TOKEN,
        f"Basic {TOKEN}",
        f"Bearer {TOKEN[:-1]}",
        f"Bearer {TOKEN}x",
        f"Bearer {TOKEN.upper()}",
        f"Bearer {TOKEN} x",
        f"Bearer {TOKEN}, Bearer {TOKEN}",
        "Bearer test-key",
        "Bearer \xe9",
        f"Bearer {'x' * 8000}",
    ],
    ids=lambda value: repr(value)[:40],
)
def test_without_the_token_the_operators_port_tells_nothing(
    gateway: Gateway, value: str | None
) -> None:
    headers = {} if value is None else {"authorization": value}
    for path in (*PATHS, *OTHER_WAYS):
        answer = ask(gateway.operators_url, path, **headers)
        assert answer.status_code == 401, path
        assert answer.headers["www-authenticate"] == "Bearer"
        assert "gateway_" not in answer.text
        assert TOKEN not in answer.text


def test_two_tokens_are_none(gateway: Gateway) -> None:
    twice = [("authorization", f"Bearer {TOKEN}"), ("authorization", f"Bearer {TOKEN}")]
    answer = plain_http.get(f"{gateway.operators_url}/metrics", headers=twice, timeout=60)
    assert answer.status_code == 401


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_with_it_operators_are_answered(gateway: Gateway, scheme: str) -> None:
    headers = {"authorization": f"{scheme} {TOKEN}"}
    metrics = ask(gateway.operators_url, "/metrics", **headers)
    assert 'gateway_pending_events{destination="secret-destination"}' in metrics.text
    assert ask(gateway.operators_url, "/readyz", **headers).json() == {"ready": True, "spooled": 0}


def test_the_operators_port_takes_no_events(gateway: Gateway) -> None:
    event = {"event_name": "page_view"}
    for path in ("/collect", "/events"):
        for headers in ({}, OPERATOR):
            answer = plain_http.post(
                f"{gateway.operators_url}{path}", json=event, headers=headers, timeout=60
            )
            assert answer.status_code == (404 if headers else 401)
    assert plain_http.post(f"{gateway.url}/collect", json=event, timeout=60).status_code == 204


def test_every_answer_of_both_ports_forbids_to_guess_its_type(gateway: Gateway) -> None:
    for url in (gateway.url, gateway.operators_url):
        for path in (*PATHS, "/gateway.js", "/collect"):
            answer = ask(url, path, **OPERATOR)
            assert answer.headers.get_list("x-content-type-options") == ["nosniff"], path
    answer = plain_http.post(f"{gateway.url}/collect", json={"event_name": "x"}, timeout=60)
    assert answer.headers.get_list("x-content-type-options") == ["nosniff"]


def test_the_token_is_written_nowhere(gateway: Gateway) -> None:
    ask(gateway.operators_url, "/metrics", authorization=f"Bearer {TOKEN}")
    ask(gateway.operators_url, "/metrics", authorization=f"Bearer {TOKEN}x")
    assert TOKEN not in gateway.log.read_text()


def protected(token: str | None) -> OperatorAccess:
    routes = [Route("/", lambda _: PlainTextResponse("numbers"))]
    return OperatorAccess(Starlette(routes=routes), token)


@pytest.mark.parametrize(
    ("peer", "host", "status"),
    [
        ("127.0.0.1", "127.0.0.1:8081", 200),
        ("127.0.0.1", "localhost:8081", 200),
        ("127.0.0.1", "localhost", 200),
        ("127.0.0.9", "127.0.0.9", 200),
        ("::1", "[::1]:8081", 200),
        ("127.0.0.1", "rebound.example:8081", 403),
        ("127.0.0.1", "localhost.rebound.example", 403),
        ("127.0.0.1", "127.0.0.1.rebound.example", 403),
        ("127.0.0.1", "", 403),
        ("127.0.0.1", "[", 403),
        ("127.0.0.1", "0.0.0.0:8081", 403),
        ("192.0.2.7", "127.0.0.1:8081", 403),
        ("::ffff:192.0.2.7", "127.0.0.1:8081", 403),
        ("", "127.0.0.1:8081", 403),
    ],
)
def test_without_a_token_only_this_machine_is_answered(peer: str, host: str, status: int) -> None:
    client = TestClient(protected(None), client=(peer, 50000))
    answer = client.get("/", headers={"host": host, "x-forwarded-for": "127.0.0.1"})
    assert answer.status_code == status
    assert ("numbers" in answer.text) is (status == 200)


def test_tokens_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[bytes, bytes]] = []

    def compare(given: bytes, token: bytes) -> bool:
        compared.append((given, token))
        return hmac.compare_digest(given, token)

    monkeypatch.setattr(operator_access, "compare_digest", compare)
    client = TestClient(protected(TOKEN))
    for given, status in ((TOKEN, 200), ("wrong", 401)):
        answer = client.get("/", headers={"authorization": f"Bearer {given}"})
        assert answer.status_code == status
    assert compared == [(TOKEN.encode(), TOKEN.encode()), (b"wrong", TOKEN.encode())]


def test_an_exposed_port_that_loses_its_token_answers_this_machine_alone(tmp_path: Path) -> None:
    """The gateway keeps running, even when a process is restarted."""
    with Gateway(tmp_path, CONFIG, None, "--operators-host", "0.0.0.0") as gateway:
        gateway.config.write_text(CONFIG.replace(f"operators_token: {TOKEN}", ""))
        wait_for(lambda: "has no server.operators_token" in gateway.log.read_text(), 60, "the log")
        gateway.kill(" serve ")
        wait_for(gateway._is_ready, 60, "the web part to be back")
        for headers in ({}, OPERATOR):
            answer = ask(gateway.operators_url, "/metrics", host="gateway.example", **headers)
            assert answer.status_code == 403
        assert ask(gateway.operators_url, "/metrics").status_code == 200
