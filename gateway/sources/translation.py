"""What sources share when they turn a message into an event."""

from collections.abc import Mapping
from typing import Any

from gateway.event import Event


def without_claims(raw: Any) -> Any:
    """`raw` without what only a sender that we trust may say: the visitor's address."""
    if isinstance(raw, dict):
        raw.pop("ip_override", None)
    return raw


def present(fields: Mapping[str, Any]) -> Event:
    """`fields` without nulls and empty strings, which SDKs send for what they do not know."""
    return {name: value for name, value in fields.items() if value is not None and value != ""}


def as_object(value: Any) -> dict[str, Any]:
    """`value` when it is an object, otherwise an empty one."""
    return value if isinstance(value, dict) else {}
