"""Group commit: items that arrive while a commit is in progress share the next one."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Generic, TypeVar

from gateway.queue.commit_window import CommitWindow

Item = TypeVar("Item")

_Waiting = tuple[Item, "asyncio.Future[None]", float, int]
"""An item, its sender's answer, since when it waits, and its size in bytes."""


class Overloaded(Exception):
    """More is waiting for a commit than may wait, or it has waited too long."""


class GroupCommit(Generic[Item]):
    """Commits items in groups; each `submit` waits until the group of its item is committed.

    commit: writes a group of items, all or none. weigh: the weight of an item. largest: weight from
    which a group takes no further item. most_waiting: number of waiting items at which `submit`
    raises `Overloaded`. longest_wait: seconds after which an item whose commit has not begun is no
    longer committed, and its `submit` raises `Overloaded`; None for no limit. size: bytes of an
    item. most_bytes: bytes of the items whose commit has not ended, at which `submit` raises
    `Overloaded`. (The requests that the items were made from take several times as much, and are
    kept meanwhile.) window: maximum seconds that a commit waits for more items, see
    `gateway.queue.commit_window`.
    """

    def __init__(
        self,
        commit: Callable[[list[Item]], Awaitable[None]],
        weigh: Callable[[Item], int] = lambda _: 1,
        largest: int = 4000,
        most_waiting: int = 20_000,
        longest_wait: float | None = None,
        size: Callable[[Item], int] = lambda _: 0,
        most_bytes: int = 32 << 20,
        window: float = 0.0,
    ) -> None:
        self._commit = commit
        self._weigh = weigh
        self._size = size
        self._largest = largest
        self._most_waiting = most_waiting
        self._longest_wait = longest_wait
        self._most_bytes = most_bytes
        self._window = CommitWindow(window)
        self._arrived = 0
        self._took = 0.0
        self._bytes = 0
        self._waiting: list[_Waiting[Item]] = []
        self._task: asyncio.Task[None] | None = None

    async def submit(self, item: Item, share: float = 1.0) -> None:
        """Returns once `item` is committed. Raises what `commit` raised for its group. share: of
        `most_waiting` and `most_bytes`, up to which this item is accepted."""
        if (
            len(self._waiting) >= share * self._most_waiting
            or self._bytes >= share * self._most_bytes
        ):
            raise Overloaded
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        size = self._size(item)
        self._bytes += size
        self._arrived += 1
        self._waiting.append((item, done, time.monotonic(), size))
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        await done

    async def _run(self) -> None:
        try:
            while self._waiting:
                await self._gather()
                began = time.monotonic()
                await self._commit_group(self._take_group())
                self._took = time.monotonic() - began
                self._refuse_late()
        finally:
            self._task = None

    async def _gather(self) -> None:
        waiting, arrived, self._arrived = len(self._waiting), self._arrived, 0
        seconds = self._window.seconds(waiting, arrived, time.monotonic(), self._took)
        if seconds:
            with suppress(asyncio.CancelledError):  # waiting items are still committed
                await asyncio.sleep(seconds)

    def _refuse_late(self) -> None:
        """Fails items that waited too long, so that none waits behind several commits that hang."""
        if self._longest_wait is None:
            return
        before = time.monotonic() - self._longest_wait
        late = 0
        for _, done, since, size in self._waiting:
            if since >= before:
                break
            if not done.done():
                done.set_exception(Overloaded())
            self._bytes -= size
            late += 1
        self._waiting = self._waiting[late:]

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
            await self._commit([item for item, _, _, _ in group])
        except Exception as raised:
            error = raised
        except asyncio.CancelledError:  # it is uncertain whether the group was committed
            error = Overloaded()
        for _, done, _, size in group:
            self._bytes -= size
            if done.done():  # the sender has gone away
                continue
            if error is None:
                done.set_result(None)
            else:
                done.set_exception(error)
