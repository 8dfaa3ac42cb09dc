"""Sources and destinations by the name that they have in the configuration.

Ours and third parties' alike are found through Python entry points, in the groups
``gateway.sources`` and ``gateway.destinations``.
"""

from functools import cache
from importlib.metadata import entry_points
from typing import Any

from destinations.base import Destination
from gateway.sources.base import Source


@cache
def source_types() -> dict[str, type[Source[Any]]]:
    """Every installed kind of source, in the order of their names."""
    return {point.name: point.load() for point in sorted(entry_points(group="gateway.sources"))}


@cache
def destination_types() -> dict[str, type[Destination[Any]]]:
    """Every installed kind of destination, in the order of their names."""
    return {
        point.name: point.load() for point in sorted(entry_points(group="gateway.destinations"))
    }
