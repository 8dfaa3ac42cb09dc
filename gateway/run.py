"""What `gateway run`, `serve` and `work` start, and what they print."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import signal
import socket
import sys
import tempfile
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.delivery.release import release_forever
from gateway.delivery.sweep import sweep_forever
from gateway.embedded import EmbeddedServer
from gateway.ending import end
from gateway.processes import allow_many_files, die_with_parent
from gateway.reload import LAST_GOOD, ConfigFile, ReloadingApp, news
from gateway.settings import Settings, build_sources
from gateway.supervisor import Program, Supervisor

if TYPE_CHECKING:
    from gateway.application import Application

log = logging.getLogger(__name__)

WEB, WORKER = "web", "worker "
"""What the names of web and of worker processes begin with."""


def run_web(settings: Settings, config: Path, redis_url: str, listening: socket.socket) -> None:
    """Serves until SIGINT or SIGTERM, what the file `config` says now; `settings` is what it said
    when it was read."""
    import uvicorn  # here, as the supervisor does without the web application

    from gateway.accept import Server
    from gateway.app import create_app
    from gateway.spool import build_spool

    die_with_parent()
    allow_many_files()

    def build(settings: Settings) -> Application:
        app = create_app(settings, redis_url, build_spool(settings))
        _spare_collector()
        return app

    uvicorn_config = uvicorn.Config(
        ReloadingApp(ConfigFile(config, settings), build),
        http="httptools",  # h11 accepts requests whose framing is ambiguous
        loop="uvloop",
        ws="none",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,  # `client_ip` reads them, from trusted proxies only
        timeout_graceful_shutdown=10,
    )
    with contextlib.suppress(KeyboardInterrupt):
        Server(uvicorn_config).run([listening])


def listen(host: str, port: int, share_port: bool = False) -> socket.socket:
    """A socket that is bound, for `run_web`. Raises OSError when the address is taken.

    share_port: other processes bind it as well, and each gets its part of the connections.
    """
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if share_port:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        listening.bind((host, port))
    except OSError:
        listening.close()
        raise
    return listening


def _spare_collector() -> None:
    """Takes what is there now out of the garbage collector's sight: code and tables live as long as
    the configuration, and to search them again and again costs every event. What events leave
    behind has no cycles to speak of, so it looks more seldom too."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)


async def run_workers(
    settings: Settings, config: Path, redis_url: str, processes: int | None
) -> None:
    """Runs workers, RQ's scheduler and the sweep until SIGINT or SIGTERM."""
    supervisor = Supervisor([_workers(settings, config, redis_url, processes)])
    file = ConfigFile(config, settings)
    await _run(supervisor, file, redis_url, lambda: _say("Workers are running."))


async def run_everything(
    settings: Settings,
    config: Path,
    host: str,
    port: int,
    web_processes: int,
    processes: int | None,
) -> None:
    """Runs web and workers, and a Valkey server unless the settings name a Redis."""
    stages: list[list[Program]] = []
    url = settings.redis.url
    if url == "embedded":
        server = EmbeddedServer(settings.redis.data_dir)
        server.stop_orphan()
        url = server.url
        advice = f"Is the disk with {settings.redis.data_dir} full?"
        stages.append([Program("valkey", server.command(), {}, server.is_ready, advice)])
    web = _web(config, url, host, port, web_processes)
    stages.append([*web, *_workers(settings, config, url, processes)])
    file = ConfigFile(config, settings)
    await _run(Supervisor(stages), file, url, lambda: _say(_welcome(settings, host, port)))


async def _run(
    supervisor: Supervisor, file: ConfigFile, url: str, started: Callable[[], None]
) -> None:
    tasks: list[asyncio.Task[None]] = []

    def start() -> None:
        tasks.append(asyncio.create_task(_follow(supervisor, file, url)))
        started()

    with tempfile.NamedTemporaryFile("w", prefix="gateway-config-") as kept:
        os.environ[LAST_GOOD] = kept.name  # for all that is started, now and later
        Path(kept.name).write_text(file.settings.text, encoding="utf-8")
        await supervisor.run(start)
        for task in tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


async def _follow(supervisor: Supervisor, file: ConfigFile, url: str) -> None:
    """Sweeps and releases, and has the workers start anew whenever the configuration does. The web
    part follows the file by itself, without missing a request."""
    sweeping = asyncio.create_task(_keep_going(file.settings, url))
    try:
        async for settings in news(file):
            Path(os.environ[LAST_GOOD]).write_text(settings.text, encoding="utf-8")
            await end(sweeping)
            sweeping = asyncio.create_task(_keep_going(settings, url))
            for name in supervisor.names:
                if name.startswith(WEB):
                    supervisor.send_signal(name, signal.SIGHUP)
            await supervisor.restart([name for name in supervisor.names if name.startswith(WORKER)])
            log.info("configuration %s is in force", settings.version)
    finally:
        await end(sweeping)


async def _keep_going(settings: Settings, url: str) -> None:
    """What has to happen from time to time, whatever workers do."""
    await asyncio.gather(sweep_forever(settings, url), release_forever(settings, url))


def _web(config: Path, redis_url: str, host: str, port: int, count: int) -> list[Program]:
    arguments = ["serve", "--config", str(config), "--host", host, "--port", str(port)]
    names = [WEB]
    if count > 1:
        arguments.append("--share-port")
        names = [f"{WEB} {n}" for n in range(1, count + 1)]
    return [
        _program(name, redis_url, *arguments, is_ready=lambda: _answers(host, port))
        for name in names
    ]


def _workers(
    settings: Settings, config: Path, redis_url: str, processes: int | None
) -> list[Program]:
    count = processes or min(max(2, len(settings.destinations)), 4)
    workers = [
        _program(f"{WORKER}{n}", redis_url, "worker", "--config", str(config))
        for n in range(1, count + 1)
    ]
    return [*workers, _program("scheduler", settings.redis.jobs_at(redis_url), "scheduler")]


def _program(
    name: str,
    redis_url: str,
    *arguments: str,
    is_ready: Callable[[], bool] | None = None,
) -> Program:
    """One of our own commands as a program to supervise."""
    command = [sys.executable, "-m", "gateway", *arguments]
    return Program(name, command, {"GATEWAY_REDIS_URL": redis_url}, is_ready)


def _answers(host: str, port: int) -> bool:
    try:
        with urllib.request.urlopen(f"{_base(host, port)}/healthz", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _base(host: str, port: int) -> str:
    name = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{name}:{port}"


def _welcome(settings: Settings, host: str, port: int) -> str:
    base = _base(host, port)
    lines = ["", "The event gateway is running; Ctrl-C stops it.", ""]
    if settings.server.demo:
        lines.append(f"  demo shop   {base}/demo")
    collect = next(
        (
            (source.settings.paths or source.paths)[0]
            for source in build_sources(settings).values()
            if source.type == "collect"
        ),
        None,
    )
    if collect is not None:
        lines += [
            f"  collect     {base}{collect}",
            f"  metrics     {base}/metrics",
            "",
            "  Send an event:",
            f"  curl -i {base}{collect} -A 'Mozilla/5.0' -d "
            """'{"event_name": "page_view", "page_location": "https://shop.example/"}'""",
        ]
    return "\n".join([*lines, ""])


def _say(text: str) -> None:
    print(text, flush=True)
