"""The ledger's process runs as long as the configuration has a ledger, whenever that changes."""

from __future__ import annotations

import asyncio
import signal
import sys
from functools import partial
from pathlib import Path

import pytest

from gateway.configuration.load import load_settings
from gateway.runtime import reload as reload_module
from gateway.runtime import run as run_module
from gateway.runtime.last_good import LAST_GOOD, LastGood
from gateway.runtime.programs import LEDGER
from gateway.runtime.reload import ConfigFile
from gateway.runtime.supervisor import Program, Supervisor
from tests.support.waiting import until

pytestmark = pytest.mark.anyio

CONFIG = """
redis: {{url: embedded, data_dir: {data}}}
ledger: {{enabled: {enabled}}}
enrichment: []
sources: {{site: {{type: collect}}}}
destinations: {{crm: {{type: webhook, url: "https://crm.example/", consent: []}}}}
"""


@pytest.mark.parametrize("first", [False, True])
async def test_the_ledger_is_switched_on_and_off_without_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: bool
) -> None:
    monkeypatch.setenv(LAST_GOOD, "")  # so that what the run sets is undone
    monkeypatch.setattr(reload_module, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(run_module, "keep_going", lambda *_: [])
    path = tmp_path / "gateway.yaml"

    def write(enabled: bool) -> None:
        path.write_text(CONFIG.format(data=tmp_path, enabled=str(enabled).lower()))

    def runs(expected: bool) -> bool:
        process = supervisor._processes.get(LEDGER)
        return (process is not None and process.returncode is None) == expected

    async def nothing() -> str:
        return ""

    write(first)
    supervisor = Supervisor(
        [[Program(LEDGER, [sys.executable, "-S", "-c", "import time; time.sleep(60)"])]]
    )
    file = ConfigFile(path, load_settings(path))
    last_good = LastGood(tmp_path, "run", path)
    running = asyncio.create_task(run_module._run(supervisor, file, last_good, "unused", nothing))
    try:
        for enabled in (first, not first, first):
            write(enabled)
            await until(partial(runs, enabled))
    finally:
        supervisor.stop()
        async with asyncio.timeout(60):
            await running
        asyncio.get_running_loop().remove_signal_handler(signal.SIGHUP)
