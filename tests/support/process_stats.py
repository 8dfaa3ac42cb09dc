"""Memory and CPU time of processes, from /proc, which only Linux has."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

TICK = 1 / os.sysconf("SC_CLK_TCK")
MB = 1_000_000


@dataclass(frozen=True, slots=True)
class Memory:
    """The memory of one process, in MB. resident: all pages in memory. proportional: the same, with
    only its share of shared pages (PSS). own: pages that are not part of a file (programs and
    libraries, which the system shares and can drop); pages that a fork still shares with its parent
    are counted in both."""

    resident: float
    proportional: float
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


def title(pid: int) -> str:
    """The first two words of a command line, such as ``gateway worker``; "" if the process has
    ended."""
    with suppress(OSError):
        return " ".join(command_line(pid).split()[:2])
    return ""


def cpu_seconds(pids: Iterable[int]) -> float:
    """User and system time of `pids` and of their children that have ended. The time of a process
    in `pids` that has ended is counted only with its parent."""
    ticks = 0
    for pid in pids:
        with suppress(OSError):
            ticks += sum(map(int, _fields(pid)[11:15]))
    return ticks * TICK


def memory(pid: int) -> Memory:
    """Raises OSError when the process has ended."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    kb = dict(re.findall(r"^(Rss|Pss|Anonymous): +(\d+) kB$", text, re.MULTILINE))
    if not kb:
        raise ProcessLookupError(f"process {pid} has ended")
    return Memory(*(int(kb[name]) * 1024 / MB for name in ("Rss", "Pss", "Anonymous")))


def memories(pids: Iterable[int]) -> list[Memory]:
    """The memory of the processes in `pids` that have not ended."""
    found = []
    for pid in pids:
        with suppress(OSError):
            found.append(memory(pid))
    return found


def listeners(port: int) -> int:
    """How many IPv4 sockets listen on `port`. Source: proc(5), /proc/net/tcp"""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(row[1].endswith(f":{port:04X}") and row[3] == "0A" for row in rows)


def _fields(pid: int) -> list[str]:
    """The fields of /proc/PID/stat, from the state on. Source: proc(5)"""
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
