"""A small disk for one gateway: a tmpfs that only its processes see, and that ends with them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

TOOLS = ("unshare", "mount", "setpriv", "nsenter")
SCRIPT = 'mount -t tmpfs -o size="$1" tmpfs "$2" && shift 2 && exec setpriv --pdeathsig TERM "$@"'


def words_before(folder: Path, size: int) -> list[str]:
    """The words before a command that give it a disk of `size` bytes at `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    alone = ["unshare", "--user", "--map-root-user", "--mount"]
    return [*alone, "sh", "-c", SCRIPT, "sh", str(size), str(folder)]


def words_within(pid: int) -> list[str]:
    """The words before a command that let it see the small disk of the process `pid`."""
    return ["nsenter", "--target", str(pid), "--user", "--mount", "--preserve-credentials"]


def why_not(folder: Path) -> str:
    """Why this machine cannot make a small disk; "" if it can."""
    if missing := [tool for tool in TOOLS if shutil.which(tool) is None]:
        return f"{', '.join(missing)} not found"
    tried = subprocess.run(
        [*words_before(folder, 1 << 20), sys.executable, "-c", ""], capture_output=True, text=True
    )
    return tried.stderr.strip()


class SmallDisk:
    """The disk of the process `pid` at `folder`, seen from outside."""

    def __init__(self, pid: int, folder: Path) -> None:
        self._folder = Path(f"/proc/{pid}/root{folder}")
        self._ballast = self._folder / "ballast"

    @property
    def free(self) -> int:
        disk = os.statvfs(self._folder)
        return disk.f_bavail * disk.f_frsize

    def leave(self, room: int) -> None:
        """Fills the disk until only `room` bytes are free."""
        with self._ballast.open("wb") as ballast:
            os.posix_fallocate(ballast.fileno(), 0, self.free - room)

    def fill(self) -> None:
        """Fills the disk to the last byte, whatever else is written to it meanwhile."""
        with self._ballast.open("wb", buffering=0) as ballast, suppress(OSError):
            while True:
                ballast.write(bytes(4096))

    def relieve(self) -> None:
        self._ballast.unlink()
