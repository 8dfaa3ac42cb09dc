"""Token buckets: a sender never gets more than a full bucket and the tokens that flow in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.sources.rate_limits import Rate
from gateway.web.rate_limit import UNLIMITED, Bucket, Buckets, Sizes, size_of

THREE_A_MINUTE = size_of(Rate(3, 60))
ROUNDING = 1e-6


def bucket_of_requests() -> Bucket:
    return Bucket(Sizes(THREE_A_MINUTE, UNLIMITED, UNLIMITED), 0.0)


def test_a_full_bucket_may_be_spent_at_once() -> None:
    bucket = bucket_of_requests()
    assert [bucket.take_request(0.0) for _ in range(4)] == [True, True, True, False]
    assert bucket.wait() == pytest.approx(20)


def test_tokens_flow_in_evenly_up_to_a_full_bucket() -> None:
    bucket = bucket_of_requests()
    for _ in range(3):
        bucket.take_request(0.0)
    assert [bucket.take_request(20.0 + ROUNDING) for _ in range(2)] == [True, False]
    assert [bucket.take_request(9999.0) for _ in range(4)] == [True, True, True, False]


@pytest.mark.parametrize(
    "sizes",
    [Sizes(UNLIMITED, THREE_A_MINUTE, UNLIMITED), Sizes(UNLIMITED, UNLIMITED, THREE_A_MINUTE)],
)
def test_the_request_after_one_that_overdraws_waits(sizes: Sizes) -> None:
    bucket = Bucket(sizes, 0.0)
    assert bucket.take_request(0.0)
    bucket.pay(5, 5)
    assert not bucket.take_request(0.0)
    assert not bucket.has_volume(59.0)
    assert bucket.wait() == pytest.approx(1)
    assert bucket.take_request(60.0 + ROUNDING)


def test_what_is_given_back_can_be_spent_again_and_never_more() -> None:
    bucket = Bucket(Sizes(THREE_A_MINUTE, UNLIMITED, size_of(Rate(10, 60))), 0.0)
    for _ in range(50):
        assert bucket.take_request(0.0)
        bucket.pay(0, 20)
        bucket.give_back(1, 20)
    bucket.give_back(1, 20)
    assert [bucket.take_request(0.0) for _ in range(4)] == [True, True, True, False]


RATES = st.builds(Rate, st.integers(1, 50), st.integers(1, 100))
REQUESTS = st.lists(
    st.tuples(st.floats(0, 30), st.integers(0, 20), st.integers(0, 2000)), max_size=60
)


@given(RATES, RATES, RATES, REQUESTS)
def test_no_window_gets_more_than_a_burst_and_the_rate(
    requests: Rate, events: Rate, size: Rate, asked: list[tuple[float, int, int]]
) -> None:
    """Events and bytes may exceed this by one request, whose size is known only afterwards."""
    sizes = Sizes(size_of(requests), size_of(events), size_of(size))
    bucket, now = Bucket(sizes, 0.0), 0.0
    taken: list[tuple[float, int, int, int]] = []
    for pause, number, length in asked:
        now += pause
        if bucket.take_request(now):
            bucket.pay(number, length)
            taken.append((now, 1, number, length))
        else:
            assert bucket.wait() > 0
    for first, (start, *_) in enumerate(taken):
        for last in range(first, len(taken)):
            window = taken[first : last + 1]
            for kind, rate in enumerate((requests, events, size), 1):
                # of the last request, only the first token has to be there; the rest is paid later
                paid = sum(each[kind] for each in window[:-1]) + 1
                most = rate.amount + rate.per_second * (window[-1][0] - start)
                assert paid <= most + ROUNDING


@given(RATES, st.lists(st.floats(0, 50), max_size=50))
def test_whoever_waits_as_told_is_let_through(rate: Rate, pauses: list[float]) -> None:
    bucket, now = Bucket(Sizes(size_of(rate), UNLIMITED, UNLIMITED), 0.0), 0.0
    for pause in pauses:
        now += pause
        if not bucket.take_request(now):
            assert 0 < bucket.wait() <= rate.seconds / rate.amount
            now += bucket.wait() + ROUNDING
            assert bucket.take_request(now)


@given(st.lists(st.floats(-100, 100), min_size=2, max_size=30))
def test_a_clock_that_goes_back_gives_nothing(moments: list[float]) -> None:
    bucket = Bucket(Sizes(THREE_A_MINUTE, UNLIMITED, UNLIMITED), 0.0)
    taken = sum(bucket.take_request(moment) for moment in moments)
    assert taken <= 3 + max(0.0, *moments) / 20 + ROUNDING


def test_a_million_senders_have_the_memory_of_a_few_thousand() -> None:
    buckets = Buckets(lambda _: bucket_of_requests(), 1000)
    for number in range(1_000_000):
        buckets.of(str(number)).take_request(0.0)
    assert len(buckets) == 1000


def test_whoever_goes_on_sending_does_not_lose_what_was_spent() -> None:
    """Even if there are far more senders than buckets."""
    buckets = Buckets(lambda _: bucket_of_requests(), 1000)
    taken = 0
    for number in range(100_000):
        buckets.of(f"other {number}")
        if number % 500 == 0:
            taken += buckets.of("sender").take_request(0.0)
    assert taken == 3
