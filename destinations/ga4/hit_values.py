"""Values in a hit, as JavaScript writes them."""

from collections.abc import Iterator, Mapping
from typing import Any


def as_text(value: Any) -> str:
    """`value` as a text, whole numbers without a decimal point."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def by_type(prefix: str, values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Custom parameters: ``<prefix>.<name>`` for texts, ``<prefix>n.<name>`` for numbers."""
    for name, value in values.items():
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        yield f"{prefix}{'n' if is_number else ''}.{name}", as_text(value)
