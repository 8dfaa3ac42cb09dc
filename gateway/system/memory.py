"""The memory that this process may use: that of the machine, or less if a cgroup limits it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

_ROOT = Path("/sys/fs/cgroup")
_MEMBERSHIP = Path("/proc/self/cgroup")


def available_memory() -> int | None:
    """The memory in bytes; None if the system does not state it."""
    return smallest_memory(_physical(), _limits(_membership()))


def memory_bound(configured: int | None, available: int | None) -> int:
    """``maxmemory`` of the embedded server in bytes: as configured, else half of `available`. If
    that is not known, 0, which means no limit."""
    return configured or (available or 0) // 2


def smallest_memory(physical: int | None, limits: Iterable[str]) -> int | None:
    """The smallest of `physical` and of `limits`, as cgroup files write them; None without any.

    A cgroup without a limit has ``max`` (version 2) or more than any machine has (version 1).
    Source: docs.kernel.org/admin-guide/cgroup-v2.html, "memory.max", and cgroup-v1/memory.html.
    """
    known = [int(limit) for limit in map(str.strip, limits) if limit.isdecimal() and int(limit)]
    return min(known if physical is None else [physical, *known], default=None)


def limit_files(membership: str) -> Iterator[PurePosixPath]:
    """The files that may contain a memory limit for this process, one for its cgroup and for each
    above it, relative to the mount point. membership: the text of ``/proc/self/cgroup``."""
    for line in membership.splitlines():
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if number == "0" and not controllers:
            folder, name = PurePosixPath("."), "memory.max"
        elif "memory" in controllers.split(","):
            folder, name = PurePosixPath("memory"), "memory.limit_in_bytes"
        else:
            continue
        own = PurePosixPath(path.lstrip("/"))
        for each in (own, *own.parents):
            if ".." not in each.parts:
                yield folder / each / name


def _physical() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (OSError, ValueError):
        return None


def _membership() -> str:
    try:
        return _MEMBERSHIP.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _limits(membership: str) -> Iterator[str]:
    for file in limit_files(membership):
        try:
            yield (_ROOT / file).read_text(encoding="ascii", errors="replace")
        except OSError:  # not mounted here, or in a container mounted elsewhere
            continue
