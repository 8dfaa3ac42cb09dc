"""The hooks of pre-commit run what `make lint` runs, with the same tools."""

from __future__ import annotations

import re
from pathlib import Path

from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]


def commands_of_make_lint() -> set[str]:
    (recipe,) = re.findall(r"^lint:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(), re.M)
    return {line.strip().replace("$(BIN)", ".venv/bin") for line in recipe.splitlines()}


AS_IN_MAKE = {
    ".venv/bin/ruff check": ".venv/bin/ruff check .",
    ".venv/bin/ruff format": ".venv/bin/ruff format --check .",
}
"""Hooks pass ruff the files of the commit, and format them instead of only checking."""


def test_the_hooks_run_what_make_lint_runs() -> None:
    config = YAML(typ="safe", pure=True).load(ROOT / ".pre-commit-config.yaml")
    hooks = [hook for repository in config["repos"] for hook in repository["hooks"]]
    entries = [hook["entry"] for hook in hooks]
    assert {AS_IN_MAKE.get(entry, entry) for entry in entries} == commands_of_make_lint()
    assert {hook["language"] for hook in hooks} == {"system"}
