"""The address that an event gets: only trusted proxies can state the address of a visitor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from redis import Redis
from starlette.testclient import TestClient

from gateway.configuration.load import ConfigurationError, parse_settings
from gateway.queue.entry import Entry
from gateway.web import proxy_warnings
from tests.support.gateway_process import wait_for

EVENT = {"event_name": "page_view"}


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("203.0.113.7", None, "203.0.113.7"),
        ("203.0.113.7", "198.51.100.1", "203.0.113.7"),
        ("127.0.0.1", "198.51.100.1", "127.0.0.1"),
        ("10.0.0.1", None, ""),
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "1.1.1.1, 198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "1.1.1.1, 198.51.100.1, 10.9.9.9", "198.51.100.1"),
        ("10.0.0.1", "10.2.2.2, 10.9.9.9", "10.2.2.2"),
        ("10.0.0.1", "198.51.100.1, nonsense", ""),
        ("10.0.0.1", "nonsense, 10.9.9.9", ""),
        ("10.0.0.1", "", ""),
        ("10.0.0.1", "unknown", ""),
        ("10.0.0.1", "198.51.100.1:4711", "198.51.100.1"),
        ("10.0.0.1", '"[2001:db8::1]:443"', "2001:db8::1"),
        ("10.0.0.1", "198.51.100.1,, 10.9.9.9:80,", "198.51.100.1"),
        ("10.0.0.1", "2001:db8::1", "2001:db8::1"),
        ("10.0.0.1", "::ffff:198.51.100.1", "198.51.100.1"),
        ("::ffff:10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("fd00::1", "198.51.100.1", "198.51.100.1"),
    ],
)
def test_client_address(
    open_web: Callable[..., TestClient],
    stored: Callable[..., list[Entry]],
    peer: str,
    forwarded: str | None,
    client: str,
) -> None:
    web = open_web(peer=peer)
    headers = {} if forwarded is None else {"x-forwarded-for": forwarded}
    assert web.post("/collect", json=EVENT, headers=headers).status_code == 204
    assert stored()[0].event["ip_override"] == client


def test_several_headers_are_one_list(
    open_web: Callable[..., TestClient], stored: Callable[..., list[Entry]]
) -> None:
    """RFC 9110, 5.3: a proxy may add a line of its own instead of lengthening the last one."""
    web = open_web(peer="10.0.0.1")
    lines = [("x-forwarded-for", "198.51.100.1"), ("x-forwarded-for", "10.9.9.9")]
    web.post("/collect", json=EVENT, headers=lines)
    assert stored()[0].event["ip_override"] == "198.51.100.1"


SETTINGS = """
server: {trusted_proxies: [10.0.0.0/8], client_ip_header: CF-Connecting-IP}
enrichment: []
sources: {site: {type: collect}}
destinations: {all: {type: webhook, url: "http://127.0.0.1:9/", consent: [], ip: full}}
"""


@pytest.mark.parametrize(
    ("peer", "headers", "client"),
    [
        ("10.0.0.1", {"cf-connecting-ip": "198.51.100.1"}, "198.51.100.1"),
        ("10.0.0.1", {"cf-connecting-ip": "nonsense", "x-forwarded-for": "6.6.6.6"}, ""),
        ("10.0.0.1", {"x-forwarded-for": "6.6.6.6", "forwarded": "for=6.6.6.6"}, ""),
        ("203.0.113.7", {"cf-connecting-ip": "198.51.100.1"}, "203.0.113.7"),
    ],
)
def test_one_configured_header(
    open_web: Callable[..., TestClient],
    stored: Callable[..., list[Entry]],
    peer: str,
    headers: dict[str, str],
    client: str,
) -> None:
    web = open_web(peer=peer, settings=parse_settings(SETTINGS))
    web.post("/collect", json=EVENT, headers=headers)
    assert stored()[0].event["ip_override"] == client


def test_forwarded_without_x_forwarded_for(
    open_web: Callable[..., TestClient], stored: Callable[..., list[Entry]]
) -> None:
    web = open_web(peer="10.0.0.1")
    lines = [("forwarded", 'For="[2001:db8::1]:47011"'), ("forwarded", "for=10.9.9.9;proto=https")]
    web.post("/collect", json=EVENT, headers=lines)
    assert stored()[0].event["ip_override"] == "2001:db8::1"


def test_a_name_that_is_no_header_is_a_mistake() -> None:
    with pytest.raises(ConfigurationError, match="client_ip_header"):
        parse_settings(SETTINGS.replace("CF-Connecting-IP", '"X-Real-IP:"'))


PLACES = """
server: {trusted_proxies: [127.0.0.1]}
sources: {site: {type: collect}}
destinations:
  ads: {type: meta, pixel_id: "1", access_token: t}
  all: {type: webhook, url: "http://127.0.0.1:9/", consent: [], ip: full}
"""


@pytest.mark.parametrize(
    ("forwarded", "address", "is_denied"),
    [
        ("85.214.132.117", "85.214.132.117", True),
        ("85.214.132.117:51234", "85.214.132.117", True),
        ("2a01:4f8:c17:1::1", "2a01:4f8:c17:1::1", True),
        ("[2a01:4f8:c17:1::1]:443", "2a01:4f8:c17:1::1", True),
        ("8.8.8.8", "8.8.8.8", False),
        ("8.8.8.8:443", "8.8.8.8", False),
    ],
)
def test_the_place_of_an_address_decides_on_consent(
    open_web: Callable[..., TestClient],
    stored: Callable[..., list[Entry]],
    forwarded: str,
    address: str,
    is_denied: bool,
) -> None:
    web = open_web(peer="127.0.0.1", settings=parse_settings(PLACES))
    event = {
        "event_name": "page_view",
        "client_id": "1.2",
        "page_location": "https://shop.example/",
        "user_data": {"email_address": "ada@example.com"},
    }
    headers = {
        "x-forwarded-for": forwarded,
        "origin": "https://shop.example",
        "user-agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/142.0.0.0",
    }
    answer = web.post("/collect", json=event, headers=headers)
    assert stored("all")[0].event["ip_override"] == address
    assert len(stored("ads")) == (0 if is_denied else 1)
    assert ("set-cookie" in answer.headers) is not is_denied


def test_requests_without_an_address_do_not_have_the_limit_of_one_address(
    open_web: Callable[..., TestClient],
) -> None:
    """Otherwise one sender could use up the limit for every visitor behind the proxy."""
    web = open_web(peer="10.0.0.1")
    statuses = [web.post("/limited", json=EVENT).status_code for _ in range(5)]
    assert statuses == [204] * 5
    told = {"x-forwarded-for": "198.51.100.1"}
    statuses = [web.post("/limited", json=EVENT, headers=told).status_code for _ in range(5)]
    assert statuses == [204] * 3 + [429] * 2


@pytest.mark.parametrize(
    ("peer", "forwarded", "counted"),
    [
        ("10.0.0.1", None, "no_header"),
        ("10.0.0.1", "nonsense", "unreadable"),
        ("10.0.0.1", "unknown", "hidden"),
        ("192.168.7.7", "198.51.100.1", "untrusted_proxy"),
    ],
)
def test_a_request_that_does_not_tell_the_address_is_counted(
    open_web: Callable[..., TestClient],
    redis: Redis,
    peer: str,
    forwarded: str | None,
    counted: str,
) -> None:
    web = open_web(peer=peer)
    headers = {} if forwarded is None else {"x-forwarded-for": forwarded}
    web.post("/collect", json=EVENT, headers=headers)
    web.post("/collect", json=EVENT, headers=headers)

    def counts() -> dict[str, int]:
        named: Any = redis.hgetall("gw:counts")
        return {
            name.decode(): int(count)
            for name, count in named.items()
            if name.startswith(b"client_address:")
        }

    expected = {f"client_address:{counted}": 2}
    wait_for(lambda: counts() == expected, 60, "the counts to be written")


@pytest.mark.parametrize("peer", ["203.0.113.7", "10.0.0.1"])
def test_a_plain_request_counts_nothing(
    open_web: Callable[..., TestClient], redis: Redis, peer: str
) -> None:
    web = open_web(peer=peer)
    web.post("/collect", json=EVENT, headers={"x-forwarded-for": "198.51.100.1"})
    wait_for(lambda: redis.hexists("gw:counts", "received:site"), 60, "the counts to be written")
    assert not [name for name in redis.hkeys("gw:counts") if name.startswith(b"client_address")]


@pytest.mark.parametrize("peer", ["10.0.0.1", "192.168.7.7"])
def test_the_address_of_a_backend_is_nobodys_problem(
    open_web: Callable[..., TestClient],
    redis: Redis,
    caplog: pytest.LogCaptureFixture,
    peer: str,
) -> None:
    web = open_web(peer=peer)
    headers = {"authorization": "Bearer test-key", "x-forwarded-for": "nonsense"}
    assert web.post("/events", json=EVENT, headers=headers).status_code == 200
    wait_for(lambda: redis.hexists("gw:counts", "received:backend"), 60, "the counts to be written")
    assert not [name for name in redis.hkeys("gw:counts") if name.startswith(b"client_address")]
    assert "trusted_proxies" not in caplog.text


def test_an_untrusted_proxy_is_warned_of_once(
    open_web: Callable[..., TestClient],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(proxy_warnings, "_warned", set())
    headers = {"x-forwarded-for": "198.51.100.1\tforged"}
    for peer in ("192.168.7.7", "203.0.113.7"):
        web = open_web(peer=peer)
        for _ in range(3):
            web.post("/collect", json=EVENT, headers=headers)
    warnings = [each.getMessage() for each in caplog.records if "proxies" in each.getMessage()]
    assert warnings == [
        "192.168.7.7 sends forwarding headers but is not in server.trusted_proxies, so its own "
        "address is used as that of every visitor; if it is your proxy, add it to "
        "server.trusted_proxies"
    ]


def test_a_process_warns_of_a_few_proxies_only(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(proxy_warnings, "_warned", set())
    for n in [*range(100), *range(100)]:
        proxy_warnings.warn_of_proxy(f"10.0.0.{n}")
    assert len(caplog.records) == proxy_warnings.MAX_PROXIES


CDN = """
server: {trusted_proxies: [10.0.0.0/8]}
consent: {regions: []}
enrichment: [{geo: {headers: cloudflare}}]
sources: {site: {type: collect}}
destinations: {all: {type: webhook, url: "http://127.0.0.1:9/", consent: []}}
"""


@pytest.mark.parametrize(
    ("peer", "location"),
    [
        ("10.0.0.1", {"country": "NZ", "city": "Auckland"}),
        ("1.1.1.1", {"country": "AU"}),  # according to the registries
        ("203.0.113.7", None),
    ],
)
def test_where_a_visitor_is_only_a_trusted_proxy_tells(
    open_web: Callable[..., TestClient],
    stored: Callable[..., list[Entry]],
    peer: str,
    location: dict[str, str] | None,
) -> None:
    web = open_web(peer=peer, settings=parse_settings(CDN))
    headers = {"x-forwarded-for": "1.1.1.1", "cf-ipcountry": "NZ", "cf-ipcity": "Auckland"}
    web.post("/collect", json=EVENT, headers=headers)
    assert stored()[0].event.get("event_location") == location


def test_only_a_trusted_sender_says_the_address_of_a_visitor(
    web: TestClient, stored: Callable[..., list[Entry]]
) -> None:
    said = {**EVENT, "ip_override": "198.51.100.9"}
    web.post("/collect", json=said)
    web.post("/events", json=said, headers={"authorization": "Bearer test-key"})
    addresses = [entry.event["ip_override"] for entry in stored()]
    assert addresses == ["203.0.113.7", "198.51.100.9"]
