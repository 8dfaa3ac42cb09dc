"""What processes have used, from /proc. Linux only."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

TICK = 1 / os.sysconf("SC_CLK_TCK")
MB = 1_000_000


@dataclass(frozen=True)
class Memory:
    """In MB. resident: all that is in memory. own: with only its share of what it shares (PSS)."""

    resident: float
    own: float


def children(pid: int) -> list[int]:
    """The children of `pid`, and theirs, in that order."""
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            parents[int(folder.name)] = parent(int(folder.name))
    found = [pid]
    for each in found:
        found += [child for child, parent in parents.items() if parent == each]
    return found[1:]


def parent(pid: int) -> int:
    return int(_fields(pid)[1])


def command_line(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")


def cpu_seconds(pids: Iterable[int]) -> float:
    """User and system time of `pids`, and of those of their children that have ended."""
    return sum(int(field) for pid in pids for field in _fields(pid)[11:15]) * TICK


def memory(pid: int) -> Memory:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    sizes = {line.split(":")[0]: line.split()[1] for line in lines[1:]}
    return Memory(int(sizes["Rss"]) * 1024 / MB, int(sizes["Pss"]) * 1024 / MB)


def listeners(port: int) -> int:
    """How many sockets of IPv4 listen at `port`. Source: proc(5), /proc/net/tcp"""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(row[1].endswith(f":{port:04X}") and row[3] == "0A" for row in rows)


def _fields(pid: int) -> list[str]:
    """Of /proc/PID/stat, from the state on. Source: proc(5)"""
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
