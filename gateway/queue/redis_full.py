"""Operations that still work while Redis has reached ``maxmemory``.

Redis then refuses every command that may need memory, and so nearly all that RQ does. Streams can
still be read, and scripts that declare ``allow-oom`` still run. Drains write only with such
scripts: they free more memory than they need, or overwrite one small field of the destination.

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
    """Raises `MemoryIsFullError` for the errors of redis-py that mean this. Transactions whose EXEC
    was refused have an error of their own."""
    try:
        yield
    except OutOfMemoryError as error:
        raise MemoryIsFullError from error
    except ExecAbortError as error:
        if "OOM" not in str(error):
            raise
        raise MemoryIsFullError from error


async def is_full(redis: Redis) -> bool:
    """Whether Redis refuses commands that need memory. Runs a script without ``allow-oom``."""
    try:
        await redis.register_script(script("needs_memory"))()
    except OutOfMemoryError:
        return True
    return False


async def write_note(redis: Redis, command: str, key: str, *arguments: str | bytes | int) -> Any:
    """Runs `command` on `key`, even when memory is full. Only for notes that do not accumulate."""
    return await redis.register_script(script("write_note"))([key], [command, *arguments])
