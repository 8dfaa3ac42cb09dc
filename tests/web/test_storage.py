"""The answer and the log line when events cannot be stored."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from gateway.pipeline.decision import Decision
from gateway.queue.admission import Full, RefusedEvent
from gateway.queue.group_commit import Overloaded
from gateway.sources.base import Batch, Refused
from gateway.web.storage import Storage

DECISIONS: list[Any] = [object(), object()]


class Broken:
    def __init__(self, error: Exception) -> None:
        self._error = error

    async def append(self, decisions: list[Decision]) -> bool:
        raise self._error


@pytest.mark.anyio
async def test_a_flood_that_cannot_be_stored_is_a_line_a_minute(
    caplog: pytest.LogCaptureFixture,
) -> None:
    counts: list[tuple[str, int]] = []
    storage = Storage(Broken(Overloaded()), lambda reason, number: counts.append((reason, number)))
    with caplog.at_level(logging.WARNING):
        for _ in range(50):
            with pytest.raises(Refused, match="retry the whole request") as refused:
                await storage.store(DECISIONS, Batch())
            assert (refused.value.status, refused.value.reason) == (503, "unavailable")
    (line,) = [record.getMessage() for record in caplog.records]
    assert line.startswith("2 events could not be stored")
    assert "(Overloaded)" in line
    assert counts == [("unavailable", 1)] * 50, "the request itself counts one more"


@pytest.mark.anyio
async def test_what_was_refused_is_listed_even_if_held_events_are_not_released() -> None:
    async def release(*_: object) -> None:
        raise Overloaded

    full = Full("limit reached: ads", [RefusedEvent(1, ["books"], ["ads"])])
    full.awaited = True
    storage = Storage(Broken(full), lambda *_: None, release_held=release)
    with pytest.raises(Refused, match="limit reached: ads; the listed events") as refused:
        await storage.store(DECISIONS, Batch([{}, {}]))
    assert (refused.value.status, refused.value.reason) == (503, "full")
    assert [*refused.value.events] == [{"index": 1, "taken": ["books"], "full": ["ads"]}]
