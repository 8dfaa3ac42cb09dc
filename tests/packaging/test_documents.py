"""What the documents and the packaging say is what is there."""

from __future__ import annotations

import re
import shlex
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from click.testing import CliRunner
from ruamel.yaml import YAML

from gateway.cli import main
from gateway.reference import reference
from gateway.settings import load_settings

ROOT = Path(__file__).parents[2]
COMPOSE = YAML(typ="safe").load(ROOT / "compose.yaml")
DOCKERFILE = (ROOT / "Dockerfile").read_text()


def instructions(name: str) -> list[str]:
    """The arguments of each instruction `name` in the Dockerfile, lines joined."""
    text = re.sub(r"\\\n", " ", DOCKERFILE)
    return [line.split(None, 1)[1] for line in text.splitlines() if line.startswith(f"{name} ")]


def in_image(path: str) -> Path:
    """Where a path of the image comes from in the repository."""
    for copy in instructions("COPY"):
        *sources, target = [word for word in copy.split() if not word.startswith("--")]
        if path.startswith(f"{target}/"):
            return ROOT / sources[0] / path.removeprefix(f"{target}/")
    raise AssertionError(f"nothing is copied to {path}")


def check_command(command: list[str]) -> None:
    """That `gateway` would understand `command`, as far as its options go."""
    name, *arguments = command
    parsed = main.commands[name].make_context(name, list(arguments), resilient_parsing=False)
    config = str(parsed.params["config"])
    assert in_image(config).is_file()


def test_the_reference_of_the_configuration_is_current() -> None:
    text = (ROOT / "docs" / "configuration.md").read_text()
    assert text.endswith(reference()), "run: gateway reference, and paste it into the document"


def test_every_path_that_the_dockerfile_copies_exists() -> None:
    for copy in instructions("COPY"):
        if "--from" not in copy:
            *sources, _ = copy.split()
            assert all((ROOT / source).exists() for source in sources), copy


def test_the_image_runs_a_command_that_exists_as_a_user_that_is_not_root() -> None:
    assert instructions("ENTRYPOINT") == ['["gateway"]']
    check_command(YAML(typ="safe").load(instructions("CMD")[-1]))
    assert instructions("USER") == ["gateway"]
    assert "useradd" in DOCKERFILE


def test_the_healthcheck_asks_a_path_and_port_that_are_served() -> None:
    check = instructions("HEALTHCHECK")[0]
    assert "/healthz" in check
    assert f":{instructions('EXPOSE')[0]}/" in check
    assert {p.default for p in main.commands["run"].params if p.name == "port"} == {8080}


@pytest.mark.parametrize("service", ["web", "worker"])
def test_every_service_runs_a_command_that_exists(service: str) -> None:
    definition = COMPOSE["services"][service]
    check_command(definition["command"])
    folders = {}
    for mount in definition["volumes"]:
        source, target = mount.split(":")[:2]
        assert (ROOT / source).is_dir() or source in COMPOSE["volumes"]
        folders[target] = source
    config = Path(definition["command"][2])
    assert folders[str(config.parent)] == "./config"


def test_what_browsers_sent_while_valkey_was_away_outlives_the_container() -> None:
    data_dir = re.findall(r"DATA_DIR=(\S+)", DOCKERFILE)[0]
    mounted = [mount.split(":")[1] for mount in COMPOSE["services"]["web"]["volumes"]]
    assert data_dir in mounted


def test_every_environment_name_in_compose_is_one_that_the_configuration_reads() -> None:
    text = (ROOT / "config" / "gateway.yaml").read_text()
    read = set(re.findall(r"\$\{(\w+)", text))
    assert set(COMPOSE["services"]["web"]["environment"]) <= read
    assert set(re.findall(r"ENV .*|^\s+(\w+)=", DOCKERFILE, re.MULTILINE)) - {""} <= read


def test_compose_with_its_environment_is_a_configuration_without_mistakes() -> None:
    environment = {
        name: re.sub(r"\$\{\w+:?-?(\?.*)?([^}]*)\}", r"\2", value)
        for name, value in COMPOSE["services"]["web"]["environment"].items()
    }
    settings = load_settings(ROOT / "config" / "gateway.yaml", environment)
    assert settings.redis.url == "redis://valkey:6379/0"


def test_valkey_keeps_what_it_is_given() -> None:
    command = COMPOSE["services"]["valkey"]["command"]
    assert command[command.index("--appendonly") + 1] == "yes"
    assert command[command.index("--maxmemory-policy") + 1] == "noeviction"
    assert COMPOSE["services"]["valkey"]["volumes"][0].split(":")[0] in COMPOSE["volumes"]


def yaml_blocks(document: Path) -> list[str]:
    return re.findall(r"^```yaml\n(.*?)^```", document.read_text(), re.DOTALL | re.MULTILINE)


def test_the_configuration_in_the_readme_has_no_mistakes(tmp_path: Path) -> None:
    (block,) = [block for block in yaml_blocks(ROOT / "README.md") if "destinations:" in block]
    path = tmp_path / "gateway.yaml"
    path.write_text(block)
    environment = {
        "BACKEND_KEY": "k",
        "META_ACCESS_TOKEN": "t",
        "GA4_API_SECRET": "s",
        "WEBHOOK_SECRET": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    }
    assert set(load_settings(path, environment).destinations) == {"meta", "ga4", "warehouse"}


@pytest.mark.parametrize(
    "document",
    [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")],
    ids=lambda path: path.name,
)
def test_every_link_and_command_in_the_documents_leads_somewhere(document: Path) -> None:
    text = document.read_text()
    for target in re.findall(r"\]\((?!http)([^)#]+)", text):
        assert (document.parent / target).exists(), target
    for command in re.findall(r"`gateway ([a-z-]+)[^`]*`", text):
        assert command in main.commands, command


def test_the_commands_that_the_readme_shows_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (ROOT / "README.md").read_text()
    (line,) = re.findall(r"^\.venv/bin/gateway (.*)$", text, re.MULTILINE)
    monkeypatch.chdir(tmp_path)
    arguments = [str(ROOT / word) if "/" in word else word for word in shlex.split(line)]
    arguments[1:1] = ["--config", str(ROOT / "config" / "gateway.yaml")]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    assert "warehouse: send" in result.output


def test_every_kind_of_source_and_destination_is_installed() -> None:
    for group, folder in (
        ("gateway.sources", "gateway/sources"),
        ("gateway.destinations", "destinations"),
    ):
        for point in entry_points(group=group):
            kind = point.load()
            assert kind.type == point.name
            assert (ROOT / folder / f"{point.name}.py").is_file()
