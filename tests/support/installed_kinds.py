"""Destinations that look as if a third party's package had installed them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import pytest

from destinations.base import Destination
from gateway.configuration import kinds
from gateway.configuration.kinds import installed_kinds
from gateway.configuration.load import settings_schema
from gateway.configuration.settings import settings_model


def forget_kinds() -> None:
    """Makes the configuration look again for installed destinations."""
    for cached in (installed_kinds, settings_model, settings_schema):
        cached.cache_clear()


@contextmanager
def installed_destination(kind: type[Destination[Any]]) -> Iterator[None]:
    """Within the context, `kind` is installed in addition to ours."""

    class Point(EntryPoint):
        def load(self) -> type[Destination[Any]]:
            return kind

    def with_kind(group: str) -> list[EntryPoint]:
        theirs = [Point(kind.type, f"theirs:{kind.__name__}", "gateway.destinations")]
        return [*entry_points(group=group), *(point for point in theirs if point.group == group)]

    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(kinds, "entry_points", with_kind)
            forget_kinds()
            yield
    finally:
        forget_kinds()
