"""Writes what people do in the console to the log of operators' actions."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from starlette.requests import Request

from gateway.console.access.operator import user_of
from gateway.console.context import Console
from gateway.console.trouble import Trouble
from gateway.operations.actions_log import Action

NOT_LOGGED = "{} What an operator does must be written there, so this was not done."


def _refuse(words: str) -> None:
    raise Trouble(503, NOT_LOGGED.format(words))


def action_of(
    console: Console,
    request: Request,
    command: str,
    arguments: Mapping[str, Any],
    warn: Callable[[str], None] = _refuse,
) -> Action:
    """An action of the user of `request`. arguments: by name; values that may name a person are
    written as digests. warn: called when the log cannot be written; by default it raises `Trouble`,
    for an action that has not been done yet."""
    return Action(console.settings, user_of(request), command, arguments, warn)


async def note_action(
    console: Console, request: Request, command: str, arguments: Mapping[str, Any], events: int
) -> None:
    """Writes down what is about to be done, with how many events. Raises `Trouble` when the log
    cannot be written."""
    action = action_of(console, request, command, arguments)
    await asyncio.to_thread(action.note_events, events)
