"""Group commit: what arrives while a commit is under way shares the next one."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

Item = TypeVar("Item")

_Waiting = tuple[Item, "asyncio.Future[None]"]


class Overloaded(Exception):
    """More is waiting for a commit than may wait."""


class GroupCommit(Generic[Item]):
    """Commits items in groups; whoever submits one waits until its group is committed.

    commit: writes a group of items, all or none. weigh: how much an item weighs. largest: weight
    of a group that takes no further item. most_waiting: items that may wait, beyond which
    `submit` raises `Overloaded`.
    """

    def __init__(
        self,
        commit: Callable[[list[Item]], Awaitable[None]],
        weigh: Callable[[Item], int] = lambda _: 1,
        largest: int = 4000,
        most_waiting: int = 20_000,
    ) -> None:
        self._commit, self._weigh = commit, weigh
        self._largest, self._most_waiting = largest, most_waiting
        self._waiting: list[_Waiting[Item]] = []
        self._task: asyncio.Task[None] | None = None

    async def submit(self, item: Item) -> None:
        """Returns once `item` is committed. Raises what `commit` raised for its group."""
        if len(self._waiting) >= self._most_waiting:
            raise Overloaded
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, done))
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        await done

    async def _run(self) -> None:
        try:
            while self._waiting:
                await self._commit_group(self._take_group())
        finally:
            self._task = None

    def _take_group(self) -> list[_Waiting[Item]]:
        weight = size = 0
        while size < len(self._waiting) and weight < self._largest:
            weight += self._weigh(self._waiting[size][0])
            size += 1
        group, self._waiting = self._waiting[:size], self._waiting[size:]
        return group

    async def _commit_group(self, group: list[_Waiting[Item]]) -> None:
        error: BaseException | None = None
        try:
            await self._commit([item for item, _ in group])
        except Exception as raised:
            error = raised
        for _, done in group:
            if done.done():  # the sender has gone away
                continue
            if error is None:
                done.set_result(None)
            else:
                done.set_exception(error)
