"""Group commit: items that arrive while a commit is under way share the next one."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.queue.commit_window import CommitWindow
from gateway.queue.group_commit import GroupCommit, Overloaded

pytestmark = pytest.mark.anyio


class Journal:
    """Records the groups that were committed; each commit waits until the journal is open."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.open = asyncio.Event()
        self.error: BaseException | None = None

    async def commit(self, group: list[int]) -> None:
        self.groups.append(group)
        await self.open.wait()
        if self.error is not None:
            error, self.error = self.error, None
            raise error


@pytest.fixture
def journal() -> Journal:
    return Journal()


async def submit(commits: GroupCommit[int], *items: int) -> list[asyncio.Task[None]]:
    """Submits `items`, each by its own sender, and lets the senders run until they wait."""
    tasks = [asyncio.create_task(commits.submit(item)) for item in items]
    for _ in range(3):
        await asyncio.sleep(0)
    return tasks


async def test_what_arrives_during_a_commit_shares_the_next_in_order(journal: Journal) -> None:
    commits = GroupCommit(journal.commit)
    first = await submit(commits, 0)
    others = await submit(commits, 1, 2, 3)
    assert journal.groups == [[0]]
    journal.open.set()
    await asyncio.gather(*first, *others)
    assert journal.groups == [[0], [1, 2, 3]]


async def test_nobody_is_answered_before_the_commit(journal: Journal) -> None:
    commits = GroupCommit(journal.commit)
    (sender,) = await submit(commits, 0)
    assert not sender.done()
    journal.open.set()
    await asyncio.wait_for(sender, 60)


async def test_groups_have_a_largest_size_and_keep_the_order(journal: Journal) -> None:
    journal.open.set()
    commits = GroupCommit(journal.commit, largest=3)
    await asyncio.gather(*await submit(commits, *range(8)))
    assert [item for group in journal.groups for item in group] == list(range(8))
    assert max(map(len, journal.groups)) == 3


async def test_an_error_reaches_everyone_of_its_group_and_only_them(journal: Journal) -> None:
    commits = GroupCommit(journal.commit, largest=2)
    tasks = await submit(commits, 0, 1, 2, 3)
    journal.error = OSError("the disk is full")
    journal.open.set()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    failed = {item for item, result in enumerate(results) if isinstance(result, OSError)}
    assert failed == set(journal.groups[0])
    assert [results[item] for item in range(4) if item not in failed] == [None] * (4 - len(failed))
    await asyncio.wait_for(commits.submit(4), 60)


async def test_a_cancelled_sender_does_not_hurt_its_neighbours(journal: Journal) -> None:
    commits = GroupCommit(journal.commit)
    tasks = await submit(commits, 0, 1)
    more = await submit(commits, 2, 3)
    tasks[0].cancel()
    more[0].cancel()
    journal.open.set()
    results = await asyncio.gather(*tasks, *more, return_exceptions=True)
    assert [result for result in results if result is None] == [None, None]
    assert sum(isinstance(result, asyncio.CancelledError) for result in results) == 2
    await asyncio.wait_for(commits.submit(4), 60)


async def test_too_much_waiting_is_refused_at_once_and_only_as_long(journal: Journal) -> None:
    commits = GroupCommit(journal.commit, most_waiting=2)
    tasks = await submit(commits, 0)
    tasks += await submit(commits, 1, 2)
    with pytest.raises(Overloaded):
        await commits.submit(3)
    journal.open.set()
    await asyncio.gather(*tasks)
    await asyncio.wait_for(commits.submit(4), 60)
    assert [item for group in journal.groups for item in group] == [0, 1, 2, 4]


async def test_some_may_wait_when_others_may_not_any_more(journal: Journal) -> None:
    commits = GroupCommit(journal.commit, most_waiting=10)
    waiting = await submit(commits, 0)
    waiting += await submit(commits, *range(1, 8))
    with pytest.raises(Overloaded):
        await commits.submit(100, share=0.7)
    waiting += await submit(commits, 101)
    journal.open.set()
    await asyncio.gather(*waiting)
    assert 101 in [item for group in journal.groups for item in group]


def sized(journal: Journal, **more: Any) -> GroupCommit[int]:
    """Up to ten bytes may wait; the value of an item is its size in bytes."""
    return GroupCommit(journal.commit, size=lambda item: item, most_bytes=10, **more)


async def test_too_many_bytes_are_refused_until_their_commit_has_ended(journal: Journal) -> None:
    commits = sized(journal)
    tasks = await submit(commits, 4)
    tasks += await submit(commits, 5, 2)
    with pytest.raises(Overloaded):
        await commits.submit(1)
    journal.open.set()
    await asyncio.gather(*tasks)
    await asyncio.wait_for(commits.submit(1), 60)
    assert [item for group in journal.groups for item in group] == [4, 5, 2, 1]


async def test_one_item_may_be_larger_than_all_that_may_wait(journal: Journal) -> None:
    journal.open.set()
    await asyncio.wait_for(sized(journal).submit(11), 60)
    assert journal.groups == [[11]]


async def test_no_bytes_stay_behind_when_commits_fail_senders_leave_or_wait_too_long(
    journal: Journal,
) -> None:
    commits = sized(journal, longest_wait=0.0)
    journal.error = OSError("the disk is full")
    tasks = await submit(commits, 3)  # fails
    tasks += await submit(commits, 3, 4)  # waits too long
    tasks[1].cancel()
    journal.open.set()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(result) for result in results] == [OSError, asyncio.CancelledError, Overloaded]
    again = await asyncio.gather(*await submit(commits, *[1] * 11), return_exceptions=True)
    assert [type(result) for result in again] == [type(None)] * 10 + [Overloaded]


@given(st.lists(st.lists(st.integers(0, 12), max_size=5), max_size=8))
def test_what_is_held_never_exceeds_the_limit_by_more_than_one_item(
    rounds: list[list[int]],
) -> None:
    async def play() -> None:
        held = 0

        async def commit(group: list[int]) -> None:
            nonlocal held
            assert sum(group) <= held <= 10 + 12
            await asyncio.sleep(0)
            held -= sum(group)

        async def send(item: int) -> None:
            nonlocal held
            room = held < 10
            held += item if room else 0
            if room:
                await commits.submit(item)
            else:
                with pytest.raises(Overloaded):
                    await commits.submit(item)

        commits = GroupCommit(commit, size=lambda item: item, most_bytes=10)
        for items in rounds:
            await asyncio.gather(*map(send, items))
        assert held == 0

    asyncio.run(play())


def always_wait(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    monkeypatch.setattr(CommitWindow, "seconds", lambda *_: seconds)


async def test_what_arrives_while_a_commit_waits_shares_it(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    always_wait(monkeypatch, 0.2)
    journal.open.set()
    commits = GroupCommit(journal.commit, window=1.0)
    first = await submit(commits, 0)
    assert journal.groups == []
    await asyncio.gather(*first, *await submit(commits, 1, 2))
    assert journal.groups == [[0, 1, 2]]


async def test_a_commit_that_is_cancelled_while_it_waits_begins_at_once(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    always_wait(monkeypatch, 3600)
    journal.open.set()
    commits = GroupCommit(journal.commit, window=3600)
    (sender,) = await submit(commits, 0)
    (waiting,) = [each for each in asyncio.all_tasks() if each.get_coro().__name__ == "_run"]
    waiting.cancel()
    await asyncio.wait_for(sender, 60)
    assert journal.groups == [[0]]
