"""Values of Matomo's parameters."""

from collections.abc import Mapping
from typing import Any

from gateway.event import Event
from gateway.sources.reading import as_object, decoded_text, number_of

_NUMBERS = frozenset(["discount", "latitude", "longitude", "search_count", "subtotal"])
"""Fields that are numbers and are not in the common event data."""


def selected(fields: Mapping[str, Any], names: Mapping[str, str]) -> Event:
    """The `fields` whose names are in `names`, under our names."""
    return {
        ours: number_of(fields[name]) if ours in _NUMBERS else fields[name]
        for name, ours in names.items()
        if name in fields
    }


def custom_variables(value: Any) -> Event | None:
    """Custom variables by name, read from ``{"1": ["OS", "iPhone"]}``; None if there are none."""
    pairs = as_object(decoded_text(value)).values()
    named = (pair for pair in pairs if isinstance(pair, list) and len(pair) == 2)
    return {name: text for name, text in named if isinstance(name, str) and name} or None
