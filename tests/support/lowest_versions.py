"""The lowest version of every dependency that pyproject.toml allows, as constraints for pip.

Runs before anything is installed: python tests/support/lowest_versions.py > constraints.txt
"""

import re
import tomllib
from collections.abc import Iterable
from itertools import chain
from pathlib import Path
from typing import Any

PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"

_requirement = re.compile(r"(?P<name>[\w.-]+)(?:\[[\w,-]+\])?>=(?P<version>\w+(?:\.\w+)*)").match


def lowest_versions(requirements: Iterable[str]) -> dict[str, str]:
    """The lowest version of each dependency, by name.

    pip refuses a version that does not exist or that another dependency rules out. Raises
    ValueError for a dependency that states no lowest version, or two different ones.
    """
    versions: dict[str, str] = {}
    for requirement in requirements:
        match = _requirement(requirement)
        if match is None:
            raise ValueError(f"{requirement}: state the lowest version that works, name>=version")
        if versions.setdefault(match["name"], match["version"]) != match["version"]:
            raise ValueError(f"{requirement}: another extra states another lowest version")
    return versions


def read_project() -> dict[str, Any]:
    """The table ``project`` of pyproject.toml."""
    project: dict[str, Any] = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]
    return project


if __name__ == "__main__":
    project = read_project()
    every = chain(project["dependencies"], *project["optional-dependencies"].values())
    for name, version in lowest_versions(every).items():
        print(f"{name}=={version}")
