"""Lists the differences between two states of an event, for people."""

from collections.abc import Iterator, Mapping
from typing import Any

Change = dict[str, Any]
"""``{"field": path}`` with ``"before"`` and ``"after"``; one of them is missing when the field
was added or removed."""


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """Every field that differs, with its path. A list that differs counts as one field."""
    return list(_changes("", before, after))


def _changes(prefix: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    for name in [*before, *(name for name in after if name not in before)]:
        path = f"{prefix}{name}"
        if name not in after:
            yield {"field": path, "before": before[name]}
        elif name not in before:
            yield {"field": path, "after": after[name]}
        elif before[name] is after[name]:
            continue
        elif isinstance(before[name], dict) and isinstance(after[name], dict):
            yield from _changes(f"{path}.", before[name], after[name])
        elif before[name] != after[name]:
            yield {"field": path, "before": before[name], "after": after[name]}
