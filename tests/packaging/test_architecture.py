"""The architecture page and the names that documents link agree with the code."""

from __future__ import annotations

import ast
import re
import tomllib
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ARCHITECTURE = ROOT / "docs" / "architecture.md"
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
OUTSIDE_THE_LAYERS = {"plugins", "testing"}
"""Packages that nothing else in the gateway imports."""

LINK = re.compile(r"\[`([A-Za-z_][\w.]*)`\]\(([^)#\s]+\.py)\)")
"""A link from the name of a function or class to the module that defines it."""


def layers() -> list[str]:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    (layered,) = [each for each in contracts["contracts"] if each["type"] == "layers"]
    return list(layered["layers"])


def rooms_of_the_page() -> list[tuple[str, str]]:
    """The rooms in the page's table, in order, each with the folder that it links."""
    (section,) = re.findall(r"^## Rooms$(.*?)^## ", ARCHITECTURE.read_text(), re.M | re.S)
    return re.findall(r"^\| \[`(\w+)`\]\(([^)]+)\) \|", section, re.MULTILINE)


def packages() -> set[str]:
    return {path.parent.name for path in ROOT.glob("gateway/*/__init__.py")}


@cache
def definitions(path: Path) -> frozenset[str]:
    """The functions, classes and methods that the module at `path` defines."""
    found: set[str] = set()

    def visit(body: list[ast.stmt], prefix: str) -> None:
        for node in body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                found.add(prefix + node.name)
            if isinstance(node, ast.ClassDef):
                visit(node.body, f"{prefix}{node.name}.")

    visit(ast.parse(path.read_text(encoding="utf-8")).body, "")
    return frozenset(found)


def linked_names() -> list[tuple[Path, str, str]]:
    """Each link from a name: the document, the name and the target."""
    return [
        (document, name, target)
        for document in DOCUMENTS
        for name, target in LINK.findall(document.read_text())
        if not name.startswith("gateway.")  # a module, not a definition in one
    ]


def test_the_rooms_are_the_layers_in_their_order() -> None:
    assert [name for name, _ in rooms_of_the_page()] == layers()


def test_the_rooms_are_the_packages() -> None:
    assert {name for name, _ in rooms_of_the_page()} == packages() - OUTSIDE_THE_LAYERS


def test_a_room_links_to_its_folder() -> None:
    for name, target in rooms_of_the_page():
        assert (ARCHITECTURE.parent / target).resolve() == ROOT / "gateway" / name


@pytest.mark.parametrize(
    ("document", "name", "target"),
    [pytest.param(*each, id=f"{each[0].name}-{each[1]}") for each in linked_names()],
)
def test_a_linked_name_is_defined_in_its_module(document: Path, name: str, target: str) -> None:
    assert name in definitions((document.parent / target).resolve())


def test_the_way_of_an_event_names_its_functions() -> None:
    """Without links, the test above would check nothing."""
    assert len([name for page, name, _ in linked_names() if page == ARCHITECTURE]) > 30
