"""Writes to the log of operators' actions who signed in, and who was refused."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping

from gateway.configuration.settings import Settings
from gateway.operations.actions_log import Action

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
    """Adds a line. If that fails, only the log of the process says so: the user could do nothing
    about it.

    user: such as ``console:anna``. arguments: no secrets, and nothing that a stranger wrote.
    """
    action = Action(settings, user, command, arguments, log.error)
    await asyncio.to_thread(action.note, counts or {})
