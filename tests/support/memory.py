"""How much memory processes take. Linux only."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Memory:
    """Of one process, in MB. resident: all of its pages that are in memory. own: those of them
    that are no part of a file (programs and libraries, which the system shares and can let go);
    pages that a fork still shares with its parent are counted in both."""

    resident: float
    own: float


def memory(pid: int) -> Memory | None:
    """None when the process has ended."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    found = dict(re.findall(r"^(Rss|Anonymous): +(\d+) kB$", text, re.MULTILINE))
    if not found:
        return None
    return Memory(int(found["Rss"]) / 1024, int(found["Anonymous"]) / 1024)


def largest(pids: Iterable[int]) -> Memory:
    """The most that one of `pids` takes of each."""
    found = [each for pid in pids if (each := memory(pid)) is not None]
    return Memory(max(each.resident for each in found), max(each.own for each in found))
