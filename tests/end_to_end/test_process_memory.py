"""The memory of each process of the gateway: no process imports a library that it does not need."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from tests.soak import scenario_flat

ROOT = Path(__file__).parents[2]

SETTINGS = (
    "from pathlib import Path; from gateway.runtime.last_good import load_running; "
    "import gateway.cli.main; "
    "settings = load_running(Path('config/gateway.yaml'), True); "
)
PROGRAMS = {
    "web": "import gateway.runtime.serve; from gateway.web.app import create_app; "
    "create_app(settings, 'redis://127.0.0.1:1')",
    "worker": "from gateway.delivery.job import prepare_forks; prepare_forks(settings)",
    "supervisor": "import gateway.runtime.run",
    "fork server": "import gateway.runtime.run, gateway.delivery.job as job; "
    "job.import_carriers(settings)",
    "ledger": "import gateway.runtime.ledger; "
    "from gateway.ledger.folder import LedgerFolder; LedgerFolder.of(settings).to_write()",
    "console": "import gateway.runtime.console; "
    "from gateway.console.access.layers import Access; "
    "from gateway.redis_client.connect import connect_for_intake; "
    "Access(None, settings, connect_for_intake('redis://127.0.0.1:1'))",
    "scheduler": "import gateway.delivery.scheduler",
    "check": "from gateway.cli.main import main; "
    "main(['check', 'config/gateway.yaml'], standalone_mode=False)",
}
"""What each process runs until it is ready, including all of its imports."""

SENDING = {"pyreqwest", "gateway.http.fast"}
SERVING = {"starlette", "uvicorn", "prometheus_client", "sqlite3"}
ENRICHING = {"ua_parser", "ua_parser_rs", "iptocc"}
KEEPING = {"sqlalchemy"}
NOT_NAMED = {"destinations.linkedin", "destinations.tiktok", "destinations.x"}
"""Kinds that the configuration does not name."""
SELDOM = {
    *NOT_NAMED,
    *("httpx", "requests", "rich", "pygments", "jsonschema_rs", "maxminddb", "psycopg"),
    *("oauthlib", "jwt", "cryptography.x509", "crawleruseragents"),
}
"""Imported only if configured, for a command's output, or in part (`crawleruseragents`)."""

NEEDED = {
    "web": {"starlette", "uvicorn", "ua_parser", "rq"},
    "worker": {"rq", *SENDING},
    "supervisor": {"redis"},
    "fork server": {"rq", *SENDING},
    "ledger": {"sqlite3", *KEEPING},
    "console": {"starlette", "uvicorn", "jinja2", *KEEPING},
    "scheduler": {"rq"},
    "check": {"pydantic", "ruamel"},
}
NOT_NEEDED = {
    "web": SENDING | SELDOM | KEEPING,
    "worker": SERVING | ENRICHING | SELDOM | KEEPING,
    "supervisor": SERVING - {"sqlite3"} | ENRICHING | SENDING | SELDOM | KEEPING,
    "fork server": SERVING | ENRICHING | SELDOM | KEEPING,
    "ledger": SERVING - {"sqlite3"} | ENRICHING | SENDING | SELDOM,
    "console": ENRICHING | SENDING | SELDOM,
    "scheduler": SERVING
    | KEEPING
    | ENRICHING
    | SENDING
    | SELDOM
    | {"pydantic", "re2", "gateway.configuration.settings", "gateway.configuration.load"},
    "check": SERVING | ENRICHING | SENDING | SELDOM | KEEPING | {"asyncio", "redis", "rq"},
}
WITHOUT_SETTINGS = {"scheduler", "check"}


@pytest.mark.parametrize("process", PROGRAMS)
def test_a_process_imports_only_what_it_needs(process: str) -> None:
    """Each runs in a new interpreter."""
    program = PROGRAMS[process] if process in WITHOUT_SETTINGS else SETTINGS + PROGRAMS[process]
    done = subprocess.run(
        [sys.executable, "-c", f"{program}\nimport sys; print('', *sys.modules, sep='\\n')"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    imported = set(done.stdout.splitlines())
    assert NEEDED[process] <= imported
    assert not NOT_NEEDED[process] & imported


@pytest.mark.alone
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_memory_stays_small(tmp_path: Path) -> None:
    """The short form of the soak test's scenario `flat`, which also counts pages without a file."""
    report = asyncio.run(scenario_flat.run(tmp_path, scenario_flat.SHORT))
    assert not report.failures, str(report)
