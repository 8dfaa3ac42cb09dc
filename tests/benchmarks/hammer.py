"""Load: a new request after each answer, for some seconds; by wrk if it is installed."""

from __future__ import annotations

import json
import secrets
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import uvloop

from tests.benchmarks.bodies import Body
from tests.benchmarks.results import quantile
from tests.support.load_generator import NONE, Answers, post_many

CONNECTIONS = 32
SCRIPT = Path(__file__).parent / "wrk.lua"


@dataclass(frozen=True)
class Answered:
    """refused: answered with 4xx or 5xx. failed: not answered. p50, p99: milliseconds."""

    requests: int
    refused: int
    failed: int
    seconds: float
    p50: float
    p99: float


def generator() -> str:
    """What makes the load, in words."""
    return "wrk" if shutil.which("wrk") else "an asyncio client (wrk is not installed)"


def hammer(port: int, body: Body, seconds: int, connections: int = CONNECTIONS) -> Answered:
    """Keeps `connections` connections busy for `seconds`."""
    prefix = secrets.token_hex(4)
    if shutil.which("wrk"):
        return _wrk(port, body, prefix, seconds, connections)
    requests = body.numbered(prefix)
    return _answered(
        uvloop.run(post_many(port, "/collect", requests, connections, seconds)), seconds
    )


def _wrk(port: int, body: Body, prefix: str, seconds: int, connections: int) -> Answered:
    with tempfile.NamedTemporaryFile("w") as event:
        event.write(body.event)
        event.flush()
        options = ["-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s"]
        url, words = f"http://127.0.0.1:{port}/collect", (event.name, prefix, str(body.batch))
        command = ["wrk", *options, "-s", str(SCRIPT), url, "--", *words]
        printed = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    return Answered(**json.loads(printed.splitlines()[-1]))


def _answered(answers: Answers, seconds: float) -> Answered:
    took = [second for each in answers.seconds.values() for second in each]
    failed = answers.statuses[NONE]
    refused = len(took) - len(answers.accepted) - failed
    p50, p99 = (1000 * quantile(took, share) for share in (0.5, 0.99))
    return Answered(len(took), refused, failed, seconds, p50, p99)
