"""Mends names of fields that were copied with blanks or invisible characters around them, such as
into the form of a tag manager."""

from collections.abc import Iterable
from typing import Any

from destinations.trimming import trimmed
from gateway.event.schema import EventFields


def with_plain_names(raw: dict[str, Any], unknown: Iterable[str]) -> dict[str, Any]:
    """`raw`, an event as it was sent, with those of its names `unknown` that are known fields with
    something around them under their plain names, unless it has these too; the same object if there
    are none."""
    odd = {
        name: plain
        for name in unknown
        if (name.strip() != name or not name.isascii())
        and (plain := trimmed(name)) in EventFields.__annotations__
        and plain not in raw
    }
    return {odd.get(name, name): value for name, value in raw.items()} if odd else raw
