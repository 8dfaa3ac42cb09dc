"""What `gateway run`, `serve` and `work` start, and what they print."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import signal
import socket
import sys
import urllib.request
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from gateway.configuration.exposure import operators_mistake
from gateway.configuration.settings import Settings, build_sources
from gateway.delivery.sweep import sweep_forever
from gateway.delivery.unanswered import end_unanswered_forever
from gateway.runtime.announce import announce_forever, enter_namespace
from gateway.runtime.embedded import EmbeddedServer
from gateway.runtime.last_good import INHERITED_REDIS, LastGood
from gateway.runtime.reload import ConfigFile, ReloadingApp, news
from gateway.runtime.supervisor import Program, Supervisor
from gateway.system.private_files import UMASK
from gateway.system.processes import allow_many_files, die_with_parent
from gateway.system.tasks import cancel_and_wait

if TYPE_CHECKING:
    from gateway.web.application import Application

log = logging.getLogger(__name__)

WEB, WORKER, LEDGER = "web", "worker ", "ledger"
"""What the names of web and of worker processes begin with, and the name of the ledger's."""

FIRST_EVENT = (
    '{"event_name": "page_view", "page_location": "https://shop.example/", "user_id": "u-17", '
    '"consent": {"ad_storage": "granted", "ad_user_data": "granted", '
    '"analytics_storage": "granted"}}'
)
"""States consent, since from this machine no country is known and the strictest default holds, and
a user, since Meta cannot match an address of this machine to a person."""


class Address(NamedTuple):
    """Where a socket listens: a name or an IP address, and a port."""

    host: str
    port: int

    @property
    def url(self) -> str:
        """How to reach it from this machine."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"


def run_web(
    settings: Settings,
    config: Path,
    redis_url: str,
    listening: socket.socket,
    operators: socket.socket,
    allow_demo: bool,
) -> None:
    """Serves until SIGINT or SIGTERM, what the file `config` says now; `settings` is what it said
    when it was read. listening, operators: bound to the public address and the operators'.
    allow_demo: also once it is a demo configuration."""
    import uvicorn  # here, as the supervisor does without the web application

    from gateway.spool.appender import build_spool
    from gateway.web.accept import Server
    from gateway.web.app import create_app
    from gateway.web.protocol import Protocol
    from gateway.web.security_headers import NOSNIFF

    die_with_parent()
    allow_many_files()

    file = ConfigFile(config, settings, allow_demo=allow_demo)

    def build(settings: Settings) -> Application:
        def is_rejected() -> bool:
            return not file.is_in_force(settings)

        if operators_mistake(settings, operators.getsockname()[0]):
            log.warning(
                "the configuration has no server.operators_token: requests from other machines "
                "to the operators' address are refused"
            )
        app = create_app(settings, redis_url, build_spool(settings), is_rejected)
        _spare_collector()
        return app

    app = ReloadingApp(file, build)
    configure = partial(
        uvicorn.Config,
        interface="asgi3",
        http=Protocol,  # of httptools: h11 accepts requests whose framing is ambiguous
        loop="uvloop",
        ws="none",
        access_log=False,
        log_config=None,
        server_header=False,
        headers=[NOSNIFF],
        proxy_headers=False,  # `client_ip` reads them, from trusted proxies only
        timeout_graceful_shutdown=10,
    )
    with contextlib.suppress(KeyboardInterrupt):
        configs = configure(app), configure(app.operators)
        server = Server(*configs, settings=lambda: file.settings.server)
        server.run([listening, operators])


def listen(address: Address, share_port: bool = False) -> socket.socket:
    """A socket that is bound, for `run_web`. Raises OSError when the address is taken.

    share_port: other processes bind it as well, and each gets its part of the connections.
    """
    listening = socket.socket(socket.AF_INET6 if ":" in address.host else socket.AF_INET)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if share_port:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        listening.bind(address)
    except OSError:
        listening.close()
        raise
    return listening


def _spare_collector() -> None:
    """Hides existing objects from the garbage collector: code and tables live as long as
    the configuration, and to search them again and again costs every event. What events leave
    behind has no cycles to speak of, so it also runs less often."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)


async def run_workers(
    settings: Settings, config: Path, redis_url: str, processes: int | None
) -> None:
    """Runs workers, RQ's scheduler, the sweep and the writer of the ledger until SIGINT or SIGTERM.
    They listen nowhere, so a demo configuration is no danger here."""
    await enter_namespace(settings, redis_url)
    workers = _workers(settings, config, redis_url, processes, allow_demo=True)
    supervisor = Supervisor([[*workers, *_ledger(settings, config, redis_url, allow_demo=True)]])
    file = ConfigFile(config, settings, allow_demo=True)
    last_good = LastGood(settings.redis.data_dir, "work", config)
    await _run(supervisor, file, last_good, redis_url, lambda: _say("Workers are running."))


async def run_everything(
    settings: Settings,
    config: Path,
    public: Address,
    operators: Address,
    web_processes: int,
    processes: int | None,
    allow_demo: bool,
) -> None:
    """Runs web and workers, and a Valkey server unless the settings name a Redis. allow_demo: also
    once the file `config` holds a demo configuration."""
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
    web = _web(settings, config, url, public, operators, web_processes, allow_demo)
    ledger = _ledger(settings, config, url, allow_demo)
    stages.append([*web, *_workers(settings, config, url, processes, allow_demo), *ledger])
    file = ConfigFile(config, settings, allow_demo=allow_demo)
    last_good = LastGood(settings.redis.data_dir, "run", config)
    supervisor = Supervisor(stages)
    welcome = _welcome(settings, public, operators)
    await _run(supervisor, file, last_good, url, lambda: _say(welcome))


async def _run(
    supervisor: Supervisor,
    file: ConfigFile,
    last_good: LastGood,
    url: str,
    started: Callable[[], None],
) -> None:
    tasks: list[asyncio.Task[None]] = []

    def start() -> None:
        tasks.append(asyncio.create_task(_follow(supervisor, file, last_good, url)))
        started()

    last_good.keep(file.settings.text)
    await supervisor.run(start)
    last_good.close()
    for task in tasks:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _follow(supervisor: Supervisor, file: ConfigFile, last_good: LastGood, url: str) -> None:
    """Sweeps and releases, and restarts the workers when the configuration changes. The web
    part follows the file by itself, without missing a request."""
    sweeping = asyncio.create_task(_keep_going(file.settings, url))
    try:
        async for settings in news(file):
            last_good.keep(settings.text)
            await cancel_and_wait(sweeping)
            sweeping = asyncio.create_task(_keep_going(settings, url))
            for name in supervisor.names:
                if name.startswith(WEB):
                    supervisor.send_signal(name, signal.SIGHUP)
            await supervisor.restart(
                [name for name in supervisor.names if name.startswith((WORKER, LEDGER))]
            )
            log.info("configuration %s is in force", settings.version)
    finally:
        await cancel_and_wait(sweeping)


async def _keep_going(settings: Settings, url: str) -> None:
    """What has to happen from time to time, whatever workers do."""
    await asyncio.gather(
        sweep_forever(settings, url),
        end_unanswered_forever(settings, url),
        announce_forever(settings, url),
    )


def _web(
    settings: Settings,
    config: Path,
    redis_url: str,
    public: Address,
    operators: Address,
    count: int,
    allow_demo: bool,
) -> list[Program]:
    arguments = ["serve", *_configured(config, allow_demo)]
    arguments += ["--host", public.host, "--port", str(public.port)]
    arguments += ["--operators-host", operators.host, "--operators-port", str(operators.port)]
    names = [WEB]
    if count > 1:
        arguments.append("--share-port")
        names = [f"{WEB} {n}" for n in range(1, count + 1)]
    return [
        _program(name, settings, redis_url, *arguments, is_ready=lambda: _answers(public))
        for name in names
    ]


def _workers(
    settings: Settings, config: Path, redis_url: str, processes: int | None, allow_demo: bool
) -> list[Program]:
    count = processes or min(max(2, len(settings.destinations)), 4)
    workers = [
        _program(f"{WORKER}{n}", settings, redis_url, "worker", *_configured(config, allow_demo))
        for n in range(1, count + 1)
    ]
    words = ["scheduler", "--namespace", settings.redis.namespace]
    return [*workers, _program("scheduler", settings, settings.redis.jobs_at(redis_url), *words)]


def _ledger(settings: Settings, config: Path, redis_url: str, allow_demo: bool) -> list[Program]:
    if not settings.has_ledger:
        return []
    return [_program(LEDGER, settings, redis_url, "ledger", *_configured(config, allow_demo))]


def _configured(config: Path, allow_demo: bool) -> list[str]:
    """The options by which a process that is started again takes what its supervisor takes."""
    return ["--config", str(config), *(["--allow-demo"] if allow_demo else [])]


def _program(
    name: str,
    settings: Settings,
    redis_url: str,
    *arguments: str,
    is_ready: Callable[[], bool] | None = None,
) -> Program:
    """One of our own commands as a program to supervise."""
    command = [sys.executable, "-m", "gateway", *arguments]
    environment = {
        "GATEWAY_REDIS_URL": redis_url,
        INHERITED_REDIS: settings.redis.model_dump_json(),
    }
    return Program(name, command, environment, is_ready)


def _answers(address: Address) -> bool:
    try:
        with urllib.request.urlopen(f"{address.url}/healthz", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _welcome(settings: Settings, public: Address, operators: Address) -> str:
    base = public.url
    lines = ["", "The event gateway is running. Press Ctrl-C to stop it.", ""]
    if settings.server.demo:
        lines.append(f"  demo shop   {base}/demo")
    lines.append(f"  operators   {operators.url}/metrics and /readyz")
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
            "",
            "  Send an event:",
            f"  curl -i {base}{collect} -A 'Mozilla/5.0' -d '{FIRST_EVENT}'",
        ]
    return "\n".join([*lines, ""])


def _say(text: str) -> None:
    print(text, flush=True)
