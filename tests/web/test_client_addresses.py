"""Whose address an event gets: X-Forwarded-For is believed only from proxies that are trusted."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from starlette.testclient import TestClient

from gateway.queue.entry import Entry
from gateway.settings import parse_settings

EVENT = {"event_name": "page_view"}


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("203.0.113.7", None, "203.0.113.7"),
        ("203.0.113.7", "198.51.100.1", "203.0.113.7"),
        ("127.0.0.1", "198.51.100.1", "127.0.0.1"),
        ("10.0.0.1", None, "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "1.1.1.1, 198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "1.1.1.1, 198.51.100.1, 10.9.9.9", "198.51.100.1"),
        ("10.0.0.1", "10.2.2.2, 10.9.9.9", "10.2.2.2"),
        ("10.0.0.1", "198.51.100.1, nonsense", "10.0.0.1"),
        ("10.0.0.1", "nonsense, 10.9.9.9", "10.9.9.9"),
        ("10.0.0.1", "", "10.0.0.1"),
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
        ("1.1.1.1", {"country": "AU"}),  # what the registries say
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
