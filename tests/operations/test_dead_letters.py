"""Dead letters without a command line: a survey only reads; the work does what was surveyed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from redis.asyncio import Redis

from gateway.configuration.settings import Settings
from gateway.operations import newest
from gateway.operations.dead_letter_edit import edit_dead_letter, survey_edit, survey_rewrite
from gateway.operations.dead_letter_replay import replay_dead_letters, survey_replay
from gateway.operations.dead_letter_targets import find_targets
from gateway.operations.dead_letters import DeadLetters
from gateway.operations.drop import drop_stored
from gateway.operations.newest import look_at_newest
from gateway.operations.stopped import Mistaken, Stopped
from gateway.operations.survey import survey_of
from gateway.queue import stored_events
from gateway.queue.stored_events import Filter
from tests.support.dead_letters import bury
from tests.support.events import make_event
from tests.support.keys import ADS, BOOKS, KEYS

pytestmark = pytest.mark.anyio


@pytest.fixture
def select(redis: Redis, redis_url: str, settings: Settings, watch: Any) -> Any:
    """Selects the dead letters of the named destinations, or of all."""

    async def select(*names: str, **wanted: Any) -> DeadLetters:
        targets = await find_targets(redis, settings, names)
        found = Filter(**wanted)
        return DeadLetters.of(redis, settings, redis_url, targets, found, watch.noted.append)

    return select


async def sizes(redis: Redis) -> tuple[int, int]:
    """How many dead letters `ads` has, and how many events wait for it."""
    return await redis.xlen(ADS.dead), await redis.xlen(ADS.stream)


async def bury_events(redis: Redis, numbers: Sequence[int], name: str = "ads") -> None:
    await bury(redis, name, [make_event(number) for number in numbers])


async def test_a_survey_tells_kinds_and_the_newest_and_changes_nothing(
    redis: Redis, select: Any, watch: Any
) -> None:
    await bury_events(redis, range(3))
    await bury_events(redis, [7], "books")
    survey = await survey_of(await select(), 2)
    assert (survey.total, survey.counts) == (4, {"ads": 3, "books": 1})
    assert survey.kinds["ads", "rejected", "purchase", "HTTP 400: no such token"] == 3
    assert [each.event_id for _, each in survey.newest_of_all(2)] == ["event-7", "event-2"]
    await survey_replay(await select(), include_overdue=False, apply_rules=False)
    assert await sizes(redis) == (3, 0)
    assert watch.noted == []


async def test_a_look_at_the_newest_is_bounded_in_each_store(
    redis: Redis, select: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(newest, "PAGE", 2)
    monkeypatch.setattr(stored_events, "PAGE", 2)
    await bury_events(redis, range(5))
    await bury_events(redis, [7], "books")
    found = await look_at_newest(await select(), 12, 3)
    assert [each.event_id for _, each in found.events] == ["event-7", "event-4", "event-3"]
    assert (found.stored, found.kinds.total(), found.is_cut) == (6, 5, True)
    found = await look_at_newest(await select("ads"), 5, 9)
    assert [each.event_id for _, each in found.events] == [f"event-{n}" for n in (4, 3, 2, 1, 0)]
    assert not found.is_cut
    (old,) = [each for _, each in found.events if each.event_id == "event-1"]
    alone = await look_at_newest(await select("ads", id=old.id), 2, 9)
    assert [each.event_id for _, each in alone.events] == ["event-1"]


async def test_an_entry_is_found_by_its_id_alone(redis: Redis, select: Any) -> None:
    await bury_events(redis, [1, 1, 2])
    (_, one), *_ = (await survey_of(await select("ads"), 3)).newest
    survey = await survey_of(await select("ads", id=one.id), 3)
    assert [each.id for _, each in survey.newest] == [one.id]
    assert (await survey_of(await select("ads", id="0-0"))).total == 0
    assert (await survey_of(await select("ads", id="none"))).total == 0


async def test_a_rewritten_event_is_sent_again(redis: Redis, select: Any, watch: Any) -> None:
    await bury_events(redis, [0])
    chosen = await select()
    ((_, letter),) = await chosen.find_by_id("event-0")
    with pytest.raises(Mistaken, match="nothing was changed"):
        await survey_rewrite(chosen, letter.id, letter.event)
    edited = await survey_rewrite(chosen, letter.id, {**letter.event, "currency": "SEK"})
    assert edited.shown["currency"] == "SEK"
    await edit_dead_letter(chosen, edited)
    assert watch.noted == [1]
    assert await sizes(redis) == (0, 1)


async def test_what_was_surveyed_is_replayed_and_nothing_that_came_later(
    redis: Redis, select: Any, watch: Any
) -> None:
    await bury_events(redis, range(3))
    chosen = await select("ads")
    survey = await survey_replay(chosen, include_overdue=False, apply_rules=False)
    await bury_events(redis, [9])
    await replay_dead_letters(chosen, survey, 4, watch.advance)
    assert survey.total == 3
    assert watch.steps == [(1, 1)] * 3  # a quarter of a second each
    assert watch.noted == [3]
    assert await sizes(redis) == (1, 3)


async def test_replay_ends_after_the_batch_in_which_it_was_cancelled(
    redis: Redis, select: Any, watch: Any
) -> None:
    await bury_events(redis, range(3))
    chosen = await select("ads")
    survey = await survey_replay(chosen, include_overdue=False, apply_rules=False)

    def advance(tried: int, succeeded: int) -> None:
        watch.advance(tried, succeeded)
        task = asyncio.current_task()
        assert task is not None
        task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await asyncio.create_task(replay_dead_letters(chosen, survey, 4, advance))
    assert (watch.steps, watch.noted) == ([(1, 1)], [1])
    assert await sizes(redis) == (2, 1)


async def test_what_expired_is_counted_and_stays(redis: Redis, select: Any, watch: Any) -> None:
    old = make_event(0, timestamp=1000.0)
    await bury(redis, "books", [old, make_event(1)], "expired")
    chosen = await select()
    survey = await survey_replay(chosen, include_overdue=False, apply_rules=False)
    assert (survey.found.total, survey.overdue, survey.total) == (2, 1, 1)
    await replay_dead_letters(chosen, survey, 100, watch.advance)
    assert await redis.xlen(BOOKS.dead) == 1
    survey = await survey_replay(chosen, include_overdue=True, apply_rules=False)
    assert (survey.overdue, survey.total) == (1, 1)


async def test_a_destination_that_sends_nothing_is_named(redis: Redis, select: Any) -> None:
    await bury_events(redis, [0], "trial")
    survey = await survey_replay(await select(), include_overdue=False, apply_rules=True)
    assert [note.partition(":")[0] for note in survey.notes] == ["trial has dry_run"]


async def test_one_that_is_gone_from_the_configuration_is_noticed(
    redis: Redis, select: Any, watch: Any
) -> None:
    await bury_events(redis, [0], "gone")
    chosen = await select()
    survey = await survey_replay(chosen, include_overdue=False, apply_rules=False)
    assert (survey.found.total, survey.total) == (1, 0)
    (notice,) = survey.found.notices
    assert "gone is no longer in the configuration: its 1 events" in notice
    with pytest.raises(Stopped, match="configure it first"):
        await survey_edit(chosen, "event-0", ["value=1"], [])
    await drop_stored(chosen, survey.found, watch.advance)
    assert (watch.steps, watch.noted) == ([(1, 1)], [1])


async def test_an_edited_event_is_sent_as_it_was_shown(
    redis: Redis, select: Any, watch: Any
) -> None:
    await bury_events(redis, [0])
    chosen = await select()
    edited = await survey_edit(chosen, "event-0", ["currency=SEK"], [])
    assert edited.shown["currency"] == "SEK"
    assert await sizes(redis) == (1, 0)
    await redis.delete(ADS.wake)  # set by the append
    await edit_dead_letter(chosen, edited)
    assert (await sizes(redis), watch.noted) == ((0, 1), [1])
    assert await redis.llen(KEYS.queue_key) == 1
    with pytest.raises(Stopped, match="another command has replayed or dropped it"):
        await edit_dead_letter(chosen, edited)
    assert watch.noted == [1]


@pytest.mark.parametrize(
    ("wanted_id", "changes", "error", "words"),
    [
        ("none", ["value=1"], Stopped, "no dead letter has the event id or the id 'none'"),
        ("event-0", ["value=1"], Stopped, r"give the id of one of them \(ads: "),
        ("event-1", ["value"], Mistaken, "value"),
    ],
)
async def test_why_an_event_cannot_be_edited(
    redis: Redis,
    select: Any,
    wanted_id: str,
    changes: list[str],
    error: type[Stopped],
    words: str,
) -> None:
    await bury_events(redis, [0, 0, 1])
    with pytest.raises(Stopped, match=words) as raised:
        await survey_edit(await select(), wanted_id, changes, [])
    assert type(raised.value) is error


async def test_an_unknown_destination_is_a_mistake_in_its_parameter(select: Any) -> None:
    with pytest.raises(Mistaken, match="did you mean 'ads'") as raised:
        await select("adz")
    assert raised.value.parameter == "destination"
