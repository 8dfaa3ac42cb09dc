"""Who sent a request: the first address from the right that no trusted proxy of ours has."""

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.client_ip import compile_client_ip

PROXIES = ["10.0.0.0/8", "192.0.2.7/32", "2001:db8:1::/48"]


def client_ip(peer: str, forwarded: str | None, trusted: list[str]) -> str:
    return came(peer, forwarded, trusted)[0]


def came(peer: str, forwarded: str | None, trusted: list[str]) -> tuple[str, bool]:
    function = compile_client_ip([ip_network(each) for each in trusted])
    headers = {} if forwarded is None else {"x-forwarded-for": forwarded}
    first = function(peer, headers)
    assert function(peer, headers) == first  # also when it is known already
    return first


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("203.0.113.9", None, "203.0.113.9"),
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
        ("10.0.0.1", "198.51.100.1", "10.0.0.1"),
    ],
)
def test_without_trust_the_header_is_not_read(peer: str, forwarded: str, expected: str) -> None:
    assert client_ip(peer, forwarded, []) == expected


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        # one proxy
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("192.0.2.7", " 198.51.100.1 ", "198.51.100.1"),
        ("192.0.2.8", "198.51.100.1", "192.0.2.8"),  # a neighbour of the proxy
        # two proxies
        ("10.0.0.1", "198.51.100.1, 10.0.0.2", "198.51.100.1"),
        ("10.0.0.1", "198.51.100.1,192.0.2.7,10.0.0.2", "198.51.100.1"),
        # what the client wrote itself stands on the left
        ("10.0.0.1", "1.1.1.1, 198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "10.0.0.9, 198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "1.1.1.1, 198.51.100.1, 10.0.0.2", "198.51.100.1"),
        ("203.0.113.9", "1.1.1.1", "203.0.113.9"),
        # our own machines
        ("10.0.0.1", "10.0.0.5", "10.0.0.5"),
        ("10.0.0.1", "10.0.0.5, 10.0.0.6", "10.0.0.5"),
        # garbage: the last address that is sure
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", None, "10.0.0.1"),
        ("10.0.0.1", ",", "10.0.0.1"),
        ("10.0.0.1", "unknown", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1, unknown, 10.0.0.2", "10.0.0.2"),
        ("10.0.0.1", "198.51.100.1, <script>", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1:4711", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1" + " " * 70 + "x", "10.0.0.1"),
        ("10.0.0.1", "999.1.1.1", "10.0.0.1"),
        # IPv6
        ("2001:db8:1::5", "2001:db8:ffff::1", "2001:db8:ffff::1"),
        ("2001:db8:1::5", "2001:DB8:FFFF:0::1, 10.0.0.1", "2001:db8:ffff::1"),
        ("2001:db8:2::5", "2001:db8:ffff::1", "2001:db8:2::5"),
        # IPv4 written as IPv6, as a socket for both has it
        ("::ffff:10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "::ffff:198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "198.51.100.1, ::ffff:10.0.0.2", "198.51.100.1"),
        ("::ffff:203.0.113.9", "1.1.1.1", "203.0.113.9"),
        # no address at all: a Unix socket, a test client
        ("", "198.51.100.1", ""),
        ("testclient", "198.51.100.1", "testclient"),
    ],
)
def test_with_trusted_proxies(peer: str, forwarded: str, expected: str) -> None:
    assert client_ip(peer, forwarded, PROXIES) == expected


@pytest.mark.parametrize(
    ("peer", "forwarded", "proxied"),
    [
        ("10.0.0.1", "198.51.100.1", True),
        ("10.0.0.1", "198.51.100.1, 203.0.113.9", True),
        ("10.0.0.1", None, True),
        ("10.0.0.1", "<script>", True),
        ("::ffff:10.0.0.1", "198.51.100.1", True),
        ("2001:db8:1::5", "198.51.100.1", True),
        ("203.0.113.9", None, False),
        ("203.0.113.9", "10.0.0.1", False),  # it says so itself
        ("192.0.2.8", "192.0.2.7", False),
        ("", "10.0.0.1", False),
        ("testclient", "10.0.0.1", False),
    ],
)
def test_a_request_is_proxied_when_its_peer_is_trusted(
    peer: str, forwarded: str | None, proxied: bool
) -> None:
    assert came(peer, forwarded, PROXIES)[1] is proxied
    assert came(peer, forwarded, [])[1] is False


HOPS = st.lists(
    st.ip_addresses().map(str)
    | st.sampled_from(["10.0.0.1", "10.0.0.2", "2001:db8:1::1", "", "unknown", " 8.8.8.8"]),
    max_size=5,
)


@given(hops=HOPS, left=st.text(max_size=20))
@settings(max_examples=100, deadline=None)
def test_what_stands_left_of_a_foreign_address_changes_nothing(hops: list[str], left: str) -> None:
    function = compile_client_ip([ip_network(each) for each in PROXIES])
    honest = ",".join(["8.8.4.4", *hops])
    client = function("10.0.0.1", {"x-forwarded-for": honest})
    assert function("10.0.0.1", {"x-forwarded-for": f"{left},{honest}"}) == client
    assert ip_address(client[0])
