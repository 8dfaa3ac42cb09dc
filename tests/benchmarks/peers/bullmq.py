"""Fastify and BullMQ: what people use for this job in JavaScript."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from redis import Redis

from tests.benchmarks.peers.peer import (
    HERE,
    NODE,
    V8_WARM_UP,
    Peer,
    Program,
    WithQueue,
    node_installed,
    node_versions,
    queue,
    temporary_folder,
    wait_until_it_listens,
)
from tests.support.gateway_process import free_port

FOLDER = HERE / "bullmq"

SETUP = (
    "Fastify puts a job for each destination into a queue of BullMQ, in one transaction, and "
    "answers when it is on disk, in a Valkey that is configured as the gateway's. BullMQ's worker "
    "posts each with undici, 32 at a time. A job is tried eight times, with growing pauses, "
    "and then stays in the store as failed. After a kill the worker's jobs are done again up "
    "to a minute later."
)


@contextmanager
def start(url: str, names: Sequence[str]) -> Iterator[WithQueue]:
    with ExitStack() as stack:
        folder = stack.enter_context(temporary_folder())
        socket, redis = stack.enter_context(queue(folder))
        port = free_port()
        words = [str(FOLDER / "web.js"), socket, str(port), *names]
        web = stack.enter_context(Program(NODE, words, folder))
        wait_until_it_listens(port)
        words = [str(FOLDER / "worker.js"), socket, url]
        work = stack.enter_context(Program(NODE, words, folder))
        yield WithQueue(
            *(port, web, work, redis),
            accepted=lambda: int(redis.get("bull:events:id") or 0) // len(names),  # numbers of jobs
            pending=lambda: _pending(redis),
        )


def _pending(redis: Redis) -> int:
    lists = sum(redis.llen(f"bull:events:{name}") for name in ("wait", "active"))
    return int(lists + redis.zcard("bull:events:delayed"))


PEER = Peer(
    "Fastify + BullMQ",
    SETUP,
    node_installed("bullmq"),
    start,
    lambda: node_versions("bullmq"),
    V8_WARM_UP,
)
