"""Values in files of their own, as Docker and Kubernetes provide secrets."""

from __future__ import annotations

import os
import stat
from hashlib import sha256
from pathlib import Path

MAX_SECRET_FILE_BYTES = 65_536


class SecretFiles:
    """Reads files for ``${file:PATH}``.

    folder: where relative paths start. digests: the SHA-256 of each file that was read.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.digests: dict[Path, bytes] = {}

    def read(self, name: str) -> str:
        """The text in the file `name` without the newline at its end. Raises `ValueError`, which
        names the file and never repeats what is in it."""
        path = self._folder / name
        try:
            content = read_regular_file(path)
            text = content.decode()
        except UnicodeDecodeError:
            raise ValueError(f"cannot read {path}: it is not UTF-8") from None
        except (OSError, ValueError) as error:
            words = (error.strerror if isinstance(error, OSError) else None) or str(error)
            raise ValueError(f"cannot read {path}: {words}") from None
        text = text.removesuffix("\n").removesuffix("\r")
        if not text:
            raise ValueError(f"{path} is empty")
        self.digests[path] = sha256(content).digest()
        return text


def _open_at_once(path: str, flags: int) -> int:
    """Opens a file without blocking, even a pipe that has no writer."""
    return os.open(path, flags | os.O_NONBLOCK)


def read_regular_file(path: Path) -> bytes:
    """The content of the file at `path`. Raises `OSError`, and `ValueError` if it is not a regular
    file or is too large."""
    with open(path, "rb", opener=_open_at_once) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise ValueError("it is not a regular file")
        content = file.read(MAX_SECRET_FILE_BYTES + 1)
    if len(content) > MAX_SECRET_FILE_BYTES:
        raise ValueError(f"it has more than {MAX_SECRET_FILE_BYTES} bytes")
    return content
