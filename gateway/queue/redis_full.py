"""Operations that still work while Redis has reached ``maxmemory``.

It then refuses whatever may need memory, and so nearly all that RQ does. Streams can still be read,
and scripts run that declare ``allow-oom``. What a drain writes is such a script: it frees more than
it needs, or overwrites one small field of its destination.

Source of the flags: redis.io/docs/latest/develop/programmability/lua-api, "Script flags".
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import ExecAbortError, OutOfMemoryError

from gateway.queue.scripts import script


class MemoryIsFullError(Exception):
    """Redis has refused a command because its memory is full."""


@contextmanager
def memory_may_be_full() -> Iterator[None]:
    """Raises `MemoryIsFullError` for what redis-py raises then: there is an error of its own for
    transactions whose EXEC was refused."""
    try:
        yield
    except OutOfMemoryError as error:
        raise MemoryIsFullError from error
    except ExecAbortError as error:
        if "OOM" not in str(error):
            raise
        raise MemoryIsFullError from error


async def is_full(redis: Redis) -> bool:
    """Whether Redis refuses what needs memory. Asks by a script that does not say it needs none."""
    try:
        await redis.register_script(script("needs_memory"))()
    except OutOfMemoryError:
        return True
    return False


async def write_note(redis: Redis, command: str, key: str, *arguments: str | bytes | int) -> Any:
    """Runs `command` on `key`, also when memory is full: only for notes that do not pile up."""
    return await redis.register_script(script("write_note"))([key], [command, *arguments])
