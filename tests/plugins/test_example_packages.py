"""The packages under examples/ and the guides that show them."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import borrowed_environment
from tests.support.documents import DOCS, ROOT, blocks
from tests.support.fake_clock import without_fake_clock

GUIDES = {
    DOCS / "adding-a-destination.md": ROOT / "examples" / "gateway-mixpanel",
    DOCS / "adding-a-source.md": ROOT / "examples" / "gateway-shopify",
}
PACKAGES = list(GUIDES.values())

SECRETS = {"MIXPANEL_SECRET": "s3cret/t+ken=", "SHOPIFY_SECRET": "hush-hush-s3cret"}

every_guide = pytest.mark.parametrize(
    ("guide", "package"), GUIDES.items(), ids=[guide.stem for guide in GUIDES]
)
every_package = pytest.mark.parametrize("package", PACKAGES, ids=lambda path: path.name)


def contents(package: Path, suffix: str) -> list[str]:
    return [path.read_text() for path in sorted(package.rglob(f"*{suffix}"))]


@every_guide
@pytest.mark.parametrize(("language", "suffix"), [("python", ".py"), ("toml", ".toml")])
def test_what_a_guide_shows_stands_in_the_package(
    guide: Path, package: Path, language: str, suffix: str
) -> None:
    shown = blocks(guide, language)
    assert shown
    for block in shown:
        assert any(block in text for text in contents(package, suffix)), block


@every_guide
def test_a_guide_names_every_file_of_the_package(guide: Path, package: Path) -> None:
    text = guide.read_text()
    files = [path.relative_to(ROOT) for path in package.rglob("*.py")]
    assert [file for file in files if str(file) not in text] == []


@every_package
def test_a_package_imports_the_stable_names_and_nothing_else_of_the_gateway(package: Path) -> None:
    own = package.name.replace("-", "_")
    modules = [module for text in contents(package, ".py") for module in imported(text)]
    assert {
        module for module in modules if module.split(".")[0] in ("gateway", "destinations")
    } <= {
        "gateway.plugins",
        "gateway.testing",
    }
    others = {module.split(".")[0] for module in modules} - {"gateway", own}
    assert others - sys.stdlib_module_names <= {"pydantic", "pytest"}


def imported(text: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


@every_package
def test_a_package_asks_for_the_gateway_of_this_series(package: Path) -> None:
    ours = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    theirs = tomllib.loads((package / "pyproject.toml").read_text())["project"]["dependencies"]
    major, minor = ours.split(".")[:2]
    assert theirs == [f"event-gateway>={major}.{minor},<{major}.{int(minor) + 1}"]


@pytest.fixture(
    scope="module", params=["borrowed", pytest.param("declared", marks=pytest.mark.nightly)]
)
def python(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of a new environment with the gateway and the packages installed. Their
    dependencies are `borrowed` from the tests, or downloaded as `declared`."""
    folder = tmp_path_factory.mktemp("fresh")
    if request.param == "borrowed":
        return borrowed_environment.create(folder, ROOT, *PACKAGES) / "python"
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    python = folder / "bin" / "python"
    wanted = [f"{ROOT}[testing]", *map(str, PACKAGES)]
    installed = subprocess.run(
        [python, "-m", "pip", "install", "--quiet", "--no-compile", *wanted],
        env=without_fake_clock(),
        capture_output=True,
        text=True,
    )
    assert installed.returncode == 0, installed.stderr[-3000:]
    return python


def run(*words: object, folder: Path) -> subprocess.CompletedProcess[str]:
    """Runs a command with `SECRETS` and without the PYTHONPATH of the gateway's tests."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        list(map(str, words)),
        cwd=folder,
        env={**environment, **SECRETS},
        capture_output=True,
        text=True,
    )


@every_package
def test_the_packages_own_tests_pass_where_it_is_installed(
    python: Path, package: Path, tmp_path: Path
) -> None:
    copy = shutil.copytree(package / "tests", tmp_path / "tests").parent
    result = run(python, "-m", "pytest", "-q", folder=copy)
    assert result.returncode == 0, result.stdout
    assert re.search(r"^\d+ passed", result.stdout, re.MULTILINE)


def test_type_checkers_of_other_packages_see_our_types(python: Path) -> None:
    """A package without ``py.typed`` counts as untyped (PEP 561)."""
    (packages,) = python.parents[1].glob("lib/python*/site-packages")
    assert (packages / "gateway" / "py.typed").is_file()
    assert (packages / "destinations" / "py.typed").is_file()


def test_a_configuration_with_both_is_understood_and_explained(
    python: Path, tmp_path: Path
) -> None:
    parts = [blocks(guide, "yaml")[0] for guide in GUIDES]
    (tmp_path / "gateway.yaml").write_text("".join(parts))
    event = {"event_name": "purchase", "client_id": "1.1", "event_id": "order-1001"}
    event |= {"consent": {"analytics_storage": "granted"}}
    (tmp_path / "event.json").write_text(json.dumps(event))
    gateway = python.with_name("gateway")

    checked = run(gateway, "check", "gateway.yaml", folder=tmp_path)
    assert checked.returncode == 0, checked.stderr

    explained = run(
        gateway, "explain", "--json", "--config", "gateway.yaml", "event.json", folder=tmp_path
    )
    assert explained.returncode == 0, explained.stderr
    (request,) = json.loads(explained.stdout)["destinations"]["mixpanel"]["requests"]
    assert request["url"] == "https://api-eu.mixpanel.com/import?strict=1&project_id=1234567"
    assert request["headers"]["authorization"] == "Basic ***"
    assert request["body"][0]["properties"]["$insert_id"] == "order-1001"
