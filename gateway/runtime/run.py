"""Starts everything that belongs to `gateway run` and `gateway work`."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import nullcontext
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from gateway.configuration.settings import Settings
from gateway.delivery.sweep import sweep_forever
from gateway.delivery.unanswered import end_unanswered_forever
from gateway.runtime.address import Address
from gateway.runtime.announce import announce_forever, enter_namespace
from gateway.runtime.embedded import EmbeddedServer
from gateway.runtime.fork_server import SUPPORTED, ForkServer
from gateway.runtime.last_good import LastGood
from gateway.runtime.programs import CONSOLE, LEDGER, WEB, WORKER, Programs
from gateway.runtime.reload import ConfigFile, news
from gateway.runtime.supervisor import Program, Supervisor, spawn
from gateway.runtime.welcome import welcome_words
from gateway.system.private_files import UMASK
from gateway.system.tasks import cancel_and_wait

log = logging.getLogger(__name__)

AGAIN_SECONDS = 5.0
"""How long failed periodic work waits before it starts again."""

Work = Callable[[Settings, str], Coroutine[Any, Any, None]]


def start_fork_server(
    settings: Settings, command: Callable[[Sequence[str]], object], has_console: bool = False
) -> ForkServer | None:
    """Starts the fork server; None on systems that do not support it. Must be called before there
    is an event loop or a thread.

    command: runs `gateway` with the given arguments. has_console: whether the console is among the
    processes; it shares the code that reads the ledger with the ledger's writer.
    """

    def prepare(arguments: Sequence[str]) -> None:
        match arguments[0]:
            case "worker":
                from gateway.delivery.job import import_carriers

                import_carriers(settings)
            case "ledger" | "console" if has_console and settings.has_ledger:
                import_module("gateway.ledger.reading")

    return ForkServer(command, prepare) if SUPPORTED else None


async def run_workers(
    settings: Settings,
    config: Path,
    redis_url: str,
    processes: int | None,
    forks: ForkServer | None = None,
) -> None:
    """Runs workers, RQ's scheduler, the sweep and the ledger's writer until SIGINT or SIGTERM.

    They listen nowhere, so a demo configuration is accepted. forks: starts the processes, and is
    ended with them.
    """
    start = forks.start if forks else spawn
    programs = Programs(settings, config, redis_url, True, start)
    supervisor = Supervisor([[*programs.workers(processes), *programs.ledger()]])
    file = ConfigFile(config, settings, allow_demo=True)
    last_good = LastGood(settings.redis.data_dir, "work", config)
    async with forks or nullcontext():
        await enter_namespace(settings, redis_url)
        await _run(supervisor, file, last_good, redis_url, _workers_are_running)


async def run_everything(
    settings: Settings,
    config: Path,
    public: Address,
    operators: Address,
    console: Address | None,
    web_processes: int,
    processes: int | None,
    allow_demo: bool,
    forks: ForkServer | None = None,
) -> None:
    """Runs the web processes and workers, and a Valkey server unless the settings name a Redis.

    console: where the console listens; None for no console. allow_demo: whether to accept a demo
    configuration when the file `config` changes. forks: starts the gateway's own processes, and is
    ended with them.
    """
    async with forks or nullcontext():
        stages: list[list[Program]] = []
        url = settings.redis.url
        if url == "embedded":
            server = EmbeddedServer(settings.redis.data_dir, settings.redis.embedded_memory_bytes)
            server.stop_orphan()
            url = server.url
            advice = f"Is the disk with {settings.redis.data_dir} full?"
            stages.append([Program("valkey", server.command(), {}, server.is_ready, advice, UMASK)])
        else:
            await enter_namespace(settings, url)
        start = forks.start if forks else spawn
        programs = Programs(settings, config, url, allow_demo, start)
        web = programs.web(public, operators, web_processes)
        pages = programs.console(console) if console else []
        stages.append([*web, *programs.workers(processes), *programs.ledger(), *pages])
        file = ConfigFile(config, settings, allow_demo=allow_demo)
        last_good = LastGood(settings.redis.data_dir, "run", config)
        welcome = partial(welcome_words, settings, url, public, operators, console)
        await _run(Supervisor(stages), file, last_good, url, welcome)


async def _run(
    supervisor: Supervisor,
    file: ConfigFile,
    last_good: LastGood,
    url: str,
    started: Callable[[], Awaitable[str]],
) -> None:
    """Runs `supervisor` and follows `file`. started: returns the text to print once everything
    runs."""
    tasks: list[asyncio.Task[None]] = []

    async def welcome() -> None:
        print(await started(), flush=True)

    def start() -> None:
        tasks.append(asyncio.create_task(_follow(supervisor, file, last_good, url)))
        tasks.append(asyncio.create_task(welcome()))

    last_good.keep(file.settings.text)
    supervisor.want(LEDGER, file.settings.has_ledger)
    await supervisor.run(start)
    last_good.close()
    await cancel_and_wait(*tasks)


async def _follow(supervisor: Supervisor, file: ConfigFile, last_good: LastGood, url: str) -> None:
    """Does the periodic work, and restarts workers, ledger and console when the configuration
    changes; the ledger's process runs as long as there is a ledger. Web processes follow the file
    by themselves, without missing a request."""
    going = keep_going(file.settings, url)
    try:
        async for settings in news(file):
            last_good.keep(settings.text)
            supervisor.want(LEDGER, settings.has_ledger)
            await cancel_and_wait(*going)
            going = keep_going(settings, url)
            for name in supervisor.names:
                if name.startswith(WEB):
                    supervisor.send_signal(name, signal.SIGHUP)
            await supervisor.restart(
                [name for name in supervisor.names if name.startswith((WORKER, LEDGER, CONSOLE))]
            )
            log.info("configuration %s is in force", settings.version)
    finally:
        await cancel_and_wait(*going)


def keep_going(settings: Settings, url: str) -> list[asyncio.Task[None]]:
    """Starts the periodic work that does not depend on workers. Each task goes on until it is
    cancelled."""
    works = (sweep_forever, end_unanswered_forever, announce_forever)
    return [asyncio.create_task(_keep(work, settings, url)) for work in works]


async def _keep(work: Work, settings: Settings, url: str) -> None:
    """Starts `work` again whenever it fails, as the supervisor does with programs."""
    while True:
        try:
            return await work(settings, url)
        except Exception:  # whatever it is, events depend on this work
            log.exception("%s failed; starting it again in %.0f s", work.__name__, AGAIN_SECONDS)
            await asyncio.sleep(AGAIN_SECONDS)


async def _workers_are_running() -> str:
    return "Workers are running."
