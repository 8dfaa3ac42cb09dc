"""python worker.py SOCKET URL

Posts the event of each job in ARQ's queue, in the server at SOCKET, to URL/NAME, the first argument
of the job, 100 at a time over connections that stay open.
"""

from __future__ import annotations

import sys
from typing import Any

import httpx
import uvloop
from arq import Retry, run_worker
from arq.connections import RedisSettings
from arq.typing import WorkerSettingsBase

SOCKET, URL = sys.argv[1:]
CONCURRENCY = 100


async def deliver(context: dict[str, Any], name: str, event: dict[str, Any]) -> None:
    try:
        answer = await context["client"].post(f"/{name}", json=event)
        answer.raise_for_status()
    except httpx.HTTPError as error:
        raise Retry(defer=2 ** context["job_try"]) from error


async def start(context: dict[str, Any]) -> None:
    context["client"] = httpx.AsyncClient(
        base_url=URL, limits=httpx.Limits(max_connections=CONCURRENCY), timeout=10
    )


async def stop(context: dict[str, Any]) -> None:
    await context["client"].aclose()


class Settings(WorkerSettingsBase):
    functions = [deliver]
    redis_settings = RedisSettings(unix_socket_path=SOCKET)
    on_startup = start
    on_shutdown = stop
    max_jobs = CONCURRENCY
    max_tries = 8
    job_timeout = 30
    keep_result = 0
    # it starts so many jobs at most each time it looks for some, by default every 0.5 seconds
    poll_delay = 0.02


if __name__ == "__main__":
    uvloop.install()
    run_worker(Settings)
