"""`make lint` fails when an import breaks one of the contracts in pyproject.toml."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINT_IMPORTS = Path(sys.executable).with_name("lint-imports")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the code and its contracts."""
    for package in ("gateway", "destinations"):
        ignored = shutil.ignore_patterns("__pycache__", "*.js", "*.html")
        shutil.copytree(ROOT / package, tmp_path / package, ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [LINT_IMPORTS, "--no-cache"], cwd=folder, capture_output=True, text=True, timeout=300
    )


def test_the_code_as_it_is_passes(copy: Path) -> None:
    result = lint(copy)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(
    ("file", "planted", "said"),
    [
        ("gateway/urls/page.py", "import gateway.event.model", "Imports run downwards BROKEN"),
        (
            "gateway/stages/anonymise.py",
            "def late():\n    from gateway.queue import keys",
            "Imports run downwards BROKEN",
        ),
        ("gateway/new_room/__init__.py", "", "new_room"),
        (
            "destinations/normalise.py",
            "import gateway.urls.page",
            "Destinations are lowest BROKEN",
        ),
        ("gateway/cli/cases.py", "import gateway.testing.values", "gateway.testing BROKEN"),
        ("gateway/event/text.py", "import gateway.event.fields", "No cycles within a room BROKEN"),
    ],
)
def test_a_planted_import_fails(copy: Path, file: str, planted: str, said: str) -> None:
    path = copy / file
    path.parent.mkdir(exist_ok=True)
    with path.open("a") as code:
        code.write(f"\n{planted}\n")
    result = lint(copy)
    assert result.returncode != 0
    assert said in result.stdout
