"""Folders and files that only the user of this process can read, whatever its umask."""

from __future__ import annotations

import logging
import os
import stat
from contextlib import suppress
from fnmatch import fnmatch
from pathlib import Path

log = logging.getLogger(__name__)

FOLDER_MODE, FILE_MODE = 0o700, 0o600
UMASK = 0o077
"""For programs that create files of their own."""

_OURS = (
    *("valkey*", "appendonlydir", "appendonly*", "dump.rdb", "temp-*", "url"),
    *(
        "gateway.lock",
        "last-good-*",
        "lost+found",
        ".last-good-*",
        "spool*",
        "ledger*",
        "operators*",
    ),
)

_told: set[Path] = set()


def make_private_folder(folder: Path) -> None:
    """Makes `folder`, and its missing parents, for this user alone. Raises OSError if it cannot be
    made.

    If others have access to an existing `folder`, its mode is changed, with a warning in the log.
    The mode is kept, also with a warning, if the folder belongs to another user or contains files
    that are not the gateway's: others may need it, as they need /var/lib.
    """
    for each in (*reversed(folder.parents), folder):
        try:
            each.mkdir(FOLDER_MODE)
        except FileExistsError:
            continue
        except OSError:  # such as a read-only file system, where it may exist all the same
            if not each.is_dir():
                raise
    found = folder.stat()
    if not stat.S_ISDIR(found.st_mode):
        raise NotADirectoryError(20, "not a folder", str(folder))
    if stat.S_IMODE(found.st_mode) & UMASK and folder not in _told:
        _narrow(folder, found)


def create_private(path: Path) -> None:
    """Creates an empty file for this user alone. An existing file keeps its contents; its mode is
    changed unless it belongs to another user. Raises OSError if the file cannot be written."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)
    try:
        if stat.S_IMODE(os.fstat(handle).st_mode) & UMASK:
            with suppress(PermissionError):
                os.fchmod(handle, FILE_MODE)
    finally:
        os.close(handle)


def _narrow(folder: Path, found: os.stat_result) -> None:
    mode = stat.S_IMODE(found.st_mode)
    if found.st_uid != os.geteuid():
        reason = "it belongs to another user"
    elif not all(any(fnmatch(name, ours) for ours in _OURS) for name in os.listdir(folder)):
        reason = "it contains files that are not the gateway's"
    else:
        folder.chmod(FOLDER_MODE)
        log.warning(
            "%s could be read by other users (mode %o); changed its mode to 700", folder, mode
        )
        return
    _told.add(folder)
    log.warning(
        "%s can be read by other users (mode %o); its mode was not changed because %s. Give the "
        "gateway a folder of its own",
        folder,
        mode,
        reason,
    )
