"""What operators did, and whether the log of their actions is intact."""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.requests import Request

from gateway.configuration.settings import Settings
from gateway.console.context import Console
from gateway.console.trouble import Trouble
from gateway.ledger.operator_actions import newest_done
from gateway.ledger.operator_log import OperatorLog

KEEP = 200
UNREADABLE = "The log of operators' actions cannot be read: {}. Its file is {}."


async def view(console: Console, request: Request) -> dict[str, Any]:
    return await asyncio.to_thread(_read, console.settings, request.query_params.get("user", ""))


def _read(settings: Settings, user: str) -> dict[str, Any]:
    log = OperatorLog.of(settings)
    try:
        chain = log.check()
        actions = newest_done(log, lambda done: user in ("", done.user), KEEP)
    except OSError as error:
        raise Trouble(503, UNREADABLE.format(error.strerror, log.path)) from None
    return {
        "actions": actions,
        "lines": chain.lines,
        "head": chain.head,
        "broken": chain.broken,
        "most": KEEP,
        "user": user,
    }
