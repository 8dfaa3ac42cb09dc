"""Replaces a file in one step."""

from __future__ import annotations

import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path


def replace_text(path: Path, text: str) -> None:
    """Replaces the file at `path`, or the target of a link there, by one with `text`.

    The new file has the mode of the old one and, if that is permitted, its owner. Readers get
    either the old file or the new one. Raises OSError, which leaves the old file unchanged.
    """
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
