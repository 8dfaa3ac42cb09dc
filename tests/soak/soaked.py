"""A gateway under test: all processes of `gateway run`, which never outlive the soak test."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Self

import httpx

from gateway.system.processes import die_with_parent
from tests.soak import small_disk
from tests.soak.processes import kill_all
from tests.support import plain_http
from tests.support.gateway_process import Gateway, wait_for

PENDING, SPOOLED = "gateway_pending_events", "gateway_spool_events"
QUIET_LOOKS = 5
ROOT = Path(__file__).parents[2]
CONFIG = """
redis: {url: "${REDIS_URL:-embedded}", data_dir: "${DATA_DIR}"%(memory)s}
sources:
  site: {type: collect, max_body_bytes: 1048576, rate_limit: off}
  backend: {type: events, keys: [soak-backend-key]}
destinations:
"""
WEBHOOK = """
  %(name)s:
    type: webhook
    url: %(sink)s/%(name)s
    secret: whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw
    allow_private_addresses: true
    when: {event_name: page_view}
    consent: %(consent)s
    delivery: {backoff: %(backoff)s, max_pending_bytes: 1000000000}
    http: {timeout: %(timeout)s}
"""
META = """
  %(name)s:
    type: meta
    pixel_id: "1234567890"
    access_token: meta-soak-token
    api_version: v26.0
    base_url: %(sink)s
    consent: %(consent)s
    delivery: {backoff: %(backoff)s, max_pending_bytes: 1000000000}
    http: {timeout: %(timeout)s}
"""
META_PATH = "/v26.0/1234567890/events"


def _destination(
    template: str,
    name: str,
    sink: str,
    timeout: float = 5,
    backoff: Sequence[float] = (2, 4, 8),
    consent: Sequence[str] = (),
) -> str:
    lists = {"backoff": list(backoff), "consent": list(consent)}
    return template % {"name": name, "sink": sink, "timeout": timeout, **lists}


webhook = partial(_destination, WEBHOOK)
"""A destination that gets page views."""
meta = partial(_destination, META, "meta")
"""A destination that gets everything, in batches."""


class Soaked(Gateway):
    """before: words before the command, such as those that give it a small disk. environment:
    further variables, such as the address of a Redis or a clock. settings: further
    sections of the configuration. memory: bytes that the embedded server may use. cores: those
    to which all processes are bound (Linux)."""

    def __init__(
        self,
        folder: Path,
        destinations: str,
        before: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        settings: str = "",
        memory: int | None = None,
        cores: Collection[int] = (),
    ) -> None:
        path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
        bound = "" if memory is None else f", embedded_memory_bytes: {memory}"
        config = settings + CONFIG % {"memory": bound} + destinations
        compiled = {"PYTHONDONTWRITEBYTECODE": ""}  # as in an installation
        super().__init__(folder, config, {"PYTHONPATH": path, **compiled, **(environment or {})})
        self._before, self._cores = before, cores

    def __enter__(self) -> Self:
        self.start()
        return self

    def start(self) -> None:
        self.launch()
        wait_for(self._is_ready, 60, "the gateway to be ready")

    def launch(self) -> None:
        """Starts the gateway and does not wait until it is ready."""
        self.log = self.folder / "gateway.log"
        options = ["--config", str(self.config), "--port", str(self.port)]
        options += ["--operators-port", str(self.operators_port), *self._console]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*self._before, sys.executable, "-m", "gateway", "run", *options],
                cwd=self.folder,
                env=self._environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                preexec_fn=self._prepare,
            )

    def _prepare(self) -> None:
        die_with_parent(signal.SIGTERM)
        if self._cores:
            os.sched_setaffinity(0, self._cores)

    def stop(self, seconds: float = 40) -> int:
        """Stops the gateway; kills it if it does not end in time. Returns its exit status."""
        try:
            return super().stop(seconds)
        except subprocess.TimeoutExpired:
            kill_all(self.process.pid)
            return self.process.wait(10)

    def is_up(self) -> bool:
        """Whether it is ready to take events."""
        try:
            return plain_http.get(f"{self.url}/readyz", timeout=2).status_code == 200
        except httpx.HTTPError:
            return False

    def attempts(self, destination: str) -> dict[str, int]:
        """Requests to `destination` by their result."""
        return {
            dict(labels)["result"]: int(value)
            for (name, labels), value in self.metrics().items()
            if name == "gateway_attempts_total" and ("destination", destination) in labels
        }

    def waiting(self) -> float | None:
        """Events in streams and spool that have not ended; None while the gateway cannot say."""
        try:
            metrics = self.metrics()
        except httpx.HTTPError:
            return None
        pending = [value for (name, _), value in metrics.items() if name == PENDING]
        return sum(pending) + metrics.get((SPOOLED, frozenset()), 0) if pending else None

    async def ledger_settled(self, seconds: float) -> bool:
        """Waits until the ledger has stored all records; False if that takes longer."""
        deadline = time.monotonic() + seconds
        while await asyncio.to_thread(self.ledger_metric, "feed_bytes") > 0:
            if time.monotonic() > deadline:
                return False
            await asyncio.sleep(0.1)
        return True

    def ledger_metric(self, name: str) -> int:
        """name: such as ``records_dropped_total``."""
        return int(self.metrics()[f"gateway_ledger_{name}", frozenset()])

    def words_before_commands(self) -> list[str]:
        return small_disk.words_within(self.process.pid) if self._before else []

    async def settled(self, seconds: float) -> bool:
        """Waits until nothing has been waiting for a second; False if that takes longer."""
        deadline, quiet = time.monotonic() + seconds, 0
        while quiet < QUIET_LOOKS and time.monotonic() < deadline:
            await asyncio.sleep(0.25)
            quiet = quiet + 1 if await asyncio.to_thread(self.waiting) == 0 else 0
        return quiet == QUIET_LOOKS
