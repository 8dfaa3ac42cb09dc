"""Python imports this at its start: a web process measures its own event loop.

It writes a line to the file that LOOP_WATCH_FILE names every tenth of a second: the monotonic time,
and the most CPU, in seconds, that the loop's thread used between two turns of a timer that is due
every 2 ms. That is how long the loop was held, whatever else the machine did meanwhile.
"""

from __future__ import annotations

import os
import sys
from typing import Any

PERIOD, LINE = 0.002, 0.1


def _watch_servers() -> None:
    import asyncio
    import time

    import uvicorn

    started = uvicorn.Server.startup

    async def watch() -> None:
        with open(os.environ["LOOP_WATCH_FILE"], "a", buffering=1) as file:
            most, used, line = 0.0, time.thread_time(), time.monotonic() + LINE
            while True:
                await asyncio.sleep(PERIOD)
                before, used = used, time.thread_time()
                most = max(most, used - before)
                if time.monotonic() > line:
                    file.write(f"{time.monotonic()} {most}\n")
                    most, line = 0.0, time.monotonic() + LINE

    async def startup(self: Any, *arguments: Any, **named: Any) -> None:
        await started(self, *arguments, **named)
        if _serves():
            self.loop_watch = asyncio.create_task(watch())

    uvicorn.Server.startup = startup  # type: ignore[method-assign]


def _serves() -> bool:
    """Whether this is a web process, which may be a fork of `gateway run`; the console is not."""
    with open("/proc/self/cmdline") as file:
        return "serve" in file.read().replace("\0", " ").split()


if {"run", "serve"} & {*sys.orig_argv} and "LOOP_WATCH_FILE" in os.environ:
    _watch_servers()
