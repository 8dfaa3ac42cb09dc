"""A plug-in that cannot be used is a mistake only in a configuration that names it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway.configuration.kinds import source_types
from gateway.configuration.load import parse_settings
from gateway.configuration.mistakes import ConfigurationError
from tests.support.installed_kinds import forget_kinds

USES_IT = """\
sources: {site: {type: collect}}
destinations: {roof: {type: pigeon, url: "https://roof.example/"}}
"""
DOES_NOT = """\
sources: {site: {type: collect}}
destinations: {web: {type: webhook, url: "https://web.example/"}}
"""
CODE = """\
from collections.abc import Iterator
from typing import Literal
from gateway.plugins import Destination, DestinationSettings, Url
class PigeonSettings(DestinationSettings):
    type: Literal["pigeon"]
    url: Url
class Pigeon(Destination[PigeonSettings]):
    type = "pigeon"
    Settings = PigeonSettings
    def requests(self, events, now): yield from ()
    def outcomes(self, request, response): return []
"""
FAULTS = {
    "a module that it needs is missing": (
        "import nests\n" + CODE,
        "ModuleNotFoundError: No module named 'nests'; run `python -c 'import pigeons'`",
    ),
    "it needs a name of another version": (
        CODE.replace("Url\n", "Nest\n", 1),
        "ImportError: cannot import name 'Nest' from 'gateway.plugins'",
    ),
    "its module raises": ("raise RuntimeError('s3cret')\n", "RuntimeError; run `python -c"),
    "its code cannot be read": ("class :\n", "SyntaxError; run `python -c"),
    "its class has another name": (CODE.replace("class Pigeon(", "class Dove("), "AttributeError;"),
    "it is no class": ("Pigeon = 1\n", "it is not a subclass of Destination"),
    "it is no destination": ("class Pigeon: pass\n", "it is not a subclass of Destination"),
    "it lacks a method": (
        CODE.replace("def outcomes", "def results"),
        "it does not define outcomes",
    ),
    "it has no settings": (
        CODE.replace("    Settings = PigeonSettings\n", ""),
        "its `Settings` is not a subclass of DestinationSettings",
    ),
    "its settings are of another type": (
        CODE.replace('Literal["pigeon"]', 'Literal["dove"]'),
        "must be 'pigeon', as its entry point is named",
    ),
    "its settings have any type": (CODE.replace('Literal["pigeon"]', "str"), "must be 'pigeon'"),
    "its settings name a type that is not there": (
        CODE.replace("url: Url", 'url: "Nest"'),
        "its `Settings` have no JSON Schema: PydanticUserError",
    ),
    "its settings have a value that JSON cannot describe": (
        CODE.replace("import Iterator", "import Callable, Iterator").replace(
            "url: Url", "url: Callable[[], Url]"
        ),
        "its `Settings` have no JSON Schema: PydanticInvalidForJsonSchema",
    ),
    "it is of another type": (CODE.replace('type = "pigeon"', 'type = "dove"'), "must be 'pigeon'"),
}

Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Installs a package with the module `pigeons` and its entry points."""

    def install_package(code: str, points: str = "pigeon = pigeons:Pigeon") -> None:
        (tmp_path / "pigeons.py").write_text(code)
        facts = tmp_path / "pigeons-1.0.dist-info"
        facts.mkdir()
        (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: pigeons\nVersion: 1.0\n")
        (facts / "entry_points.txt").write_text(f"[gateway.destinations]\n{points}\n")
        monkeypatch.syspath_prepend(tmp_path)
        forget()

    def forget() -> None:
        sys.modules.pop("pigeons", None)
        forget_kinds()

    yield install_package
    monkeypatch.undo()
    forget()


@pytest.mark.parametrize(("code", "reason"), FAULTS.values(), ids=FAULTS)
def test_it_is_reported_by_name_with_its_reason(install: Install, code: str, reason: str) -> None:
    install(code)
    with pytest.raises(ConfigurationError) as caught:
        parse_settings(USES_IT, "file", {})
    (line,) = str(caught.value).splitlines()
    start = "file:2: destinations.roof.type: 'pigeon' cannot be used, from pigeons:Pigeon: "
    assert line.startswith(start)
    assert reason in line
    assert "s3cret" not in line


@pytest.mark.parametrize("code", [code for code, _ in FAULTS.values()], ids=FAULTS)
def test_a_configuration_that_does_not_use_it_is_read(install: Install, code: str) -> None:
    install(code)
    assert set(parse_settings(DOES_NOT, "file", {}).destinations) == {"web"}
    assert "events" in source_types()


def test_it_can_be_used_without_a_fault(install: Install) -> None:
    install(CODE)
    assert parse_settings(USES_IT, "file", {}).destinations["roof"].type == "pigeon"


def test_a_name_that_two_packages_have_is_used_by_neither(install: Install) -> None:
    """Otherwise events might go through the code of another package."""
    install(CODE.replace("pigeon", "webhook"), "webhook = pigeons:Pigeon")
    with pytest.raises(ConfigurationError) as caught:
        parse_settings(DOES_NOT, "file", {})
    assert str(caught.value) == (
        "file:2: destinations.web.type: 'webhook' cannot be used, from "
        "destinations.webhook:Webhook and pigeons:Pigeon: uninstall one of these packages"
    )


def test_commands_end_without_a_traceback(install: Install, tmp_path: Path) -> None:
    install("import nests\n")

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "gateway", *words]
        environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)

    for name, text in {"uses": USES_IT, "does-not": DOES_NOT}.items():
        (tmp_path / f"{name}.yaml").write_text(text)
    assert run("check", str(tmp_path / "does-not.yaml")).returncode == 0
    assert run("schema").returncode == 0
    checked = run("check", str(tmp_path / "uses.yaml"))
    assert checked.returncode == 2
    assert "No module named 'nests'" in checked.stderr
    assert "Traceback" not in checked.stderr
