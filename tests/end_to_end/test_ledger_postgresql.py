"""The ledger of gateways with a Redis of their own, in PostgreSQL."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psycopg

from gateway.ledger.postgresql.place import LedgerDatabase
from gateway.ledger.reading import LedgerReader
from tests.support import plain_http
from tests.support.gateway_process import Gateway, wait_for
from tests.support.postgresql_server import PostgreSQL
from tests.support.sink_server import Sink

KEY = {"authorization": "Bearer key"}
SALT = "salt-of-the-tests"
CONFIG = """
server: {{hash_salt: "${{SALT}}"}}
redis: {{url: "{redis}", data_dir: "${{DATA_DIR}}"}}
ledger: {{url: "${{LEDGER_URL}}"}}
sources:
  backend: {{type: events, paths: [/events], keys: [key]}}
enrichment: []
destinations:
  all: {{type: webhook, url: "{sink}/all", allow_private_addresses: true, consent: []}}
"""


def command(gateway: Gateway, environment: dict[str, str], *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "gateway", *words, "--config", str(gateway.config)],
        env={**os.environ, "DATA_DIR": str(gateway.folder / "data"), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_workers_of_another_machine_take_over_the_ledger(
    tmp_path: Path, redis_url: str, postgresql: PostgreSQL, sink: Sink
) -> None:
    url = postgresql.new_database()
    environment = {"LEDGER_URL": url, "SALT": SALT}
    config = CONFIG.format(redis=redis_url, sink=sink.url)
    reader = LedgerReader(LedgerDatabase(url, "ledger", SALT))

    def writers() -> set[int]:
        statement = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted"
        with psycopg.connect(url) as connection:
            return {pid for (pid,) in connection.execute(statement)}

    def send(gateway: Gateway, number: int) -> None:
        event = {"event_name": "purchase", "event_id": f"e-{number}"}
        plain_http.post(
            f"{gateway.url}/events", json=event, headers=KEY, timeout=60
        ).raise_for_status()

    def counted(number: int) -> bool:
        counts = reader.counts(0, 4e9, "")
        return counts["", "all", "delivered"] == counts["", "all", "accepted"] == number

    with Gateway(tmp_path, config, environment) as gateway:
        send(gateway, 0)
        wait_for(lambda: counted(1), 60, "the first event in the ledger")
        first = writers()
        other = command(gateway, environment, "work")
        try:
            os.kill(gateway.pids("gateway ledger")[0], signal.SIGSTOP)
            with psycopg.connect(url, autocommit=True) as connection:
                for pid in first:
                    connection.execute("SELECT pg_terminate_backend(%s)", [pid])
            wait_for(lambda: writers() - first, 60, "another process to write")
            send(gateway, 1)
            wait_for(lambda: counted(2), 60, "the second event in the ledger")
            shown = command(gateway, environment, "trace", "e-1")
            said, _ = shown.communicate(timeout=60)
            assert shown.returncode == 0, said
            assert "delivered" in said
        finally:
            other.terminate()
            other.communicate(timeout=60)
            gateway.kill("gateway ledger")
