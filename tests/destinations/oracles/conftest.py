"""The process that answers in the words of the vendors' own code."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.destinations.oracles.node import Node


@pytest.fixture(scope="session")
def node() -> Iterator[Node]:
    with Node() as process:
        yield process
