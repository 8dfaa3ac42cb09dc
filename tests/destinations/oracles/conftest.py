"""The process that runs the vendors' JavaScript code."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.destinations.oracles.node import Node


@pytest.fixture(scope="session")
def node() -> Iterator[Node]:
    with Node() as process:
        yield process
