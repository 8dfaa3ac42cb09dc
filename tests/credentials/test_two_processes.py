"""Two worker processes, and a vendor that takes each refresh token once: one refresh."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

from tests.support.sink_server import Received, Reply, Sink

PROCESS = Path(__file__).parents[1] / "support" / "token_process.py"


class Vendor:
    """Takes its time, so that both processes are there meanwhile."""

    def __init__(self) -> None:
        self.refresh_token = "the-first-refresh-token"
        self.grants: list[str] = []
        self.refused: list[str] = []

    def __call__(self, received: Received) -> Reply:
        given = received.body["refresh_token"]
        if given != self.refresh_token:
            self.refused.append(given)
            return 400, b'{"error": "invalid_grant"}'
        self.grants.append(given)
        self.refresh_token = f"refresh-token-{len(self.grants)}"
        time.sleep(0.5)
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


def tell(processes: list[subprocess.Popen[str]]) -> None:
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()


def said(processes: list[subprocess.Popen[str]]) -> list[str]:
    streams = [process.stdout for process in processes]
    return [stream.readline().strip() for stream in streams if stream is not None]
