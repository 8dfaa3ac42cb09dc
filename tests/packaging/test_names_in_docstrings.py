"""Modules and members named in the code exist, and so do the modules that a package's docstring
lists."""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = "|".join(path.parent.name for path in (ROOT / "gateway").glob("*/__init__.py"))
NAMED = re.compile(rf"``?(gateway\.(?:{ROOMS})(?:\.\w+)*)``?")


def docstring_of(path: Path) -> str:
    return ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""


FILES = sorted(
    path.relative_to(ROOT)
    for room in ("gateway", "destinations")
    for path in (ROOT / room).rglob("*.py")
    if NAMED.search(path.read_text(encoding="utf-8"))
)


def test_names_are_found() -> None:
    assert len(FILES) > 50
    assert len(LISTS) > 3


@pytest.mark.parametrize("path", FILES, ids=str)
def test_it_exists(path: Path) -> None:
    names = set(NAMED.findall((ROOT / path).read_text(encoding="utf-8")))
    assert {name for name in names if not exists(name)} == set()


LISTED = re.compile(r"^(\w+) {2,}\S", re.MULTILINE)
LISTS = sorted(
    path.parent.relative_to(ROOT)
    for path in ROOT.glob("gateway/**/__init__.py")
    if len(LISTED.findall(docstring_of(path))) > 2
)


@pytest.mark.parametrize("package", LISTS, ids=str)
def test_what_a_package_lists_is_in_it(package: Path) -> None:
    listed = set(LISTED.findall(docstring_of(ROOT / package / "__init__.py")))
    assert listed - {path.stem for path in (ROOT / package).iterdir()} == set()


def exists(name: str) -> bool:
    """Whether `name` is a module or a member of one."""
    parts = name.split(".")
    for count in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:count]))
        except ModuleNotFoundError:
            continue
        for part in parts[count:]:
            if not hasattr(found, part) and part not in getattr(found, "__annotations__", {}):
                return False
            found = getattr(found, part, None)
        return True
    return False
