"""Writing into a vendor's event. Its objects may be those of the event that it is made from, or of
the built-in mapping, so an object is copied before it is changed."""

from collections.abc import Mapping
from typing import Any

from destinations.remarks import remark

Json = dict[str, Any]
Parent = tuple[str, ...]
"""The keys that lead to an object; none lead to the vendor's event itself."""


def update(body: Json, parent: Parent, values: Mapping[str, Any]) -> None:
    """Sets `values` in the object at `parent`, which is made where it is missing."""
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
    """Takes `key` out of the object at `parent`, if it is there."""
    found: Any = body
    for each in parent:
        found = found.get(each) if isinstance(found, dict) else None
    if isinstance(found, dict) and key in found:
        update(body, parent, {})
        for each in parent:
            body = body[each]
        del body[key]
