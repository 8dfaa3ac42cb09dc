"""Why events were withheld, as it is counted: in words that no sender can make many of. Pure."""

from __future__ import annotations


def counted_reason(stage: str, reason: str) -> str:
    """`reason` without what is different in each event, for a verdict of `stage`: which fields do
    not match a schema, and how old the event is. Its row has all of it."""
    if stage == "schemas":
        return reason.partition(": ")[0]
    if stage == "age":
        return "; ".join(("the event is too old", *reason.split("; ")[1:]))
    return reason
