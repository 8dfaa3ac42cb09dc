"""The gateway's own commands, as programs that `gateway run` and `gateway work` keep running."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from gateway.configuration.settings import Settings
from gateway.runtime.address import Address
from gateway.runtime.last_good import INHERITED_REDIS
from gateway.runtime.supervisor import Process, Program, spawn

WEB, WORKER, LEDGER, CONSOLE = "web", "worker ", "ledger", "console"
"""The beginnings of the names of web and worker processes, and the names of the ledger's and the
console's process."""


@dataclass(frozen=True, slots=True)
class Programs:
    """The programs of one gateway.

    config: the file of `settings`. allow_demo: whether they accept a demo configuration. start: as
    in `Program`.
    """

    settings: Settings
    config: Path
    redis_url: str
    allow_demo: bool
    start: Callable[[Program], Awaitable[Process]] = spawn

    def web(self, public: Address, operators: Address, count: int) -> list[Program]:
        """The web processes. They start before Redis is ready, and spool meanwhile."""
        words = ["serve", *self._configured()]
        words += ["--host", public.host, "--port", str(public.port)]
        words += ["--operators-host", operators.host, "--operators-port", str(operators.port)]
        names = [WEB]
        if count > 1:
            words.append("--share-port")
            names = [f"{WEB} {n}" for n in range(1, count + 1)]
        is_ready = partial(_answers, public)
        programs = [self._program(name, self.redis_url, words, is_ready) for name in names]
        return [replace(program, is_early=True) for program in programs]

    def workers(self, count: int | None) -> list[Program]:
        """The workers and RQ's scheduler. count: by default one worker per destination, but 2 to
        4."""
        count = count or min(max(2, len(self.settings.destinations)), 4)
        words = ["worker", *self._configured()]
        workers = [
            self._program(f"{WORKER}{n}", self.redis_url, words) for n in range(1, count + 1)
        ]
        redis = self.settings.redis
        words = ["scheduler", "--namespace", redis.namespace]
        return [*workers, self._program("scheduler", redis.jobs_at(self.redis_url), words)]

    def ledger(self) -> list[Program]:
        """The ledger's process, which is wanted as long as the configuration has a ledger."""
        program = self._program(LEDGER, self.redis_url, ["ledger", *self._configured()])
        return [replace(program, is_late=True)]

    def console(self, address: Address) -> list[Program]:
        words = ["console", "--config", str(self.config)]
        words += ["--console-host", address.host, "--console-port", str(address.port)]
        return [replace(self._program(CONSOLE, self.redis_url, words), is_late=True)]

    def _configured(self) -> list[str]:
        """The options that make a process read the same configuration as its supervisor."""
        return ["--config", str(self.config), *(["--allow-demo"] if self.allow_demo else [])]

    def _program(
        self,
        name: str,
        redis_url: str,
        words: list[str],
        is_ready: Callable[[], bool] | None = None,
    ) -> Program:
        command = [sys.executable, "-m", "gateway", *words]
        environment = {
            "GATEWAY_REDIS_URL": redis_url,
            INHERITED_REDIS: self.settings.redis.model_dump_json(),
        }
        return Program(name, command, environment, is_ready, start=self.start)


def _answers(address: Address) -> bool:
    """Whether the web process at `address` answers. Asked directly, since a proxy from the
    environment may not reach this machine."""
    connection = HTTPConnection(address.near_host, address.port, timeout=2)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
