"""Starlette and ARQ, a queue of asyncio jobs in Redis, in a virtual environment of their own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from tests.benchmarks.peers.peer import (
    HERE,
    Peer,
    Program,
    WithQueue,
    accepted_at,
    python_versions,
    queue,
    temporary_folder,
    wait_until_it_listens,
)
from tests.support.gateway_process import free_port

FOLDER = HERE / "arq"
PYTHON = str(FOLDER / ".venv" / "bin" / "python")

SETUP = (
    "A route of Starlette, served by uvicorn with uvloop and httptools, adds three jobs to ARQ's "
    "queue, each in a transaction of its own, and answers when they are on disk, in a Valkey that "
    "is configured as the gateway's. ARQ's worker posts each with httpx, up to 100 at a time; it "
    "looks for jobs every 20 ms instead of every 500. A job is tried eight times, with growing "
    "pauses, and is then logged and gone. After a kill the jobs of the worker are done again "
    "40 seconds later. A sender that gets no answer may have added one or two of the three jobs."
)


@contextmanager
def start(url: str, names: Sequence[str]) -> Iterator[WithQueue]:
    with ExitStack() as stack:
        folder = stack.enter_context(temporary_folder())
        socket, redis = stack.enter_context(queue(folder))
        port = free_port()
        words = ["-m", "uvicorn", "web:app", "--app-dir", str(FOLDER), "--port", str(port)]
        words += ["--no-access-log", "--log-level", "warning"]
        variables = {"SOCKET": socket, "NAMES": ",".join(names)}
        web = stack.enter_context(Program(PYTHON, words, folder, **variables))
        wait_until_it_listens(port)
        words = [str(FOLDER / "worker.py"), socket, url]
        work = stack.enter_context(Program(PYTHON, words, folder))
        yield WithQueue(
            *(port, web, work, redis),
            accepted=lambda: accepted_at(port),
            pending=lambda: int(redis.zcard("arq:queue")),
        )


PEER = Peer(
    "Starlette + ARQ",
    SETUP,
    FOLDER / ".venv" / ".installed",
    start,
    lambda: python_versions("arq", ("arq", "starlette", "uvicorn", "httpx", "redis")),
    warm_up=500,
)
