"""Settings of the current process: its end, its limits and its command line."""

import ctypes
import resource
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

MAX_FILES = 65_536

_PR_SET_PDEATHSIG = 1


def die_with_parent(signal_number: int = signal.SIGTERM) -> None:
    """Makes the kernel send this process a signal when its parent dies (only on Linux).

    Source: prctl(2), PR_SET_PDEATHSIG.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal_number)


def allow_many_files() -> None:
    """Raises the limit of open files, and so of connections, to `MAX_FILES` or the hard limit.

    The usual limit is 1,024, for the sake of programs that use select(2).
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = MAX_FILES if hard == resource.RLIM_INFINITY else min(MAX_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def show_command_line(words: Sequence[str]) -> None:
    """Makes `ps` show `words` as the command line of this process, cut to the length of the one
    with which it, or the process from which it was forked, was started (only on Linux).

    Source: proc(5), arg_start and arg_end in /proc/pid/stat.
    """
    if sys.platform != "linux":
        return
    fields = Path("/proc/self/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
    start, end = int(fields[45]), int(fields[46])
    if start < end:
        shown = "\0".join(words).encode()[: end - start - 1]
        ctypes.memmove(start, shown.ljust(end - start, b"\0"), end - start)
