"""Requests at the edge of HTTP: ambiguous ones are refused, and optional features are ignored."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.web.odd_http import fault_of, without_upgrade
from gateway.web.protocol import MAX_AHEAD
from tests.hostile.payloads import BODY, LENGTH, ODD_HTTP, POST, UPGRADE
from tests.support import plain_http
from tests.support.gateway_process import Gateway, wait_for

CONFIG = """
enrichment: []
sources: {site: {type: collect}}
destinations: {hook: {type: webhook, url: "http://127.0.0.1:9/", consent: []}}
"""
WEBSOCKET = b"Connection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with Gateway(tmp_path_factory.mktemp("odd-http"), CONFIG) as running:
        yield running


@pytest.fixture
def connection(gateway: Gateway) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=60) as opened:
        yield opened


def accepted(gateway: Gateway) -> int:
    return gateway.outcomes("hook")["accepted"]


def read_to_the_end(connection: socket.socket) -> bytes:
    answer = b""
    while part := connection.recv(65_536):
        answer += part
    return answer


def send_as_a_neighbour(gateway: Gateway) -> int:
    return plain_http.post(f"{gateway.url}/collect", content=BODY).status_code


@pytest.mark.parametrize(("request_", "status", "reason"), ODD_HTTP.values(), ids=ODD_HTTP)
def test_what_is_in_doubt_is_refused_and_ends_the_connection(
    gateway: Gateway, connection: socket.socket, request_: bytes, status: int, reason: str
) -> None:
    before = accepted(gateway)
    connection.sendall(request_ + POST + LENGTH + b"\r\n" + BODY)
    assert send_as_a_neighbour(gateway) == 204
    answer = read_to_the_end(connection)
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert answer.count(b"HTTP/1.1 ") == 1
    assert b'"reason":"%b"' % reason.encode() in answer
    assert accepted(gateway) == before + 1
    labels = frozenset({("source", ""), ("reason", reason)})
    counter = "gateway_refused_events_total", labels
    wait_for(lambda: gateway.metrics().get(counter, 0) >= 1, 60, "the refusal to be counted")


@pytest.mark.parametrize(
    "request_",
    [b"GET /healthz\r\n\r\n", POST + b"Transfer-Encoding: chunked\r\n" * 2 + b"\r\n0\r\n\r\n"],
    ids=["HTTP/0.9", "chunks twice"],
)
def test_what_the_parser_refuses_is_no_request(connection: socket.socket, request_: bytes) -> None:
    connection.sendall(request_)
    answer = read_to_the_end(connection)
    assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 505 "))


@pytest.mark.parametrize("upgrade", [UPGRADE, WEBSOCKET], ids=["h2c", "websocket"])
@pytest.mark.parametrize(
    "framed",
    [
        LENGTH + b"\r\n" + BODY,
        b"Transfer-Encoding: chunked\r\n\r\n1b\r\n" + BODY + b"\r\n0\r\n\r\n",
    ],
    ids=["with a length", "in chunks"],
)
@pytest.mark.parametrize("size", [1, 7, 1000])
def test_upgrade_is_ignored_and_the_body_is_read(
    gateway: Gateway, connection: socket.socket, upgrade: bytes, framed: bytes, size: int
) -> None:
    before = accepted(gateway)
    whole = POST + upgrade + framed
    for start in range(0, len(whole), size):
        connection.sendall(whole[start : start + size])
    assert connection.recv(4096).startswith(b"HTTP/1.1 204 ")
    connection.sendall(POST + LENGTH + b"\r\n" + BODY)
    assert connection.recv(4096).startswith(b"HTTP/1.1 204 ")
    assert accepted(gateway) == before + 2


def test_many_upgrades_in_a_row_are_as_many_requests(
    gateway: Gateway, connection: socket.socket
) -> None:
    before, number = accepted(gateway), MAX_AHEAD + 1
    connection.sendall((POST + UPGRADE + LENGTH + b"\r\n" + BODY) * number)
    answers = b""
    while answers.count(b"HTTP/1.1 204 ") < number:
        part = connection.recv(65_536)
        assert part, answers
        answers += part
    assert accepted(gateway) == before + number


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
def test_curl_with_http2_sends_its_event(gateway: Gateway) -> None:
    before = accepted(gateway)
    command = ["curl", "-s", "-w", "%{http_code}", "--http2", "-d", BODY, f"{gateway.url}/collect"]
    answer = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert answer.stdout == "204"
    assert accepted(gateway) == before + 1


def test_a_probe_in_http_1_0_needs_no_host(connection: socket.socket) -> None:
    connection.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
    assert read_to_the_end(connection).startswith(b"HTTP/1.1 200 ")


def test_what_a_client_accepts_in_the_answer_is_its_own_affair(connection: socket.socket) -> None:
    """`TE` only offers codings for the answer (RFC 9110, 10.1.4)."""
    connection.sendall(POST + b"TE: gzip\r\nConnection: TE\r\n" + LENGTH + b"\r\n" + BODY)
    assert connection.recv(4096).startswith(b"HTTP/1.1 204 ")


NAMES = st.sampled_from([b"host", b"transfer-encoding", b"upgrade", b"accept"])
HEADERS = st.lists(st.tuples(NAMES, st.binary(max_size=8) | st.just(b"chunked")), max_size=5)


@given(st.sampled_from(["0.9", "1.0", "1.1", "2.0"]), HEADERS)
def test_only_one_host_and_no_coding_but_chunked_pass(
    version: str, headers: list[tuple[bytes, bytes]]
) -> None:
    if fault_of(version, headers) is None:
        names = [name for name, _ in headers]
        assert version in ("1.0", "1.1")
        assert names.count(b"host") == 1 or (version == "1.0" and b"host" not in names)
        codings = {value.strip().lower() for name, value in headers if name == b"transfer-encoding"}
        assert codings <= {b"chunked"}


@given(HEADERS)
def test_a_head_without_upgrade_has_all_its_other_headers(
    headers: list[tuple[bytes, bytes]],
) -> None:
    head = without_upgrade(b"GET", b"/", "1.1", headers)
    for name, value in headers:
        assert (b"%b: %b\r\n" % (name, value) in head) or name == b"upgrade"
