"""Fixtures of several end-to-end tests."""

from collections.abc import Iterator

import pytest

from tests.support.sink_server import Sink


@pytest.fixture
def sink() -> Iterator[Sink]:
    """Stands in for every vendor."""
    with Sink() as running:
        yield running
