"""Reads the actions in the log of operators' actions."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from gateway.ledger.operator_log import OperatorLog

UNREADABLE = "(unreadable line)"


@dataclass(frozen=True, slots=True)
class Done:
    """An action. at: Unix seconds, None if the line has no time. user: such as ``anna``, or
    ``console:anna``; `UNREADABLE` for a line that is damaged. arguments: texts that may name a
    person are digests. counts: numbers of the events concerned."""

    at: float | None
    user: str = UNREADABLE
    command: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    counts: Mapping[str, Any] = field(default_factory=dict)


def newest_done(log: OperatorLog, wanted: Callable[[Done], bool], most: int) -> list[Done]:
    """The newest `most` of the actions that are `wanted`, newest first. Raises OSError."""
    found: deque[Done] = deque(maxlen=most)
    found.extend(done for line in log.lines() if wanted(done := _read(line)))
    return [*reversed(found)]


def _read(line: bytes) -> Done:
    try:
        told = orjson.loads(line)
    except orjson.JSONDecodeError:
        return Done(None)
    if not isinstance(told, dict):
        return Done(None)
    at, arguments, counts = (told.get(name) for name in ("at", "arguments", "counts"))
    return Done(
        at if isinstance(at, int | float) and 0 <= at < 1e11 else None,
        str(told.get("user", UNREADABLE)),
        str(told.get("command", "")),
        arguments if isinstance(arguments, dict) else {},
        counts if isinstance(counts, dict) else {},
    )
