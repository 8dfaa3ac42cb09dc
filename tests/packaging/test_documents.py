"""The documents and the packaging agree with the code."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from ruamel.yaml import YAML

from gateway.cli.main import main
from gateway.cli.reference import reference
from gateway.configuration.exposure import permitted
from gateway.configuration.load import load_settings
from gateway.configuration.mistakes import ConfigurationError
from tests.support.destination_pages import FOLDER, pages
from tests.support.documents import blocks
from tests.support.write_reference import DOCUMENT, with_tables

ROOT = Path(__file__).parents[2]
PRODUCTION = ROOT / "config" / "production.yaml"
COMPOSE = YAML(typ="safe", pure=True).load(ROOT / "compose.yaml")
DOCKERFILE = (ROOT / "Dockerfile").read_text()
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]


def instructions(name: str) -> list[str]:
    """The arguments of each instruction `name` in the Dockerfile, with continued lines joined."""
    text = re.sub(r"\\\n", " ", DOCKERFILE)
    return [line.split(None, 1)[1] for line in text.splitlines() if line.startswith(f"{name} ")]


def in_image(path: str) -> Path:
    """The path in the repository that is copied to `path` in the image."""
    for copy in instructions("COPY"):
        *sources, target = [word for word in copy.split() if not word.startswith("--")]
        if path.startswith(f"{target}/"):
            return ROOT / sources[0] / path.removeprefix(f"{target}/")
    raise AssertionError(f"nothing is copied to {path}")


def check_command(command: list[str]) -> None:
    """Fails unless `gateway` understands `command`, and `command` runs the production file and does
    not allow a demo."""
    name, *arguments = command
    parsed = main.commands[name].make_context(name, list(arguments), resilient_parsing=False)
    assert in_image(str(parsed.params["config"])) == PRODUCTION
    assert PRODUCTION.is_file()
    assert not parsed.params.get("allow_demo")


def test_the_reference_of_the_configuration_is_current() -> None:
    text = DOCUMENT.read_text()
    assert text == with_tables(text, reference()), "run: make reference"


def test_the_pages_about_destinations_are_current() -> None:
    written = {path: path.read_text(encoding="utf-8") for path in pages()}
    assert written == pages(), "run: make reference"
    assert sorted(path for path in pages() if path.parent == FOLDER) == sorted(FOLDER.iterdir())


@pytest.mark.parametrize("old", ["", "| `old` | | |\n", "### Another\n\n| `old` | | |\n"])
def test_writing_the_reference_replaces_the_tables_and_nothing_else(old: str) -> None:
    before = f"# Keys\n\nSee [Top](#top).\n\n### Top\n\n{old}"
    after = with_tables(before, "### Top\n\n| `new` | | |\n")
    assert after == "# Keys\n\nSee [Top](#top).\n\n### Top\n\n| `new` | | |\n"
    assert with_tables(after, "### Top\n\n| `new` | | |\n") == after


def test_a_document_without_the_tables_is_not_written() -> None:
    with pytest.raises(ValueError, match="### Top"):
        with_tables("# Keys\n", "### Top\n")


def test_every_path_that_the_dockerfile_copies_exists() -> None:
    for copy in instructions("COPY"):
        if "--from" not in copy:
            *sources, _ = copy.split()
            assert all((ROOT / source).exists() for source in sources), copy


def test_the_image_runs_a_command_that_exists_as_a_user_that_is_not_root() -> None:
    assert instructions("ENTRYPOINT") == ['["gateway"]']
    check_command(YAML(typ="safe", pure=True).load(instructions("CMD")[-1]))
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


def variables(needed: bool) -> set[str]:
    """The variables that the production file reads. needed: only those without a default."""
    return set(re.findall(r"\$\{(\w+)" + (r"\}" if needed else ""), PRODUCTION.read_text()))


def in_container(service: str, dotenv: dict[str, str]) -> dict[str, str]:
    """The environment that Compose gives a service, by the rules of the Compose specification.

    A variable without a value takes it from .env, and is not set if .env has none.
    ``${NAME:?text}`` ends Compose with the text if .env has no value.

    Source: docs.docker.com/reference/compose-file/services, environment, and .../interpolation
    """

    def value(match: re.Match[str]) -> str:
        assert dotenv.get(match[1]), match[2]
        return dotenv[match[1]]

    environment = COMPOSE["services"][service]["environment"]
    given = {name: dotenv.get(name) if v is None else v for name, v in environment.items()}
    return {
        name: re.sub(r"\$\{(\w+):\?([^}]*)\}", value, v)
        for name, v in given.items()
        if v is not None
    }


def dotenv_of_the_documents() -> dict[str, str]:
    """The .env file that docs/operations.md shows."""
    text = (ROOT / "docs" / "operations.md").read_text()
    (block,) = re.findall(r"^```sh\n((?:#.*\n|\w+=.*\n)+)```$", text, re.MULTILINE)
    return dict(line.split("=", 1) for line in block.splitlines() if not line.startswith("#"))


SECRETS = {
    "BACKEND_KEY": "a-key-of-our-own",
    "META_ACCESS_TOKEN": "a-token",
    "GA4_API_SECRET": "a-secret",
    "WEBHOOK_SECRET": "whsec_b3VyLW93bi1zZWNyZXQtb2YtdGhlLXNob3A=",
}
"""The values that the reader fills in."""


@pytest.mark.parametrize("service", ["web", "worker"])
def test_compose_passes_on_what_the_production_file_reads_and_nothing_else(service: str) -> None:
    environment = set(COMPOSE["services"][service]["environment"])
    assert variables(needed=True) <= environment <= variables(needed=False)


def test_the_image_sets_what_the_production_file_reads() -> None:
    (environment,) = instructions("ENV")
    assert set(re.findall(r"(\w+)=", environment)) - {"PATH"} == {"DATA_DIR"}
    assert variables(needed=False) >= {"DATA_DIR", "REDIS_URL"}


def test_the_env_file_of_the_documents_has_every_variable_that_is_needed() -> None:
    dotenv = dotenv_of_the_documents()
    assert dotenv.keys() == variables(needed=True)
    assert {name for name, value in dotenv.items() if not value} == SECRETS.keys()


@pytest.mark.parametrize("service", ["web", "worker"])
def test_compose_with_a_filled_in_env_file_may_be_served_to_strangers(service: str) -> None:
    environment = in_container(service, dotenv_of_the_documents() | SECRETS)
    settings = load_settings(PRODUCTION, environment)
    assert permitted(settings, PRODUCTION, allow_demo=False).redis.url == "redis://valkey:6379/0"


def test_compose_without_a_destinations_variables_has_the_gateway_say_so() -> None:
    dotenv = {**dotenv_of_the_documents(), **SECRETS}
    del dotenv["META_ACCESS_TOKEN"]
    with pytest.raises(ConfigurationError, match="the environment has no META_ACCESS_TOKEN"):
        load_settings(PRODUCTION, in_container("web", dotenv))


@pytest.mark.parametrize("name", ["BACKEND_KEY", "SITE_ORIGIN"])
def test_compose_itself_asks_for_what_everyone_needs(name: str) -> None:
    with pytest.raises(AssertionError, match=f"set {name} to "):
        in_container("web", {**dotenv_of_the_documents(), **SECRETS, name: ""})


def test_valkey_keeps_what_it_is_given() -> None:
    command = COMPOSE["services"]["valkey"]["command"]
    assert command[command.index("--appendonly") + 1] == "yes"
    assert command[command.index("--maxmemory-policy") + 1] == "noeviction"
    assert COMPOSE["services"]["valkey"]["volumes"][0].split(":")[0] in COMPOSE["volumes"]


def test_the_configuration_in_the_readme_has_no_mistakes(tmp_path: Path) -> None:
    (block,) = [block for block in blocks(ROOT / "README.md", "yaml") if "destinations:" in block]
    path = tmp_path / "gateway.yaml"
    path.write_text(block)
    environment = {
        "BACKEND_KEY": "k",
        "META_ACCESS_TOKEN": "t",
        "GA4_API_SECRET": "s",
        "WEBHOOK_SECRET": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    }
    assert set(load_settings(path, environment).destinations) == {"meta", "ga4", "warehouse"}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_and_command_in_the_documents_leads_somewhere(document: Path) -> None:
    text = document.read_text()
    for target in re.findall(r"\]\((?!http)([^)#]+)", text):
        assert (document.parent / target).exists(), target
    for command in re.findall(r"`gateway ([a-z-]+)[^`]*`", text):
        assert command in main.commands, command


def lines_of_code(document: Path) -> Iterator[str]:
    is_code = False
    for line in document.read_text().splitlines():
        if line.startswith("```"):
            is_code = not is_code
        elif is_code:
            yield line


def shown_commands() -> list[list[str]]:
    """The words of every `gateway` command that a code block shows on one line, without comments
    and explanations."""
    lines = {
        re.split(r" [>|#]|  ", line.removeprefix(".venv/bin/"))[0]
        for document in DOCUMENTS
        for line in lines_of_code(document)
        if re.match(r"(?:\.venv/bin/)?gateway [a-z-]+(?: |$)", line)
    }
    return [shlex.split(line)[1:] for line in sorted(lines)]


@pytest.mark.parametrize("words", shown_commands(), ids=" ".join)
def test_a_shown_command_has_options_that_exist(words: list[str]) -> None:
    command: click.Command = main
    while isinstance(command, click.Group):
        name, *words = words
        command = command.commands[name]
    command.make_parser(click.Context(command)).parse_args(words)


def test_documents_show_commands() -> None:
    assert len(shown_commands()) > 30


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
            place = ROOT / folder / point.name
            assert place.is_dir() or place.with_suffix(".py").is_file()
