"""The examples of tests/fixtures/events and a gateway's view of time."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.event import Event, read_event

EXAMPLES = Path(__file__).parents[1] / "fixtures" / "events"


@pytest.fixture(scope="session")
def now() -> float:
    """A minute after the examples happened."""
    return 1795219260.0


@pytest.fixture(scope="session")
def examples() -> list[Event]:
    return [read_event(json.loads(path.read_bytes())) for path in sorted(EXAMPLES.iterdir())]


@pytest.fixture(scope="session")
def example() -> Callable[..., Event]:
    """``example("purchase", value=0)``: an example with some fields changed; None removes one."""

    def make(name: str, **changes: object) -> Event:
        raw = json.loads((EXAMPLES / f"{name}.json").read_bytes()) | changes
        return read_event({field: value for field, value in raw.items() if value is not None})

    return make
