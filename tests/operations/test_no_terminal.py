"""Operations use no terminal, since the console runs the same ones as the command line."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = sorted((ROOT / "gateway" / "operations").glob("*.py"))


def test_no_operation_imports_click_or_rich() -> None:
    """Imports them in an interpreter of their own."""
    names = ", ".join(f"gateway.operations.{path.stem}" for path in MODULES)
    done = subprocess.run(
        [sys.executable, "-c", f"import {names}, sys; print('', *sys.modules, sep='\\n')"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    imported = set(done.stdout.splitlines())
    assert {"gateway.operations.drop", "gateway.operations.erasing"} <= imported
    assert not {"click", "rich"} & imported


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_no_operation_prints_or_asks(path: Path) -> None:
    calls = [node.func for node in ast.walk(ast.parse(path.read_text())) if type(node) is ast.Call]
    names = {call.id for call in calls if isinstance(call, ast.Name)}
    assert not {"print", "input", "exit"} & names
