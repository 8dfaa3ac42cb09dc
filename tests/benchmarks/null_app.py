"""The gateway without its thinking: it reads JSON and puts it into the streams of all destinations,
with the same server, group commit and drains, and no pipeline, validation, ledger or spool."""

from __future__ import annotations

import os
import time
from pathlib import Path

import orjson
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.configuration.load import load_settings
from gateway.pipeline.decision import Decision, Verdict
from gateway.queue.append import Appender
from gateway.queue.keys import Keys
from gateway.queue.pending_counts import PendingCounts
from gateway.queue.wake import WakeQueue
from gateway.redis_client.connect import connect_for_intake, connect_for_jobs

CONFIG, REDIS_URL = "NULL_CONFIG", "NULL_REDIS_URL"
"""Environment variables: the configuration that names the destinations, and the server."""


def create() -> ASGIApp:
    settings, redis_url = load_settings(Path(os.environ[CONFIG])), os.environ[REDIS_URL]
    keys = Keys.of(settings)
    wake = WakeQueue(connect_for_jobs(redis_url), keys).wake
    appender = Appender(connect_for_intake(redis_url), keys, PendingCounts(), wake)
    destinations, version = tuple(settings.destinations), settings.version

    async def collect(scope: Scope, receive: Receive, send: Send) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        event = orjson.loads(body)
        verdicts = dict.fromkeys(destinations, Verdict(event))
        await appender.append([Decision(event, verdicts, (), "site", time.time(), version)])
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    return collect
