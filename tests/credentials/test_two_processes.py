"""Two worker processes, and a vendor that accepts each refresh token once."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.support.sink_server import Received, Reply, Sink
from tests.support.valkey_server import Valkey

PROCESS = Path(__file__).parents[1] / "support" / "token_process.py"


class Vendor:
    """Answers slowly, so that both processes ask for a token in the meantime."""

    def __init__(self) -> None:
        self.refresh_token = "the-first-refresh-token"
        self.grants: list[str] = []
        self.refused: list[str] = []
        self.meanwhile: list[Callable[[], None]] = []

    def __call__(self, received: Received) -> Reply:
        given = received.body["refresh_token"]
        if given != self.refresh_token:
            self.refused.append(given)
            return 400, b'{"error": "invalid_grant"}'
        self.grants.append(given)
        self.refresh_token = f"refresh-token-{len(self.grants)}"
        time.sleep(0.5)
        while self.meanwhile:
            self.meanwhile.pop()()
        granted = {"access_token": f"access-{len(self.grants)}", "expires_in": 3600}
        return 200, json.dumps(granted | {"refresh_token": self.refresh_token}).encode()


def test_two_processes_make_one_refresh(redis_url: str) -> None:
    vendor = Vendor()
    with Sink(vendor) as sink:
        words = [sys.executable, str(PROCESS), redis_url, f"{sink.url}/token"]
        processes = [
            subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            for _ in range(2)
        ]
        try:
            assert said(processes) == ["ready"] * 2
            tell(processes)
            assert said(processes) == ["access-1"] * 2
            tell(processes)
            assert said(processes) == ["access-2"] * 2, "the receiver refused the first"
        finally:
            for process in processes:
                process.communicate(timeout=60)
    assert vendor.grants == ["the-first-refresh-token", "refresh-token-1"]
    assert vendor.refused == []


def test_a_new_refresh_token_outlives_the_process_that_could_not_store_it(tmp_path: Path) -> None:
    vendor = Vendor()
    with Valkey(tmp_path) as server, Sink(vendor) as sink:
        vendor.meanwhile = [server.kill]
        words = [sys.executable, str(PROCESS), server.url, f"{sink.url}/token"]
        start = partial(
            subprocess.Popen, words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        with start() as first:
            assert said([first]) == ["ready"]
            tell([first])
            assert said([first]) == [
                "no access token for the credential crm: Redis: ConnectionError"
            ]
            server.start()
            assert first.wait(60) == 1
        with start() as second:
            assert said([second]) == ["ready"]
            for token in ("access-1", "access-2"):
                tell([second])
                assert said([second]) == [token]
    assert vendor.refused == []


def tell(processes: list[subprocess.Popen[str]]) -> None:
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()


def said(processes: list[subprocess.Popen[str]]) -> list[str]:
    streams = [process.stdout for process in processes]
    return [stream.readline().strip() for stream in streams if stream is not None]
