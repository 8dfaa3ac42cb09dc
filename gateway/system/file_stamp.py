"""Detects changes of a file without reading it."""

import os
from pathlib import Path

FileStamp = tuple[int, int, int]
"""Time of the last change (nanoseconds), size (bytes) and inode."""


def file_stamp(path: Path) -> FileStamp | None:
    """The stamp of the file at `path`, which changes when it is written or replaced.

    None while there is no file, for instance between the two steps of an editor that replaces it.
    """
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
