"""Folders in the place for temporary files that a later start finds again."""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from pathlib import Path


def private_folder(path: Path) -> Path:
    """A folder in the place for temporary files, for what belongs to `path`.

    Returns the folder that an earlier call made, or a new one. Its name is known beforehand, so
    that processes that ask at the same moment get the same one. If another user has taken that
    name, the folder gets a random one.
    """
    return find_private_folder(path) or _make(path)


def find_private_folder(path: Path) -> Path | None:
    """The folder that `private_folder` made for `path`, or None.

    Anyone may write to that place, so a folder of another user, or one that others may enter, is
    not used. Of several, the first by name is.
    """
    left = Path(tempfile.gettempdir()).glob(f"{_prefix(path)}*")
    return min(filter(_is_private, left), default=None)


def _make(path: Path) -> Path:
    folder = Path(tempfile.gettempdir(), f"{_prefix(path)}0")
    try:
        folder.mkdir(0o700)
    except FileExistsError:
        if not _is_private(folder):
            return Path(tempfile.mkdtemp(prefix=_prefix(path)))
    return folder


def _prefix(path: Path) -> str:
    return f"gateway-{hashlib.sha256(bytes(path)).hexdigest()[:12]}-"


def _is_private(folder: Path) -> bool:
    """Whether `folder` is a folder to which only this user has access."""
    try:
        status = folder.lstat()
    except OSError:
        return False
    mode = status.st_mode
    return stat.S_ISDIR(mode) and not mode & 0o077 and status.st_uid == os.geteuid()
