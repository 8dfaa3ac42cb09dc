"""Third-party code that the console serves: the named versions, unchanged, with their licences."""

from __future__ import annotations

import tomllib
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from gateway.console.rendering import STATIC

FOLDER = STATIC / "vendor"
LIST = "versions.toml"
VENDORED: list[dict[str, Any]] = tomllib.loads((FOLDER / LIST).read_text())["file"]

LICENCES = {
    "htmx.org": ("LICENSE-htmx", "Zero-Clause BSD"),
    "uplot": ("LICENSE-uPlot", "The MIT License (MIT)"),
}
"""By package: the file of its licence, and the beginning of its text."""


@pytest.mark.parametrize("each", VENDORED, ids=lambda each: each["name"])
def test_a_file_is_as_it_was_published(each: dict[str, Any]) -> None:
    content = (FOLDER / each["name"]).read_bytes()
    assert sha256(content).hexdigest() == each["sha256"]
    assert Path(each["path"]).name == each["name"]
    assert each["version"].replace(".", "").isdigit()
    assert each["licence"] in ("0BSD", "MIT")


def test_each_package_has_its_licence() -> None:
    assert {each["package"] for each in VENDORED} == set(LICENCES)
    for name, beginning in LICENCES.values():
        assert (FOLDER / name).read_text().startswith(beginning)


def test_a_package_has_one_version() -> None:
    versions = {(each["package"], each["version"]) for each in VENDORED}
    assert len(versions) == len(LICENCES)


def test_there_is_no_other_file() -> None:
    known = {LIST, *(each["name"] for each in VENDORED), *(name for name, _ in LICENCES.values())}
    assert {path.name for path in FOLDER.rglob("*")} == known
