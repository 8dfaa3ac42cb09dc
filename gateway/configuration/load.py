"""Reads a configuration: turns YAML into settings, or reports every mistake in it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from gateway.configuration.environment import Environment
from gateway.configuration.inline_credentials import inline_credentials
from gateway.configuration.lost_digits import lost_digits
from gateway.configuration.mistakes import ConfigurationError, problems_of, unset_variables
from gateway.configuration.other_references import other_references
from gateway.configuration.rule_names import repeated_rule_names
from gateway.configuration.secret_files import SecretFiles
from gateway.configuration.settings import Settings, settings_model
from gateway.configuration.shared_paths import shared_paths
from gateway.configuration.validation import validated
from gateway.configuration.yaml_file import KeyPath, Problem, ReadFile, dotted, read_yaml
from gateway.stages.enrichment import EnrichmentMistakes, open_tables
from gateway.stages.schemas import SchemaMistakes, compile_schemas


def parse_settings(
    text: str,
    name: str = "configuration",
    environment: Mapping[str, str] | None = None,
    read_file: ReadFile | None = None,
) -> Settings:
    """The settings in the YAML `text`.

    name: of the file, for messages. environment: for ``${NAME}``; by default the process's own, and
    what `.env` in the folder of `name` adds to it.
    read_file: for ``${file:PATH}``; by default it reads files, relative to the folder of `name`.
    Raises `ConfigurationError` with every mistake in it.
    """
    folder = Path(name).parent
    secret_files = SecretFiles(folder)
    if environment is None:
        of_folder = Environment(folder)
        secret_files.digests[of_folder.path] = of_folder.digest
        environment = of_folder.variables
    file = read_yaml(text, environment, read_file or secret_files.read)
    version = hashlib.sha256(text.encode()).hexdigest()[:12]
    if file.data is None:
        raise ConfigurationError(name, file.problems or problems_of("the file is empty"))
    if file.problems and file.unset:
        file.problems = unset_variables(file, settings_schema())
    settings, wrong = validated(file, settings_schema)
    problems = [*file.problems, *wrong, *shared_paths(file), *inline_credentials(file)]
    problems += other_references(file, settings_schema)
    problems += lost_digits(file, settings_schema)
    problems += repeated_rule_names(file)
    if settings is not None:
        settings._version, settings._folder, settings._text = version, folder, text
        settings._secret_files = secret_files.digests
        problems += [
            Problem(file.line(key), dotted(key), words) for key, words in _wrong_files(settings)
        ]
    if problems or settings is None:
        raise ConfigurationError(name, problems)
    return settings


def _wrong_files(settings: Settings) -> Iterator[tuple[KeyPath, str]]:
    """What is wrong with schemas, and with the files that enrichments and lookups read."""
    try:
        compile_schemas(settings.schemas, settings.folder)
    except SchemaMistakes as error:
        yield from error.problems
    try:
        open_tables(settings.enrichment, settings.lookups, settings.folder)
    except EnrichmentMistakes as mistakes:
        yield from mistakes.problems


def load_settings(
    path: Path,
    environment: Mapping[str, str] | None = None,
    read_file: ReadFile | None = None,
) -> Settings:
    """As `parse_settings`, for the file at `path`. Raises `ConfigurationError`, too, if the file
    cannot be read."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        message = (
            f"cannot be read: {error.strerror}. `gateway init` writes a configuration; --config "
            "names another file"
        )
        raise ConfigurationError(str(path), problems_of(message)) from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        problem = Problem(line, "", "is not UTF-8; save the file as UTF-8")
        raise ConfigurationError(str(path), [problem]) from None
    except OSError as error:
        message = f"cannot be read: {error.strerror}"
        raise ConfigurationError(str(path), problems_of(message)) from None
    return parse_settings(text, str(path), environment, read_file)


@cache
def settings_schema() -> dict[str, Any]:
    """JSON Schema of the configuration after variables and file references are replaced."""
    return settings_model().model_json_schema()
