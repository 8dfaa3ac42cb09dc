"""Whether a verdict is about the whole destination or about the events that got it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from destinations.base import DELIVERED, Outcome
from gateway.delivery.breaker import Trip
from gateway.delivery.policy import FAILURES_BEFORE_PAUSE
from gateway.delivery.trial import Again, Another, Rest, Trial
from gateway.queue.entry import Entry
from tests.support.events import make_entries

VERDICT = Outcome("retry", "HTTP 404", "configuration")
DOWN = Outcome("retry", "HTTP 503", "destination")
THROTTLED = Outcome("retry", "HTTP 429", "destination", 30.0)
REFUSED = Outcome("rejected", "HTTP 400")
LATER = Outcome("retry", "later", "event")
FIRST, SECOND, THIRD, OTHER = make_entries(4)


def opened(*suspects: Sequence[Entry], earlier: bool = False) -> Trial:
    return Trial(suspects, None if earlier else VERDICT)


def test_another_event_goes_first_and_then_the_suspect_once_more() -> None:
    trial = opened([FIRST])
    assert trial.next_step() == Another()
    assert trial.judge_another(OTHER, DELIVERED) is None
    assert trial.next_step() == Again([FIRST])


@pytest.mark.parametrize(
    ("outcome", "is_proven"),
    [
        (DELIVERED, True),
        (Outcome("submitted", ticket="1"), True),
        (REFUSED, False),
        (LATER, False),
        (None, False),
    ],
)
def test_only_an_accepted_event_proves_that_the_destination_takes_events(
    outcome: Outcome | None, is_proven: bool
) -> None:
    """None: the suspect has expired, or its person was erased."""
    trial = opened([FIRST], earlier=True)
    trial.nobody()
    trial.next_step()
    trial.judge([outcome] if outcome else [])
    assert trial.next_step() is None
    assert trial.is_proven is is_proven


def test_a_suspect_that_is_refused_again_is_to_blame() -> None:
    trial = opened([FIRST])
    trial.judge_another(OTHER, DELIVERED)
    trial.next_step()
    ending = trial.judge_again([FIRST], VERDICT)
    assert isinstance(ending, Outcome)
    assert ending.result == "rejected"
    assert ending.reason.startswith("HTTP 404 (about this event: ")
    assert trial.next_step() is None
    assert trial.suspects == []


@pytest.mark.parametrize("outcome", [DELIVERED, REFUSED, LATER])
def test_one_that_is_not_ends_as_any_event_does(outcome: Outcome) -> None:
    trial = opened([FIRST])
    trial.judge_another(OTHER, DELIVERED)
    trial.next_step()
    assert trial.judge([outcome]) is None
    assert trial.next_step() is None


@pytest.mark.parametrize("failure", [VERDICT, DOWN, THROTTLED])
def test_another_that_fails_pauses(failure: Outcome) -> None:
    trial = opened([FIRST])
    assert trial.judge_another(OTHER, failure) == Trip(failure.reason, failure.retry_after)


def test_another_that_gets_the_verdict_is_a_suspect_after_the_pause() -> None:
    trial = opened([FIRST])
    trial.judge_another(OTHER, VERDICT)
    assert trial.single_suspects == [FIRST.id, OTHER.id]


@pytest.mark.parametrize("outcome", [REFUSED, LATER])
def test_another_that_is_refused_by_itself_proves_nothing(outcome: Outcome) -> None:
    trial = opened([FIRST])
    assert trial.judge_another(OTHER, outcome) is None
    assert trial.next_step() == Another()


class TestWithoutAnother:
    def test_one_suspect_rests(self) -> None:
        trial = opened([FIRST])
        assert trial.nobody() == Rest()
        assert trial.suspects == [FIRST]

    def test_several_confirm_each_other(self) -> None:
        assert opened([FIRST], [SECOND]).nobody() == Trip("HTTP 404", None)

    def test_one_that_has_rested_is_asked_again(self) -> None:
        trial = opened([FIRST], earlier=True)
        assert trial.nobody() is None
        assert trial.next_step() == Again([FIRST])
        assert trial.judge_again([FIRST], VERDICT) == Rest()
        assert trial.single_suspects == [FIRST.id]

    def test_after_a_pause_the_first_stands_for_all(self) -> None:
        trial = opened([FIRST], [SECOND], earlier=True)
        trial.nobody()
        trial.next_step()
        assert trial.judge_again([FIRST], VERDICT) == Trip("HTTP 404", None)
        assert trial.single_suspects == [FIRST.id, SECOND.id]

    def test_one_that_is_taken_shows_that_the_destination_takes_events(self) -> None:
        trial = opened([FIRST], [SECOND], earlier=True)
        trial.nobody()
        trial.next_step()
        assert trial.judge([DELIVERED]) is None
        assert trial.next_step() == Again([SECOND])
        assert isinstance(trial.judge_again([SECOND], VERDICT), Outcome)

    def test_a_batch_lends_its_newest(self) -> None:
        trial = opened([FIRST, SECOND, THIRD])
        assert trial.lend() is THIRD
        assert trial.suspects == [FIRST, SECOND]
        assert trial.single_suspects == []
        assert (trial.lend(), trial.lend()) == (SECOND, None)


def test_a_single_event_proves_a_few_to_be_to_blame() -> None:
    entries = make_entries(FAILURES_BEFORE_PAUSE + 1)
    trial = opened(*([entry] for entry in entries))
    trial.judge_another(OTHER, DELIVERED)
    for entry in entries[:-1]:
        assert trial.next_step() == Again([entry])
        trial.judge_again([entry], VERDICT)
    assert trial.next_step() == Another()


@given(st.integers(1, 60), st.sets(st.integers(0, 59), max_size=12))
def test_of_a_batch_those_to_blame_are_found(count: int, poison: set[int]) -> None:
    entries = make_entries(count)
    bad = [entry.id for entry in entries if int(entry.id.split(b"-")[0]) in poison]
    trial = opened(entries)
    delivered: list[bytes] = []
    rejected: list[bytes] = []
    requests = 0
    while (step := trial.next_step()) is not None:
        requests += 1
        if isinstance(step, Another):
            assert trial.judge_another(OTHER, DELIVERED) is None
            continue
        ids = [entry.id for entry in step.entries]
        if not {*ids} & {*bad}:
            delivered += ids
            assert trial.judge([DELIVERED] * len(ids)) is None
        elif isinstance(trial.judge_again(step.entries, VERDICT), Outcome):
            rejected += ids
    assert sorted(rejected) == sorted(bad)
    assert sorted(delivered + rejected) == sorted(entry.id for entry in entries)
    assert requests <= 2 + 14 * max(1, len(bad))
