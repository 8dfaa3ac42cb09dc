"""`sample`: the same visitors every time, in the configured share."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.stages.rules import Rule, Ruled, compile_rules


def sampled(event: dict[str, Any], share: float, **more: Any) -> Ruled:
    rule = {"name": "some", "sample": {"share": share, **more}, "set": {"chosen": True}}
    return compile_rules([Rule.model_validate(rule)])(event)


def is_in(event: dict[str, Any], share: float, **more: Any) -> bool:
    return sampled(event, share, **more).dropped is None


def test_the_others_end_as_they_came_and_are_told_why() -> None:
    event = {"client_id": "1.2"}
    assert sampled(event, 1) == Ruled({"client_id": "1.2", "chosen": True}, ("some",))
    ended = sampled(event, 0.0)
    assert ended == Ruled(
        event, ("some",), "dropped by rule 'some': not in the sample of 0 by client_id"
    )
    assert ended.event is event


def test_it_only_concerns_events_that_meet_the_condition() -> None:
    rule = Rule.model_validate({"when": {"event_name": "scroll"}, "sample": {"share": 0}})
    apply = compile_rules([rule])
    assert apply({"event_name": "purchase"}).dropped is None
    assert apply({"event_name": "scroll"}).dropped is not None


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5, 0.9])
def test_the_share_is_what_was_asked_for(share: float) -> None:
    visitors = 4000
    kept = sum(is_in({"client_id": f"GA1.1.{n}"}, share) for n in range(visitors))
    deviation = (visitors * share * (1 - share)) ** 0.5
    assert abs(kept - visitors * share) < 4 * deviation


IDS = st.text(min_size=1, max_size=20)


@given(client=IDS, event=IDS, shares=st.tuples(st.floats(0, 1), st.floats(0, 1)).map(sorted))
def test_who_is_in_a_smaller_share_is_in_a_greater(
    client: str, event: str, shares: list[float]
) -> None:
    smaller, greater = shares
    one, other = {"client_id": client, "event_id": event}, {"client_id": client, "event_id": "x"}
    assert is_in(one, smaller) <= is_in(one, greater)
    assert is_in(one, smaller) == is_in(other, smaller)  # the visitor decides, not the event


@pytest.mark.parametrize("by", ["client_id", "user_id", "event_id"])
def test_what_belongs_together_can_be_chosen(by: str) -> None:
    chosen = {is_in({by: "same", "own": n}, 0.5, by=by) for n in range(20)}
    assert len(chosen) == 1
    apart = {is_in({by: f"{n}"}, 0.5, by=by) for n in range(50)}
    assert apart == {True, False}


def test_without_the_visitors_id_the_events_own_decides() -> None:
    for n in range(20):
        by_event = is_in({"event_id": f"{n}"}, 0.5, by="event_id")
        assert is_in({"event_id": f"{n}"}, 0.5, by="user_id") is by_event
    assert isinstance(is_in({}, 0.5), bool)


def test_the_choice_does_not_change_with_versions() -> None:
    chosen = [n for n in range(30) if is_in({"client_id": str(n)}, 0.2)]
    assert chosen == [2, 12, 13, 16, 17, 19, 24, 28, 29]
