"""The GitHub workflows run what contributors run, on every Python that the project supports."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.support.documents import ROOT

MAKEFILE = (ROOT / "Makefile").read_text()
WORKFLOWS = {
    path.stem: YAML(typ="safe", pure=True).load(path)
    for path in sorted((ROOT / ".github" / "workflows").glob("*.yml"))
}


def targets() -> set[str]:
    (phony,) = re.findall(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)
    return set(phony.split())


def steps(workflow: str) -> Iterator[dict[str, Any]]:
    for job in WORKFLOWS[workflow]["jobs"].values():
        yield from job["steps"]


def commands(workflow: str) -> list[str]:
    """The lines that the workflow's steps run."""
    scripts = [step["run"] for step in steps(workflow) if "run" in step]
    return [line for script in scripts for line in script.splitlines()]


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_what_a_workflow_makes_is_a_target(workflow: str) -> None:
    made = {target for line in commands(workflow) for target in re.findall(r"make (\S+)", line)}
    assert made
    assert made <= targets()


def test_the_workflows_test_lint_and_build() -> None:
    assert {"make test || make test-again", "make lint", "make test-lowest", "make docs"} <= {
        *commands("test")
    }
    assert {"make packages", "make sbom"} <= {*commands("package")}
    assert any(line.startswith("docker build") for line in commands("package"))


def test_the_scripts_that_a_workflow_runs_exist() -> None:
    for line in commands("test"):
        for path in re.findall(r"\btests/\S+", line):
            assert (ROOT / path).is_file()


def test_the_tests_run_on_every_supported_python() -> None:
    versions = WORKFLOWS["test"]["jobs"]["test"]["strategy"]["matrix"]["python"]
    assert versions == ["3.11", "3.12", "3.13", "3.14"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["requires-python"] == f">={versions[0]}"


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_a_workflow_may_only_read_and_ends_in_time(workflow: str) -> None:
    assert WORKFLOWS[workflow]["permissions"] == {"contents": "read"}
    assert all("timeout-minutes" in job for job in WORKFLOWS[workflow]["jobs"].values())


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_an_action_is_pinned_to_a_major_version(workflow: str) -> None:
    for step in steps(workflow):
        if "uses" in step:
            assert re.fullmatch(r"actions/[\w-]+@v\d+", step["uses"])
