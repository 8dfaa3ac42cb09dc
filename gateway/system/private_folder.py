"""Private folders among the temporary files, which a later start finds again."""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from pathlib import Path


def private_folder(path: Path) -> Path:
    """A private folder among the temporary files, for `path`.

    Returns the folder that an earlier call made, or a new one. Its name depends only on `path`, so
    that processes that ask at the same moment get the same folder. If that name is taken by a
    folder that is not private, the new folder has a random suffix.
    """
    return find_private_folder(path) or _make(path)


def find_private_folder(path: Path) -> Path | None:
    """The folder that `private_folder` made for `path`, or None.

    Anyone may create temporary files, so a folder that belongs to another user, or to which others
    have access, is ignored. If there are several, the first by name is returned.
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
