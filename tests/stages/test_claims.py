"""Statements that a sender may not make about a visitor are set aside and named."""

from typing import Any

import pytest

from gateway.event import Event, Received
from gateway.event.bounds import TOO_MANY
from gateway.stages.bound_counts import counters_of
from gateway.stages.claims import hides_address, set_aside_claims

PAGE, BACKEND = Received("site", 0.0), Received("backend", 0.0, trusted=True)
WAITED = Received("site", 0.0, vetted=True)
WHY = "ignored because only a trusted sender may set it: "


def event(**fields: Any) -> Event:
    return {"event_name": "purchase", **fields}


@pytest.mark.parametrize(
    ("fields", "kept", "named"),
    [
        ({}, {}, ""),
        ({"ip_override": "203.0.113.7"}, {}, "ip_override"),
        ({"user_agent": "Mozilla/5.0", "bot": {}}, {}, "user_agent, bot"),
        ({"test_event_code": "TEST1"}, {}, "test_event_code"),
        ({"event_location": {"country": "US"}}, {"claimed_location": {"country": "US"}}, "event_l"),
        ({"claimed_location": {"country": "US"}}, {}, "claimed_location"),
        ({"action_source": " Store "}, {}, "action_source"),
        ({"action_source": "phone_call"}, {}, "action_source"),
        ({"action_source": "website"}, {"action_source": "website"}, ""),
        ({"ip_override": ""}, {}, ""),
        ({"ip_override": "", "user_agent": "x"}, {}, "user_agent"),
    ],
)
def test_a_page_states_nothing_of_its_visitor(
    fields: dict[str, Any], kept: dict[str, Any], named: str
) -> None:
    vetted, line = set_aside_claims(event(**fields), PAGE)
    assert vetted == event(**kept)
    assert line.startswith(WHY + named) if named else line == ""


def test_what_was_set_aside_and_cut_off_when_it_was_read_is_told_and_kept_in_one_place() -> None:
    misfit = {"field": "value", "reason": "not a number"}
    read = event(ignored_fields=[misfit], surplus_fields=["k\x1b", "and 7 more"], bot={})
    vetted, line = set_aside_claims(read, PAGE)
    surplus = [{"field": name, "reason": TOO_MANY} for name in ("k\\u001b", "and 7 more")]
    assert vetted == event(ignored_fields=[misfit, *surplus])
    assert line == (
        f"{WHY}bot; ignored because of an invalid value: value (not a number); "
        "removed because the event has too many fields: k\\u001b, and 7 more"
    )


@pytest.mark.parametrize("odd", [7, "x", {"a": 1}, [None, 7, {"field": 1}, {"field": "x"}]])
def test_what_a_rule_or_an_earlier_version_wrote_there_harms_nothing(odd: object) -> None:
    assert set_aside_claims(event(ignored_fields=odd), WAITED) == (event(ignored_fields=odd), "")
    assert list(counters_of(event(ignored_fields=odd), "site")) == []
    vetted, line = set_aside_claims(event(surplus_fields=odd), WAITED)
    assert "surplus_fields" not in vetted
    assert line.isprintable()


def test_an_empty_address_asks_for_privacy() -> None:
    assert hides_address(event(ip_override=""), PAGE)
    assert hides_address(event(), Received("site", 0.0, anonymous=True))
    assert not hides_address(event(ip_override="203.0.113.7"), PAGE)


def test_a_trusted_sender_may_state_all_but_what_only_the_gateway_calls_a_claim() -> None:
    stated = event(ip_override="203.0.113.7", event_location={"country": "US"}, bot={})
    assert set_aside_claims(stated, BACKEND) == (stated, "")
    assert set_aside_claims({**stated, "claimed_location": "DE"}, BACKEND) == (stated, "")


def test_an_event_that_has_waited_keeps_its_claim() -> None:
    waited = event(claimed_location={"country": "DE"})
    assert set_aside_claims(waited, WAITED) == (waited, "")


@pytest.mark.parametrize(
    ("stated", "address", "line"),
    [
        ("203.0.113.7", "203.0.113.7", ""),
        ("203.0.113.7:51234", "203.0.113.7", "ip_override: reduced to one address"),
        ("203.0.113.7, 10.0.0.1", "203.0.113.7", "ip_override: reduced to one address"),
        ("::ffff:203.0.113.7", "203.0.113.7", "ip_override: reduced to one address"),
        ("undefined", "", "ip_override: ignored because it is not an IP address"),
        ("", "", ""),
    ],
)
def test_the_address_that_a_trusted_sender_states_is_read(
    stated: str, address: str, line: str
) -> None:
    event = {"event_name": "x", "ip_override": stated}
    received = Received("backend", 0.0, trusted=True, backend=True)
    assert set_aside_claims(event, received) == ({**event, "ip_override": address}, line)
