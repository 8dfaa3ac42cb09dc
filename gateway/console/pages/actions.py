"""What operators did, and whether the log of it is whole."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

import orjson
from starlette.requests import Request

from gateway.configuration.settings import Settings
from gateway.console.context import Console
from gateway.console.trouble import Trouble
from gateway.ledger.operator_log import OperatorLog

KEEP = 200
UNREADABLE = "The log of operators' actions cannot be read: {}. Its file is {}."


async def view(console: Console, request: Request) -> dict[str, Any]:
    return await asyncio.to_thread(_read, console.settings, request.query_params.get("user", ""))


def _read(settings: Settings, user: str) -> dict[str, Any]:
    log = OperatorLog.of(settings)
    newest: deque[bytes] = deque(maxlen=KEEP)
    try:
        chain = log.check()
        for line in log.lines():
            if not user or _decoded(line).get("user") == user:
                newest.append(line)
    except OSError as error:
        raise Trouble(503, UNREADABLE.format(error.strerror, log.path)) from None
    return {
        "actions": [_action(line) for line in reversed(newest)],
        "lines": chain.lines,
        "head": chain.head,
        "broken": chain.broken,
        "most": KEEP,
        "user": user,
    }


def _decoded(line: bytes) -> dict[str, Any]:
    """Empty for what only a foreign hand, or a crash, can have put there."""
    try:
        decoded = orjson.loads(line)
    except orjson.JSONDecodeError:
        return {}
    return decoded if isinstance(decoded, dict) else {}


def _action(line: bytes) -> dict[str, Any]:
    decoded = _decoded(line)
    at, arguments, counts = (decoded.get(name) for name in ("at", "arguments", "counts"))
    return {
        "at": at if isinstance(at, int | float) else None,
        "user": str(decoded.get("user", "(unreadable line)")),
        "command": str(decoded.get("command", "")),
        "arguments": arguments if isinstance(arguments, dict) else {},
        "counts": counts if isinstance(counts, dict) else {},
    }
