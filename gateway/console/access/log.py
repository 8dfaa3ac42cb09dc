"""What goes to the log of operators' actions: who signed in, and who was refused."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping

from gateway.configuration.settings import Settings
from gateway.ledger.operator_log import OperatorLog

log = logging.getLogger(__name__)

UNKNOWN = "console:(unknown)"
"""The user of an attempt under a name that nobody has. The name is not written: some type their
password there."""


async def note(
    settings: Settings,
    user: str,
    command: str,
    arguments: Mapping[str, str],
    counts: Mapping[str, int] | None = None,
) -> None:
    """Adds a line. A line that cannot be written is said in the process's own log: whoever asks
    could do nothing about it.

    user: such as ``console:anna``. arguments: no secrets, and nothing that a stranger wrote.
    """
    line = {
        "at": time.time(),
        "user": user,
        "command": command,
        "arguments": dict(arguments),
        "counts": dict(counts or {}),
    }
    try:
        await asyncio.to_thread(OperatorLog.of(settings).append, line)
    except OSError as error:
        log.error("the log of operators' actions cannot be written: %s", error.strerror)
