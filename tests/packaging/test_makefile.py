"""The Makefile announces a step that takes long."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SAYS = "Installing the gateway and what it needs into"


def planned(*targets: str) -> str:
    """The commands that `make` would run, unaffected by a `make` that runs the tests."""
    command = ["make", "--dry-run", "--no-print-directory", *targets]
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True
    )
    return done.stdout


def test_make_run_says_that_it_installs(tmp_path: Path) -> None:
    plan = planned("run", f"VENV={tmp_path / 'new'}")
    assert plan.index(SAYS) < plan.index("pip install") < plan.index("gateway run")


@pytest.mark.parametrize("missing", ["none", "pyproject.toml is newer"])
def test_and_only_when_it_does(tmp_path: Path, missing: str) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/python").touch()
    (tmp_path / ".installed").touch()
    changed = [] if missing == "none" else ["--assume-new=pyproject.toml"]
    plan = planned("run", f"VENV={tmp_path}", *changed)
    assert (SAYS in plan) is bool(changed)
