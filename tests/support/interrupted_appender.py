"""An appender on a cluster that loses calls, as when a node or the process dies between them."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from redis.exceptions import ConnectionError as RedisConnectionError

from gateway.queue.append import Appender
from gateway.queue.append_batch import AppendBatch
from gateway.queue.append_plan import plan_of
from gateway.queue.commits import Commit


class InterruptedAppender(Appender):
    """unsent: destinations whose call is lost. unanswered: destinations whose call arrives, but
    whose answer is lost."""

    unsent: Collection[str] = ()
    unanswered: Collection[str] = ()

    async def _append_part(self, part: list[AppendBatch], commits: Sequence[Commit]) -> None:
        ((name,), _, _) = plan_of(part)
        if name in self.unsent:
            raise RedisConnectionError("not sent")
        await super()._append_part(part, commits)
        if name in self.unanswered:
            raise RedisConnectionError("not answered")
