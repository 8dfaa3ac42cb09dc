"""Remarks: changes that a destination makes to an event to make it acceptable, one line each.

A destination calls `remark` when it truncates, removes, repairs or converts something. This is rare
and costs almost nothing while remarks are not collected.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_collected: ContextVar[list[str] | None] = ContextVar("remarks", default=None)


def remark(words: str) -> None:
    """Records a change. words: name the field and never repeat its value."""
    remarks = _collected.get()
    if remarks is not None and words not in remarks:
        remarks.append(words)


@contextmanager
def collect_remarks() -> Iterator[list[str]]:
    """Collects the remarks within the `with` block, without duplicates."""
    remarks: list[str] = []
    token = _collected.set(remarks)
    try:
        yield remarks
    finally:
        _collected.reset(token)
