"""Replaces a file in one step."""

from __future__ import annotations

import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path


def replace_text(path: Path, text: str) -> None:
    """Puts a file with `text` in the place of the one at `path`, or of the one to which a link
    there leads, with its mode and, where that is allowed, its owner. Whoever reads meanwhile gets
    the old file or the new one. Raises OSError, and then the old one is as it was."""
    path = path.resolve(strict=True)
    found = path.stat()
    handle, new = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with open(handle, "w", encoding="utf-8", newline="") as file:
            with suppress(PermissionError):
                os.fchown(handle, found.st_uid, found.st_gid)
            os.fchmod(handle, stat.S_IMODE(found.st_mode))
            file.write(text)
            file.flush()
            os.fsync(handle)
        os.replace(new, path)
    except BaseException:
        os.unlink(new)
        raise
