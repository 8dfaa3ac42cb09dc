"""The breaker: when a destination is paused, how it is probed, and when sending resumes."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from destinations.base import DELIVERED, Outcome, Request
from gateway.delivery.breaker import Breaker, Doubt, Resume, State, Trip, whole_failure
from gateway.delivery.planning import Ended
from gateway.delivery.policy import FAILURES_BEFORE_PAUSE
from gateway.delivery.send import Attempt
from gateway.queue.pause import pause_seconds
from tests.support.events import make_entries

DOWN = Outcome("retry", "HTTP 503", "destination")
THROTTLED = Outcome("retry", "HTTP 429", "destination", 30.0)
WRONG_KEY = Outcome("retry", "HTTP 401: a wrong key", "configuration")
GONE_FOR_NOW = Outcome("retry", "HTTP 404", "configuration", 30.0)
SUCCESS = None


class Clock:
    """Stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker(clock)


def answer(breaker: Breaker, *failures: Outcome | None) -> list[Trip | Resume | Doubt | None]:
    """The breaker's advice after each of several requests, sent one after the other."""
    advice = []
    for failure in failures:
        assert breaker.admit()
        advice.append(breaker.judge(failure))
    return advice


class TestClosed:
    @pytest.mark.parametrize(
        ("answers", "trips"),
        [
            ([SUCCESS] * 20, False),
            ([DOWN] * (FAILURES_BEFORE_PAUSE - 1), False),
            ([DOWN] * FAILURES_BEFORE_PAUSE, True),
            ([SUCCESS, *[DOWN] * FAILURES_BEFORE_PAUSE], True),
            ([*[DOWN] * (FAILURES_BEFORE_PAUSE - 1), SUCCESS, DOWN], False),
            ([*[DOWN, SUCCESS] * 20], False),
            ([THROTTLED], True),
            ([GONE_FOR_NOW], True),
            ([DOWN, THROTTLED], True),
        ],
    )
    def test_it_trips_after_failures_in_a_row_or_at_once(
        self, breaker: Breaker, answers: Sequence[Outcome | None], trips: bool
    ) -> None:
        *before, last = answer(breaker, *answers)
        assert before == [None] * len(before)
        failure = answers[-1]
        assert last == (Trip(failure.reason, failure.retry_after) if trips and failure else None)
        assert breaker.state == ("open" if trips else "closed")

    def test_what_got_no_response_does_not_break_a_row_of_failures(self, breaker: Breaker) -> None:
        answer(breaker, *[DOWN] * (FAILURES_BEFORE_PAUSE - 1))
        assert breaker.judge(None, is_answered=False) is None
        assert answer(breaker, DOWN) == [Trip(DOWN.reason, None)]

    def test_as_many_events_are_at_work_as_may_be(self, breaker: Breaker) -> None:
        assert breaker.allowance(256) == 256

    def test_requests_start_side_by_side(self, breaker: Breaker) -> None:
        assert [breaker.admit() for _ in range(50)] == [True] * 50


class TestDoubting:
    @pytest.fixture
    def breaker(self, clock: Clock) -> Breaker:
        """Of a destination whose vendor has just refused the key."""
        breaker = Breaker(clock)
        assert answer(breaker, WRONG_KEY) == [Doubt()]
        return breaker

    def test_no_request_starts(self, breaker: Breaker) -> None:
        assert breaker.state == "doubting"
        assert not breaker.admit()
        assert breaker.allowance(256) == 0

    @pytest.mark.parametrize(
        ("failure", "advice", "state"),
        [
            (SUCCESS, None, "doubting"),
            (DOWN, None, "doubting"),
            (WRONG_KEY, Doubt(), "doubting"),
            (THROTTLED, Trip("HTTP 429", 30.0), "open"),
        ],
    )
    def test_answers_to_earlier_requests_prove_nothing(
        self, breaker: Breaker, failure: Outcome | None, advice: Trip | Doubt | None, state: State
    ) -> None:
        assert breaker.judge(failure) == advice
        assert breaker.state == state

    @pytest.mark.parametrize(("proven", "state"), [(True, "closed"), (False, "half-open")])
    def test_it_ends_as_the_trial_does(self, breaker: Breaker, proven: bool, state: State) -> None:
        breaker.end_doubt(proven)
        assert breaker.state == state
        assert breaker.admit()


class TestOpen:
    @pytest.fixture
    def breaker(self, clock: Clock) -> Breaker:
        """Paused for eight seconds."""
        breaker = Breaker(clock)
        breaker.pause(8.0)
        return breaker

    def test_no_request_starts(self, breaker: Breaker, clock: Clock) -> None:
        clock.now += 7.9
        assert not breaker.admit()
        assert breaker.allowance(256) == 0

    @pytest.mark.parametrize("failure", [SUCCESS, DOWN, THROTTLED, WRONG_KEY])
    def test_answers_to_earlier_requests_change_nothing(
        self, breaker: Breaker, clock: Clock, failure: Outcome | None
    ) -> None:
        """They neither cause a second pause for one outage nor end the first."""
        for _ in range(2 * FAILURES_BEFORE_PAUSE):
            assert breaker.judge(failure) is None
        assert breaker.state == "open"
        clock.now += 8.0
        assert breaker.judge(failure) is None
        assert breaker.state == "half-open"

    def test_a_trip_is_a_pause_until_it_is_known_for_how_long(self, clock: Clock) -> None:
        breaker = Breaker(clock)
        answer(breaker, THROTTLED)
        clock.now += 1e9
        assert breaker.state == "open"
        breaker.pause(30.0)
        clock.now += 30.0
        assert breaker.state == "half-open"


class TestProbe:
    @pytest.fixture
    def breaker(self, clock: Clock) -> Breaker:
        """Of a destination whose pause of two seconds has ended."""
        breaker = Breaker(clock)
        breaker.pause(2.0)
        clock.now += 2.0
        return breaker

    def test_one_request_starts_and_no_other(self, breaker: Breaker, clock: Clock) -> None:
        assert breaker.allowance(256) == 1
        assert [breaker.admit() for _ in range(3)] == [True, False, False]
        clock.now += 3600
        assert not breaker.admit()

    def test_its_success_resumes(self, breaker: Breaker) -> None:
        assert answer(breaker, SUCCESS, SUCCESS) == [Resume(), None]
        assert breaker.allowance(256) == 256

    @pytest.mark.parametrize("failure", [DOWN, THROTTLED, WRONG_KEY])
    def test_its_failure_pauses_at_once(self, breaker: Breaker, failure: Outcome) -> None:
        assert answer(breaker, failure) == [Trip(failure.reason, failure.retry_after)]
        assert not breaker.admit()

    def test_without_a_response_another_request_is_the_probe(self, breaker: Breaker) -> None:
        assert breaker.admit()
        assert breaker.judge(None, is_answered=False) is None
        assert breaker.state == "half-open"
        assert answer(breaker, SUCCESS) == [Resume()]

    def test_after_its_success_failures_are_counted_from_one(self, breaker: Breaker) -> None:
        row = [DOWN] * FAILURES_BEFORE_PAUSE
        *before, last = answer(breaker, SUCCESS, *row)
        assert before == [Resume(), *[None] * (len(row) - 1)]
        assert isinstance(last, Trip)


@pytest.mark.parametrize(
    ("paused", "probing", "suspected", "state"),
    [
        (False, False, False, "closed"),
        (False, True, False, "half-open"),
        (True, True, False, "open"),
        (True, False, False, "open"),
        (True, True, True, "open"),
        (False, True, True, "doubting"),
        (False, False, True, "doubting"),
    ],
)
def test_a_drain_goes_on_as_redis_knows_the_destination(
    breaker: Breaker, paused: bool, probing: bool, suspected: bool, state: State
) -> None:
    breaker.restore(paused, probing, suspected)
    assert breaker.state == state


@pytest.mark.parametrize(
    ("outcomes", "failure"),
    [
        ([], None),
        ([DELIVERED, DOWN, WRONG_KEY], DOWN),
        ([WRONG_KEY, DELIVERED], WRONG_KEY),
        ([Outcome("rejected", "HTTP 400", "destination")], None),
        ([Outcome("retry", "later", "event", 30.0)], None),
        ([Outcome("retry", "later", "request")], None),
    ],
)
def test_what_a_destination_is_to_blame_for(
    outcomes: list[Outcome], failure: Outcome | None
) -> None:
    entry, *_ = make_entries(1)
    unsent = Ended(entry, Outcome("expired", "too old"), 0.0)
    request = Request("POST", "https://vendor.test/", {}, b"", ())
    assert whole_failure([unsent, Attempt([], request, None, outcomes, 0.0)]) == failure


@given(st.integers(1, 40))
def test_pauses_in_a_row_grow_until_a_probe_succeeds(outages: int) -> None:
    clock = Clock()
    breaker = Breaker(clock)
    answer(breaker, *[DOWN] * FAILURES_BEFORE_PAUSE)
    began, waited = clock.now, []
    for number in range(1, outages + 1):
        breaker.pause(pause_seconds(number, None))
        while not breaker.admit():
            clock.now += 0.5
        waited.append(clock.now - began)
        began = clock.now
        assert isinstance(breaker.judge(DOWN), Trip)
    assert waited == [min(2.0 ** (number - 1), 300.0) for number in range(1, outages + 1)]


class Destination(RuleBasedStateMachine):
    """A breaker used by drains that follow its advice, and a record of what they did.

    A drain ends when its breaker opens, and the next begins after the pause, so no request is still
    under way after a pause.
    """

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.breaker = Breaker(self.clock)
        self.under_way = 0
        self.row = 0
        self.pauses = 0
        self.paused_until = 0.0

    @property
    def is_paused(self) -> bool:
        return self.clock.now < self.paused_until

    @precondition(lambda self: not self.is_paused)
    @rule()
    def start(self) -> None:
        admitted = self.breaker.admit()
        assert admitted is (self.pauses == 0 or self.under_way == 0)
        self.under_way += admitted

    @precondition(lambda self: self.is_paused)
    @rule()
    def start_too_early(self) -> None:
        assert not self.breaker.admit()

    @precondition(lambda self: self.under_way)
    @rule(failure=st.sampled_from([SUCCESS, DOWN, DOWN, DOWN, THROTTLED, WRONG_KEY]))
    def answer(self, failure: Outcome | None) -> None:
        self.under_way -= 1
        advice = self.breaker.judge(failure)
        if failure is None:
            self.row = 0
            assert advice == (Resume() if self.pauses else None)
            self.pauses = 0
            return
        self.row += 1
        if failure is WRONG_KEY and not self.pauses:
            assert advice == Doubt()
            self.hold_trial(failure)
            return
        enough = failure is not DOWN or self.pauses or self.row >= FAILURES_BEFORE_PAUSE
        assert advice == (Trip(failure.reason, failure.retry_after) if enough else None)
        if enough:
            self.pause(failure)

    def hold_trial(self, failure: Outcome) -> None:
        """Other requests under way are answered first; then another event gets the same answer."""
        while self.under_way:
            self.under_way -= 1
            assert self.breaker.judge(SUCCESS) is None
            assert not self.breaker.admit()
        self.breaker.pause()
        self.pause(failure)

    def pause(self, failure: Outcome) -> None:
        while self.under_way:  # what the drain waits for before it ends
            self.under_way -= 1
            assert self.breaker.judge(failure) is None
        self.pauses += 1
        seconds = pause_seconds(self.pauses, failure.retry_after)
        self.breaker.pause(seconds)
        self.paused_until = self.clock.now + seconds

    @rule(seconds=st.sampled_from([0.5, 1.0, 30.0, 300.0]))
    def wait(self, seconds: float) -> None:
        self.clock.now += seconds

    @invariant()
    def one_probe_at_most_is_under_way(self) -> None:
        if self.pauses:
            assert self.under_way <= 1
            assert self.breaker.allowance(100) == (0 if self.is_paused else 1)
        else:
            assert self.breaker.allowance(100) == 100


TestDestination = Destination.TestCase
