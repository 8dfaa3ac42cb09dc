"""Writing into a vendor's event. The event or the built-in mapping may share its objects, so an
object is copied before it is changed."""

from collections.abc import Mapping
from typing import Any

from destinations.remarks import remark

Json = dict[str, Any]
Parent = tuple[str, ...]
"""The keys that lead to an object; empty for the vendor's event itself."""


def update(body: Json, parent: Parent, values: Mapping[str, Any]) -> None:
    """Sets `values` in the object at `parent`, which is created if it is missing."""
    for at, key in enumerate(parent):
        below = body.get(key)
        if below is not None and type(below) is not dict:
            path = ".".join(parent[: at + 1])
            remark(f"{path}: the mapping sets no field in it because it is not an object")
            return
        own = body[key] = below.copy() if below else {}
        body = own
    body.update(values)


def remove(body: Json, parent: Parent, key: str) -> None:
    """Removes `key` from the object at `parent`, if it is there."""
    found: Any = body
    for each in parent:
        found = found.get(each) if isinstance(found, dict) else None
    if isinstance(found, dict) and key in found:
        update(body, parent, {})
        for each in parent:
            body = body[each]
        del body[key]
