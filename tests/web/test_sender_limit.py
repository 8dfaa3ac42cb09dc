"""Which senders share a budget, and the answer to those who have used it up."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Mapping
from typing import Any

import pytest

from gateway.sources.base import Inbound, Refused
from gateway.sources.collect import Collect, CollectSettings
from gateway.sources.events import Events, EventsSettings
from gateway.web import sender_limit
from gateway.web.client_ip import ClientAddress
from gateway.web.sender_limit import SenderLimit


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def limit_of(rate_limit: Any, clock: Clock) -> SenderLimit:
    settings = {"type": "collect", "rate_limit": rate_limit}
    return SenderLimit("site", Collect(CollectSettings.model_validate(settings)), clock)


def passed(
    limit: SenderLimit,
    times: int,
    address: str = "198.51.100.1",
    headers: Mapping[str, str] | None = None,
    **client: Any,
) -> int:
    """How many of `times` requests are let through."""
    number = 0
    for _ in range(times):
        try:
            limit.enter(
                ClientAddress(address, client.get("proxied", False), client.get("problem", "")),
                Inbound("POST", "/collect", headers=headers or {}),
            )
        except Refused:
            continue
        number += 1
    return number


@pytest.mark.parametrize(
    ("address", "other", "is_shared"),
    [
        ("198.51.100.1", "198.51.100.1", True),
        ("198.51.100.1", "198.51.100.2", False),
        ("2001:db8:0:1::1", "2001:db8:0:1:ffff:ffff:ffff:ffff", True),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
        ("not an address", "not an address", True),
        ("not:an:address", "not:another", False),
    ],
)
def test_an_address_has_a_budget_and_so_has_a_64_of_ipv6(
    clock: Clock, address: str, other: str, is_shared: bool
) -> None:
    limit = limit_of("3/minute", clock)
    assert passed(limit, 5, address) == 3
    assert passed(limit, 5, other) == (0 if is_shared else 3)


def test_without_a_limit_everything_passes(clock: Clock) -> None:
    assert passed(limit_of("off", clock), 100_000) == 100_000


def test_an_office_of_300_people_passes_by_default(clock: Clock) -> None:
    """Every six seconds, each of them sends a request of 2,000 bytes with eight events, for a
    quarter of an hour."""
    limit = limit_of(None, clock)
    client = ClientAddress("198.51.100.1", False)
    for _ in range(150):
        clock.now += 6
        for _ in range(300):
            request = Inbound("POST", "/collect", body=b"x" * 2000)
            bucket = limit.enter(client, request)
            assert bucket is not None
            limit.pay_body(bucket, client, request)
            bucket.pay(8, 0)


@pytest.mark.parametrize("written", [None, "3/minute", {"requests": "1/hour"}])
@pytest.mark.parametrize(
    ("address", "problem"), [("", "no_header"), ("", ""), ("10.0.0.1", "untrusted_proxy")]
)
def test_those_who_cannot_be_told_apart_share_a_budget_for_a_whole_site(
    clock: Clock, written: Any, address: str, problem: str
) -> None:
    limit = limit_of(written, clock)
    assert passed(limit, 70_000, address, problem=problem) == 60_000
    clock.now += 1
    assert passed(limit, 2_000, address, problem=problem) == pytest.approx(1_000, abs=1)
    assert passed(limit, 1) == 1, "somebody with an address"


@pytest.mark.parametrize(("written", "number"), [(None, 60_000), ("3/minute", 3)])
def test_a_private_address_may_stand_for_many_unless_a_figure_is_configured(
    clock: Clock, written: Any, number: int
) -> None:
    limit = limit_of(written, clock)
    assert passed(limit, 70_000, "172.17.0.1") == number
    assert passed(limit, 1, "172.17.0.2") == 1


@pytest.mark.parametrize("part", [{"body": b"x" * 60}, {"query": "x" * 60}], ids=["body", "query"])
def test_requests_that_come_at_once_cannot_all_overdraw(clock: Clock, part: Any) -> None:
    limit = limit_of({"bytes": "100/second"}, clock)
    client, request = ClientAddress("198.51.100.1", False), Inbound("POST", "/", **part)
    buckets = [limit.enter(client, request) for _ in range(10)]
    paid = 0
    for bucket in buckets:
        assert bucket is not None
        with contextlib.suppress(Refused):
            limit.pay_body(bucket, client, request)
            paid += 1
    assert paid == 2


def test_a_valid_key_has_no_limit_and_a_wrong_one_has(clock: Clock) -> None:
    settings = {"type": "events", "keys": ["right"], "rate_limit": "3/minute"}
    limit = SenderLimit("backend", Events(EventsSettings.model_validate(settings)), clock)
    wrong, right = ({"authorization": f"Bearer {key}"} for key in ("wrong", "right"))
    assert passed(limit, 10, headers=wrong) == 3
    assert passed(limit, 10, headers=right) == 10
    assert passed(limit, 10, headers=wrong) == 0


@pytest.mark.parametrize("rate", ["1/second", "3/minute", "7/day"])
def test_the_answer_says_when_to_come_back(clock: Clock, rate: str) -> None:
    limit = limit_of(rate, clock)
    passed(limit, 10)
    with pytest.raises(Refused) as raised:
        limit.enter(ClientAddress("198.51.100.1", False), Inbound("POST", "/collect"))
    refused = raised.value
    assert (refused.status, refused.reason) == (429, "rate_limited")
    assert refused.retry_after is not None
    assert refused.retry_after >= 1
    clock.now += refused.retry_after
    assert passed(limit, 2) == 1


@pytest.mark.parametrize(
    ("headers", "client", "is_told"),
    [
        ({}, {"address": "", "problem": "no_header", "proxied": True}, True),
        ({}, {"address": "10.0.0.1", "problem": "untrusted_proxy"}, True),
        ({"x-forwarded-for": "192.0.2.1"}, {}, True),
        ({"forwarded": "for=192.0.2.1"}, {}, True),
        ({"x-forwarded-for": "192.0.2.1"}, {"proxied": True}, False),
        ({}, {}, False),
    ],
)
def test_who_may_be_a_proxy_is_warned_of_once_a_minute_without_its_address(
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
    headers: dict[str, str],
    client: dict[str, Any],
    is_told: bool,
) -> None:
    limit = limit_of({"requests": "1/day"}, clock)
    address = client.pop("address", "198.51.100.1")
    with caplog.at_level(logging.WARNING, sender_limit.__name__):
        passed(limit, 70_000, address, headers, **client)
        passed(limit, 5, address, headers, **client)
        first = len(caplog.messages)
        clock.now += sender_limit.WARNING_SECONDS
        passed(limit, 70_000, address, headers, **client)
    assert (first, len(caplog.messages)) == ((1, 2) if is_told else (0, 0))
    for message in caplog.messages:
        assert "server.trusted_proxies" in message
        assert "198.51.100.1" not in message
