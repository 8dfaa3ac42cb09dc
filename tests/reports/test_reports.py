"""Cases from public bug reports; the README.md here explains their format.

Each request goes through the web application to a real Valkey. The function that plans deliveries
then works out, from the stored entries, what each destination would have got.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from starlette.testclient import TestClient

from gateway.configuration.destination import build_destination
from gateway.configuration.load import parse_settings
from gateway.configuration.settings import Settings
from gateway.delivery.planning import Shipment, plan
from gateway.queue.entry import decode
from gateway.web.app import create_app
from tests.support.gateway_process import wait_for
from tests.support.keys import KEYS

FOLDER = Path(__file__).parent
CASES = sorted((FOLDER / "cases").glob("*.json"))
_moment = re.compile(r"@(?P<form>ISO|MS)(?P<seconds>[+-]\d+)")


def settings_of(case: dict[str, Any]) -> Settings:
    text = (FOLDER / "gateway.yaml").read_text()
    for old, new in case["config_patch"]:
        assert old in text
        text = text.replace(old, new)
    environment = {"SINK": "http://127.0.0.1:9", "DATA_DIR": "data"}
    return parse_settings(text, "gateway.yaml", environment)


def with_moments(body: str) -> str:
    """`body` with each ``@ISO-60`` and ``@MS-60`` as the time that many seconds from now."""

    def moment(match: re.Match[str]) -> str:
        seconds = time.time() + int(match["seconds"])
        if match["form"] == "MS":
            return str(int(1000 * seconds))
        return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")

    return _moment.sub(moment, body)


def arrived(settings: Settings, redis: Redis, name: str) -> Iterator[dict[str, Any]]:
    """The bodies of the requests that would go to the destination `name`."""
    rows: Any = redis.xrange(KEYS.destination(name).stream)
    entries = [decode(entry_id, 1, fields[b"e"]) for entry_id, fields in rows]
    destination = build_destination(settings.destinations[name])
    for planned in plan(destination, entries, destination.max_age, time.time()):
        if isinstance(planned, Shipment):
            yield json.loads(planned.request.body)


def outcome(case: dict[str, Any], redis_url: str, redis: Redis) -> dict[str, Any]:
    """The names that a check can use."""
    settings = settings_of(case)
    with TestClient(create_app(settings, redis_url), client=("127.0.0.1", 50000)) as web:
        wait_for(lambda: web.get("/readyz").status_code == 200, 60, "readiness")
        answers = []
        for request in case["requests"]:
            content = with_moments(request["body"]).encode()
            url, headers = request["path"], request["headers"]
            web.cookies.clear()
            answers.append(web.request(request["method"], url, headers=headers, content=content))
    bodies = {name: list(arrived(settings, redis, name)) for name in settings.destinations}
    return {
        "status": [answer.status_code for answer in answers],
        "setcookie": [cookie for each in answers for cookie in each.headers.get_list("set-cookie")],
        "meta": [event for body in bodies["meta"] for event in body["data"]],
        "ga4": [
            {**event, "_body": {name: body[name] for name in body if name != "events"}}
            for body in bodies["ga4"]
            for event in body["events"]
        ],
        "hook": [body["data"] for body in bodies["hook"]],
        "time": time,
    }


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_report(path: Path, redis_url: str, server: Redis) -> None:
    case = json.loads(path.read_text())
    found = outcome(case, redis_url, server)
    assert eval(case["check"], found), f"{case['title']} ({case['source']}): {found}"
