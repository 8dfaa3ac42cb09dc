"""The reasons by which withheld events are counted: no sender can make many of them. Pure."""

from __future__ import annotations


def counted_reason(stage: str, reason: str) -> str:
    """`reason` without what differs from event to event: which fields do not match a schema, and
    how old the event is. stage: of the verdict. The row of the ending has the whole reason."""
    if stage == "schemas":
        return reason.partition(": ")[0]
    if stage == "age":
        return "; ".join(("the event is too old", *reason.split("; ")[1:]))
    return reason
