"""Fixtures: the example events in tests/fixtures/events at a fixed time, and the current time."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.event import Event, read_event

EXAMPLES = Path(__file__).parents[1] / "fixtures" / "events"
HAPPENED = 1795219200.5

Example = Callable[..., Event]
"""The type of `example`."""


@pytest.fixture(scope="session")
def now() -> float:
    """A minute after the examples happened."""
    return HAPPENED + 59.5


@pytest.fixture(scope="session")
def examples(example: Example) -> list[Event]:
    return [example(path.stem) for path in sorted(EXAMPLES.iterdir())]


@pytest.fixture(scope="session")
def example() -> Example:
    """``example("purchase", value=0)``: the example with changed fields; None removes one."""

    def make(name: str, **changes: object) -> Event:
        raw = json.loads((EXAMPLES / f"{name}.json").read_bytes())
        raw |= {"timestamp": HAPPENED} | changes
        return read_event({field: value for field, value in raw.items() if value is not None})

    return make
