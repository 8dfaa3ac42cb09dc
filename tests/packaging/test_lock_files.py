"""The lock files pin what pyproject.toml asks for, with hashes, and the image installs that."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.audit import UNREACHABLE, Verdict, judge

ROOT = Path(__file__).parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PROJECT = PYPROJECT["project"]
NEEDED = {
    "requirements.lock": [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["geo"]],
    "requirements-build.lock": PYPROJECT["build-system"]["requires"],
}


def entries(lock: str) -> list[str]:
    """One line for each package, with its hashes."""
    text = (ROOT / lock).read_text().replace("\\\n", "")
    return [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]


def versions(lock: str) -> dict[str, set[str]]:
    """The locked versions of each package; several if they depend on the platform."""
    found: dict[str, set[str]] = {}
    for entry in entries(lock):
        requirement = Requirement(entry.partition(" --hash")[0])
        (specifier,) = requirement.specifier
        found.setdefault(canonicalize_name(requirement.name), set()).add(specifier.version)
    return found


@pytest.mark.parametrize(
    ("lock", "needed"),
    [(lock, each) for lock, requirements in NEEDED.items() for each in requirements],
)
def test_every_dependency_is_locked_to_a_version_that_is_allowed(lock: str, needed: str) -> None:
    requirement = Requirement(needed)
    locked = versions(lock).get(canonicalize_name(requirement.name), set())
    assert locked, f"run `make lock`: {lock} has no {requirement.name}"
    assert all(requirement.specifier.contains(version) for version in locked), "run `make lock`"


@pytest.mark.parametrize("lock", NEEDED)
def test_every_entry_is_an_exact_version_with_hashes(lock: str) -> None:
    for entry in entries(lock):
        assert re.fullmatch(
            r"[a-z0-9.-]+==[\w.]+( ; [^#]*?)?( +--hash=sha256:[0-9a-f]{64})+ *", entry
        ), entry


def test_the_image_installs_nothing_without_a_hash() -> None:
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", "")
    installs = re.findall(r"pip (?:install|wheel)([^&\n]*)", text)
    assert installs
    for options in installs:
        assert "--no-index" in options or "--require-hashes --only-binary :all:" in options
    for lock in NEEDED:
        assert f"-r {lock}" in text


SOUND = {"name": "rq", "version": "3.0", "vulns": []}
SKIPPED = {"name": "gone", "skip_reason": "Dependency not found"}
WEAK = {
    "name": "rich",
    "version": "1.0",
    "vulns": [{"id": "X-1", "fix_versions": ["1.1", "2.0"]}, {"id": "X-2", "fix_versions": []}],
}


@pytest.mark.parametrize(
    ("dependencies", "verdict"),
    [
        ([SOUND], Verdict(0, "1 packages audited, 0 known vulnerabilities")),
        (
            [SOUND, SKIPPED],
            Verdict(0, "gone: not audited\n1 packages audited, 0 known vulnerabilities"),
        ),
        (
            [SOUND, WEAK],
            Verdict(
                1,
                "rich 1.0: X-1, fixed in 1.1, 2.0\nrich 1.0: X-2, fixed in no version yet\n"
                "2 packages audited, 2 known vulnerabilities",
            ),
        ),
        ([SKIPPED], Verdict(2, UNREACHABLE)),
        ([], Verdict(2, UNREACHABLE)),
    ],
)
def test_what_an_audit_found(dependencies: list[object], verdict: Verdict) -> None:
    assert judge(json.dumps({"dependencies": dependencies, "fixes": []})) == verdict


@pytest.mark.parametrize("report", ["", "Traceback", "[]", "{}", "null"])
def test_an_audit_that_failed_found_nothing_and_says_so(report: str) -> None:
    assert judge(report) == Verdict(2, UNREACHABLE)
