"""Admission: which part of a request is taken while something is full, and what is refused."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis

from gateway.monitoring.numbers import read_numbers
from gateway.pipeline.decision import Decision, Verdict
from gateway.queue.admission import HOLD_FULL, Full, RefusedEvent, admit
from gateway.queue.append import Appender
from gateway.queue.append_batch import AppendBatch
from gateway.queue.bounds import ALL_MEMORY, HOLD, OPEN, WITHDRAWALS, Closed
from gateway.queue.marks import MIN_WINDOW, marks_of
from gateway.queue.pending_counts import PendingCounts
from gateway.spool.row import Row
from gateway.stages.held_consent import HeldConsent
from tests.support.destination_numbers import counts
from tests.support.drains import nobody
from tests.support.events import decide, make_event
from tests.support.keys import ADS, KEYS

ADS_FULL = {"ads": "ads is full"}
NAMES = ("ads", "books", "crm")


def own(number: int, send: Iterable[str] = (), withhold: Iterable[str] = ()) -> Decision:
    """A decision about an event that came with its id."""
    return replace(decide(make_event(number), send, withhold), has_own_id=True)


def held(number: int, send: Iterable[str] = ()) -> Decision:
    """A decision that waits for consent at crm."""
    decision = own(number, send)
    return replace(decision, verdicts={**decision.verdicts, "crm": Verdict(None, "hold", "waits")})


def quarantined(number: int) -> Decision:
    return replace(own(number, withhold=NAMES), quarantine="no price")


def sent(decisions: Iterable[Decision]) -> list[list[str]]:
    return [[*decision.verdicts] for decision in decisions]


NO_ID = decide(make_event(9), ["books"])


@pytest.mark.parametrize(
    ("decisions", "taken", "refused"),
    [
        ([own(1, ["ads", "books"])], [["books"]], [(0, ["books"], ["ads"])]),
        (
            [own(1, ["ads", "books", "crm"]), own(2, ["books"])],
            [["books", "crm"], ["books"]],
            [(0, ["books", "crm"], ["ads"])],
        ),
        ([own(1, ["books"]), own(2, ["ads"])], [["books"], []], [(1, [], ["ads"])]),
        ([own(1, ["ads", "books"], ["crm"])], [["books"]], [(0, ["books"], ["ads"])]),
        (
            [NO_ID, own(2, ["ads", "books"])],
            [[], ["books"]],
            [(0, [], []), (1, ["books"], ["ads"])],
        ),
        (
            [held(1, ["books"]), own(2, ["ads"]), quarantined(3), own(4, withhold=NAMES)],
            [["books"], [], [], []],
            [(0, ["books"], []), (1, [], ["ads"]), (2, [], [])],
        ),
    ],
)
def test_only_what_can_be_repeated_is_taken(
    decisions: list[Decision], taken: list[list[str]], refused: list[tuple[object, ...]]
) -> None:
    admission = admit(decisions, ADS_FULL)
    assert sent(admission.decisions) == taken
    assert not any(decision.quarantine for decision in admission.decisions)
    assert admission.refused is not None
    assert [tuple(each) for each in admission.refused.events] == refused
    assert str(admission.refused) == "ads is full"


@pytest.mark.parametrize(
    "decisions",
    [
        [own(1, ["ads"])],
        [own(1, ["ads"]), own(2, withhold=NAMES)],
        [decide(make_event(1), ["ads", "books"])],
        [decide(make_event(1), ["ads"]), NO_ID],
    ],
)
def test_a_request_of_which_nothing_can_be_taken_is_refused_as_a_whole(
    decisions: list[Decision],
) -> None:
    with pytest.raises(Full, match="ads is full") as error:
        admit(decisions, ADS_FULL)
    assert error.value.events == ()


@pytest.mark.parametrize(
    "closed", [{}, ADS_FULL, {HOLD: "x"}, {WITHDRAWALS: "x"}, {"unknown": "x"}]
)
def test_what_does_not_need_the_full_destination_is_taken_as_it_is(
    closed: dict[str, str],
) -> None:
    decisions = [NO_ID, held(1), quarantined(2), own(3, ["books"], ["ads"])]
    admission = admit(decisions, closed)
    assert admission.refused is None
    assert [*admission.decisions] == decisions


def test_without_memory_nothing_is_taken() -> None:
    with pytest.raises(Full, match="no memory"):
        admit([own(1, withhold=NAMES)], {ALL_MEMORY: "no memory"})


@pytest.mark.parametrize(
    ("denied", "speaks_for", "is_refused"),
    [(["ad_storage"], ["anna"], True), (["ad_storage"], [], False), ([], ["anna"], False)],
)
def test_a_denial_that_cannot_be_remembered_is_refused(
    denied: list[str], speaks_for: list[str], is_refused: bool
) -> None:
    consent = HeldConsent("", [], {}, speaks_for, denied, {}, None)  # type: ignore[arg-type]
    decisions = [replace(own(1, ["books"]), held_consent=consent)]
    if is_refused:
        with pytest.raises(Full, match="no room"):
            admit(decisions, {WITHDRAWALS: "no room"})
    else:
        assert admit(decisions, {WITHDRAWALS: "no room"}).refused is None


@given(
    st.lists(st.tuples(st.sets(st.sampled_from(NAMES)), st.booleans()), min_size=1, max_size=5),
    st.sets(st.sampled_from(NAMES)),
)
def test_nothing_goes_to_what_is_full_and_nothing_is_forgotten(
    fates: list[tuple[set[str], bool]], full: set[str]
) -> None:
    decisions = [
        replace(own(number, sorted(names)), has_own_id=has_id)
        for number, (names, has_id) in enumerate(fates)
    ]
    try:
        admission = admit(decisions, dict.fromkeys(full, "full"))
    except Full:
        return
    listed = {each.place for each in admission.refused.events} if admission.refused else set()
    for index, (names, _) in enumerate(fates):
        taken = set(admission.decisions[index].verdicts)
        assert taken <= names - full
        assert index in listed or taken == names


# in Redis


@pytest.fixture
def appender(redis: Redis) -> Appender:
    return Appender(redis, KEYS, PendingCounts(), nobody)


@pytest.mark.anyio
async def test_a_repetition_is_not_taken_twice_where_it_was_taken(
    appender: Appender, redis: Redis
) -> None:
    """Without `dedupe_window`."""
    request = [own(1, ["ads", "books"], ["crm"]), own(2, ["books"])]
    appender.closed = Closed(ADS_FULL)
    for _ in range(3):
        with pytest.raises(Full, match="ads is full") as error:
            await appender.append(request)
        assert error.value.events == [RefusedEvent(0, ["books"], ["ads"])]
    assert await counts(redis, "books") == {"accepted": 2, "repeated": 4}
    appender.closed = OPEN
    await appender.append(request)
    assert await counts(redis, "ads") == {"accepted": 1}
    assert await counts(redis, "books") == {"accepted": 2, "repeated": 6}
    assert await counts(redis, "crm") == {"accepted": 1, "withheld": 1}


@pytest.mark.anyio
async def test_as_long_as_it_comes_again_it_is_recognised(appender: Appender, redis: Redis) -> None:
    request = [own(1, ["ads", "books"])]
    appender.closed = Closed(ADS_FULL)
    with pytest.raises(Full):
        await appender.append(request)
    mark = f"{KEYS.destination('books').seen}:{marks_of(request[0])[0]}"
    await redis.expire(mark, 5)
    with pytest.raises(Full):
        await appender.append(request)
    assert await redis.ttl(mark) > MIN_WINDOW - 60


@pytest.mark.anyio
async def test_it_is_recognised_as_long_after_it_was_spooled(
    appender: Appender, redis: Redis
) -> None:
    """Although marks take so much memory that other events of untrusted senders get none."""
    part = own(1, ["books"])
    batch = AppendBatch([part], marked=True)
    batch.renewed = [1]
    spooled = Row.of(batch).batch()
    appender.closed = Closed(ADS_FULL, unmarked={"books": "marks"})
    mark = f"{KEYS.destination('books').seen}:{marks_of(part)[0]}"
    for _ in range(2):
        await appender.write([spooled])
        assert await redis.ttl(mark) > MIN_WINDOW - 60
        await redis.expire(mark, 5)
    assert await counts(redis, "books") == {"accepted": 1, "repeated": 1}


@pytest.mark.anyio
async def test_a_trusted_sender_has_room_left(appender: Appender, redis: Redis) -> None:
    appender.closed = Closed(ADS_FULL)
    await appender.append([decide(make_event(1), ["ads"], trusted=True)])
    assert await redis.xlen(ADS.stream) == 1
    appender.closed = Closed(ADS_FULL, ADS_FULL)
    with pytest.raises(Full):
        await appender.append([decide(make_event(2), ["ads"], trusted=True)])


@pytest.mark.anyio
async def test_nothing_is_marked_unless_something_was_full(
    appender: Appender, redis: Redis
) -> None:
    for closed in (OPEN, Closed({HOLD: "x"}), Closed({ALL_MEMORY: "x"}, {})):
        appender.closed = closed
        await appender.append([decide(make_event(1), ["ads"], trusted=True)])
    assert [key async for key in redis.scan_iter(f"{ADS.seen}*")] == []


@pytest.mark.anyio
async def test_a_full_hold_withholds_and_says_why(redis: Redis) -> None:
    pending_counts = PendingCounts()
    appender = Appender(redis, KEYS, pending_counts, nobody)
    appender.closed = Closed({HOLD: "limit reached: 7 of 10 events held for consent"})
    decision = held(1, ["books"])
    await appender.append([decision])
    verdict = decision.verdicts["crm"]
    assert verdict.decision == "withheld"
    assert verdict.reason == "not held: limit reached: 7 of 10 events held for consent"
    numbers = await read_numbers(redis, KEYS, NAMES)
    assert numbers.gateway[HOLD_FULL] == 1
    assert await counts(redis, "crm") == {"accepted": 1, "withheld": 1}
    assert await counts(redis, "books") == {"accepted": 1}
