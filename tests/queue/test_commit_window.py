"""How long a commit waits for more items, by simulated clocks."""

from __future__ import annotations

import random

import pytest

from gateway.queue.commit_window import CommitWindow

MOST = 0.004


def run(rate: float, took: float, most: float) -> tuple[float, list[float]]:
    """Simulates commits of `took` seconds, one after the other, for items that arrive at random,
    `rate` in a second. Returns the average number of items in a commit, and the sorted seconds
    from each arrival to the end of its commit."""
    chance = random.Random(1)
    arrivals = [0.0]
    while len(arrivals) < 3000:
        arrivals.append(arrivals[-1] + chance.expovariate(rate))
    window, now, seen, commits = CommitWindow(most), 0.0, 0, 0
    delays: list[float] = []
    while len(delays) < len(arrivals):
        now = max(now, arrivals[len(delays)])
        come = sum(arrival <= now for arrival in arrivals[seen:]) + seen
        now += window.seconds(come - len(delays), come - seen, now, took if commits else 0.0)
        seen = come
        group = [arrival for arrival in arrivals[len(delays) :] if arrival <= now]
        now += took
        commits += 1
        delays += [now - arrival for arrival in group]
    return len(arrivals) / commits, sorted(delays)


@pytest.mark.parametrize(("rate", "took"), [(20, 0.003), (50, 0.003), (100, 0.001)])
def test_at_low_rates_nobody_waits(rate: float, took: float) -> None:
    assert run(rate, took, MOST) == run(rate, took, 0.0)


@pytest.mark.parametrize(("rate", "took"), [(400, 0.003), (800, 0.003), (1000, 0.002)])
def test_under_load_more_share_a_commit_and_wait_a_little(rate: float, took: float) -> None:
    shared, delays = run(rate, took, MOST)
    shared_before, delays_before = run(rate, took, 0.0)
    assert shared > 1.4 * shared_before
    middle, last = len(delays) // 2, len(delays) * 99 // 100
    assert delays[middle] <= delays_before[middle] + took
    assert delays[last] <= delays_before[last] + MOST + took


def test_a_commit_that_many_share_begins_at_once() -> None:
    window = CommitWindow(MOST)
    assert window.seconds(4, 1000, 1.0, 0.002) > 0
    assert window.seconds(8, 8, 1.002, 0.002) == 0


def test_a_commit_that_hung_is_no_reason_to_wait_long() -> None:
    assert CommitWindow(MOST).seconds(2, 1000, 1.0, 30.0) == MOST


def test_a_burst_is_forgotten() -> None:
    window = CommitWindow(MOST)
    assert window.seconds(7, 1000, 1.0, 0.003) > 0
    assert window.seconds(1, 1, 2.0, 0.003) == 0
