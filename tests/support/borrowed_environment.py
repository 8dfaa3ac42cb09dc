"""A virtual environment for packages under test. It borrows the dependencies from the
environment of the tests, so that nothing is downloaded."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import venv
from pathlib import Path


def create(folder: Path, *packages: Path) -> Path:
    """Creates the environment in `folder` and returns the folder of its commands. `packages` are
    wheels, or folders of projects that hatchling builds. Packages installed here take
    precedence over borrowed ones."""
    venv.create(folder, symlinks=True)
    commands = folder / "bin"
    (site,) = folder.glob("lib/python*/site-packages")
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    pip = [sys.executable, "-m", "pip", "--python", str(commands / "python")]
    install = ["install", "--quiet", "--no-deps", "--no-index", "--no-build-isolation"]
    done = subprocess.run([*pip, *install, *packages], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    return commands
