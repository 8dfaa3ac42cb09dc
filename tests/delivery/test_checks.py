"""Checks: a vendor's warnings are reported, and nothing else depends on them."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable
from datetime import timedelta

import pytest

from destinations.base import Request, Response
from gateway.delivery import checks as checks_module
from gateway.delivery.checks import MAX_CHECKS
from gateway.delivery.planning import plan
from gateway.delivery.policy import SendPolicy
from gateway.delivery.send import Attempt, Sender
from gateway.event import Event
from gateway.http.client import NotSent
from tests.support.events import make_entries
from tests.support.scripted_vendor import Parcel

pytestmark = pytest.mark.anyio

CHECK_URL = "https://vendor.test/check"
DELIVERED = Response(204)
FOUND = Response(200, {}, b"no such field")

Reply = Callable[[], Awaitable[Response]]


def a_week(_: Event) -> timedelta:
    return timedelta(days=7)


class Checked(Parcel):
    """Every request is checked; the body of the response is the warning."""

    def check(self, request: Request) -> Request | None:
        return request._replace(url=CHECK_URL)

    def check_warnings(self, response: Response) -> Iterable[str]:
        yield response.body.decode()


class Unchecked(Checked):
    def check(self, request: Request) -> Request | None:
        raise KeyError("of a defect in a destination")


class Vendor:
    """Answers requests with `answer` and checks with `check`; counts the checks."""

    def __init__(self, answer: Reply, check: Reply) -> None:
        self._answer, self._check = answer, check
        self.checks = self.most_checks = self.at_once = 0

    async def send(self, request: Request) -> Response:
        if request.url != CHECK_URL:
            return await self._answer()
        self.checks += 1
        self.at_once += 1
        self.most_checks = max(self.most_checks, self.at_once)
        try:
            return await self._check()
        finally:
            self.at_once -= 1

    async def close(self) -> None:
        pass


def say(answer: Response | Exception) -> Reply:
    async def reply() -> Response:
        await asyncio.sleep(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return reply


async def say_nothing() -> Response:
    await asyncio.Event().wait()
    raise AssertionError


def sender(vendor: Vendor | None, destination: Parcel | None = None) -> Sender:
    return Sender(destination or Checked(), vendor, SendPolicy(1, a_week), lambda _: None)


async def send(vendor: Vendor | None, destination: Parcel | None = None) -> Attempt:
    made = destination or Checked()
    (shipment,) = plan(made, make_entries(1), a_week, time.time())
    (attempt,), *_ = await sender(vendor, made).send(shipment)  # type: ignore[arg-type]
    assert isinstance(attempt, Attempt)
    return attempt


async def test_what_a_check_finds_is_a_warning_of_the_delivered_event() -> None:
    attempt = await send(Vendor(say(DELIVERED), say(FOUND)))
    (outcome,) = attempt.outcomes
    assert (outcome.result, outcome.warnings) == ("delivered", ("no such field",))


async def test_a_check_that_finds_nothing_leaves_the_outcome_as_it_is() -> None:
    attempt = await send(Vendor(say(DELIVERED), say(Response(200))))
    assert attempt.outcomes[0].warnings == ()


@pytest.mark.parametrize("error", [NotSent("could not connect"), ValueError("a defect")])
async def test_a_check_that_fails_changes_nothing_and_is_logged_once(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    vendor, destination = Vendor(say(DELIVERED), say(error)), Checked()
    to_vendor = sender(vendor, destination)
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            (shipment,) = plan(destination, make_entries(1), a_week, time.time())
            (attempt,), *_ = await to_vendor.send(shipment)  # type: ignore[arg-type]
            assert isinstance(attempt, Attempt)
            assert attempt.outcomes[0].result == "delivered"
    assert vendor.checks == 3
    assert len(caplog.messages) == 1
    assert "requests could not be checked" in caplog.text
    assert "a defect" not in caplog.text


async def test_a_defect_in_the_destinations_check_changes_nothing() -> None:
    vendor = Vendor(say(DELIVERED), say(FOUND))
    attempt = await send(vendor, Unchecked())
    assert (attempt.outcomes[0].result, attempt.outcomes[0].warnings) == ("delivered", ())
    assert vendor.checks == 0


async def test_a_check_without_an_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks_module, "GRACE_SECONDS", 0.01)
    vendor = Vendor(say(DELIVERED), say_nothing)
    attempt = await send(vendor)
    assert (attempt.outcomes[0].result, attempt.outcomes[0].warnings) == ("delivered", ())
    await asyncio.sleep(0.01)
    assert (vendor.checks, vendor.at_once) == (1, 0), "it was cancelled"


async def test_a_request_that_is_not_delivered_does_not_wait_for_its_check() -> None:
    vendor = Vendor(say(Response(400)), say_nothing)
    attempt = await send(vendor)
    assert attempt.outcomes[0].result == "rejected"


async def test_few_checks_are_under_way_at_once() -> None:
    opened = asyncio.Event()

    async def later() -> Response:
        await opened.wait()
        return DELIVERED

    vendor, destination = Vendor(later, say_nothing), Checked()
    to_vendor = sender(vendor, destination)
    (*shipments,) = plan(destination, make_entries(3 * MAX_CHECKS), a_week, time.time())
    sending = [asyncio.create_task(to_vendor.send(each)) for each in shipments]  # type: ignore[arg-type]
    await asyncio.sleep(0.01)
    opened.set()
    attempts = [attempt for task in sending for attempt in (await task).results]
    assert vendor.most_checks == vendor.checks == MAX_CHECKS
    assert {attempt.outcomes[0].result for attempt in attempts} == {"delivered"}  # type: ignore[union-attr]


async def test_a_dry_run_checks_nothing() -> None:
    attempt = await send(None)
    assert attempt.outcomes[0].warnings == ()
