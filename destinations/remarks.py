"""What a destination does to an event to make it fit, in a line for each field.

A destination calls `remark` where it cuts, drops, mends or converts something. This is rare, and
costs almost nothing while no one collects the remarks.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_collected: ContextVar[list[str] | None] = ContextVar("remarks", default=None)


def remark(words: str) -> None:
    """Says what was done. words: names the field, and never repeats its value."""
    remarks = _collected.get()
    if remarks is not None and words not in remarks:
        remarks.append(words)


@contextmanager
def collect_remarks() -> Iterator[list[str]]:
    """What is remarked within the `with` block, without repetition."""
    remarks: list[str] = []
    token = _collected.set(remarks)
    try:
        yield remarks
    finally:
        _collected.reset(token)
