"""How much of the visitor's address a destination gets."""

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.stages.enrichment import anonymise_ip, compile_ip


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.195", "203.0.113.0"),
        ("203.0.113.0", "203.0.113.0"),
        (" 203.0.113.195 ", "203.0.113.0"),
        ("2001:db8:85a3:8d3:1319:8a2e:370:7348", "2001:db8:85a3::"),
        ("2001:0DB8:85A3::1", "2001:db8:85a3::"),
        ("::1", "::"),
        ("::ffff:203.0.113.195", "203.0.113.0"),
        ("fe80::1%eth0", "fe80::"),
        ("203.0.113.195:443", ""),
        ("unknown", ""),
        ("", ""),
    ],
)
def test_the_end_of_an_address_is_taken_off(address: str, network: str) -> None:
    assert anonymise_ip(address) == network


@given(st.ip_addresses())
def test_the_network_is_what_it_was_and_nothing_else_is_left(address: object) -> None:
    whole = ip_address(str(address))
    network = ip_address(anonymise_ip(str(address)))
    if whole.version == 6 and whole.ipv4_mapped:
        whole = whole.ipv4_mapped
    gone = 8 if whole.version == 4 else 80
    assert int(network) == int(whole) >> gone << gone
    assert anonymise_ip(str(network)) == str(network)


def test_each_choice() -> None:
    event = {"event_name": "x", "ip_override": "203.0.113.195", "value": 1}
    assert compile_ip("full")(event) is event
    assert compile_ip("anonymised")(event) == {**event, "ip_override": "203.0.113.0"}
    assert compile_ip("none")(event) == {"event_name": "x", "value": 1}
    assert event["ip_override"] == "203.0.113.195"


def test_what_is_no_address_does_not_slip_through() -> None:
    event = {"event_name": "x", "ip_override": "203.0.113.195, 10.0.0.1"}
    assert compile_ip("anonymised")(event)["ip_override"] == ""


def test_events_that_have_none_stay_as_they_are() -> None:
    for event in ({"event_name": "x"}, {"event_name": "x", "ip_override": ""}):
        assert compile_ip("anonymised")(event) is event
    event = {"event_name": "x"}
    assert compile_ip("none")(event) is event
