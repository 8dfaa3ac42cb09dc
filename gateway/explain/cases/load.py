"""Reads files of cases and the configuration that they test, and finds every mistake in them.

A configuration is tested without secrets and the same on every machine, so the environment of the
process is ignored. The value of ``${NAME}`` comes from the file of cases, from the default in the
configuration, or else is `PLACEHOLDER`. So does that of ``${file:PATH}``, which the file of cases
calls ``file:PATH``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from gateway.configuration.load import load_settings
from gateway.configuration.lost_digits import lost_digits
from gateway.configuration.mistakes import ConfigurationError, problems_of
from gateway.configuration.settings import Settings
from gateway.configuration.yaml_file import KeyPath, Problem, YamlFile, dotted, read_yaml
from gateway.event.text import did_you_mean
from gateway.explain.cases.model import Case, Cases

PLACEHOLDER = "whsec_cGxhY2Vob2xkZXItd2hpbGUtdGVzdGluZw=="
"""In the form of a webhook's secret, which has the strictest form of all."""

_WITHOUT_DEFAULT = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*|file:[^}]+)\}")


class CasesMistakes(Exception):
    """Mistakes in files of cases or in the configuration: its text has one line for each."""


@dataclass(frozen=True, slots=True)
class CasesFile:
    """Cases, their configuration, the file as it was read, and the line of each case in it."""

    path: Path
    settings: Settings
    file: YamlFile
    cases: Sequence[Case]
    lines: Sequence[int]


def load_all(paths: Iterable[Path], config: Path) -> list[CasesFile]:
    """The files of cases at `paths` about the configuration at `config`.

    Files with the same environment share their settings. Raises `CasesMistakes` with every mistake.
    """
    wrong: list[str] = []
    files: list[CasesFile] = []
    known: dict[tuple[tuple[str, str], ...], Settings | None] = {}
    read = [_read(path, wrong) for path in paths]
    for path, file, cases in read:
        environment = cases.environment if cases else {}
        key = tuple(sorted(environment.items()))
        if key not in known:
            known[key] = _configuration(config, environment, wrong)
        settings = known[key]
        if cases is None or settings is None:
            continue
        if problems := list(_unknown_names(cases, settings, file)):
            wrong.append(str(ConfigurationError(str(path), problems)))
        lines = [file.line(("cases", index)) for index in range(len(cases.cases))]
        files.append(CasesFile(path, settings, file, cases.cases, lines))
    if wrong:
        raise CasesMistakes("\n".join(dict.fromkeys(wrong)))
    return files


def _read(path: Path, wrong: list[str]) -> tuple[Path, YamlFile, Cases | None]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "is not UTF-8"
        wrong.append(f"{path}:1: cannot be read: {reason}")
        return path, YamlFile(), None
    file = read_yaml(text, {})
    problems, cases = file.problems, None
    if file.data is None:
        problems = problems or problems_of("the file is empty")
    else:
        try:
            cases = Cases.model_validate(file.data)
        except ValidationError as error:
            problems = problems_of(error, file, _schema())
        problems = [*problems, *lost_digits(file, _schema)]
    if problems:
        wrong.append(str(ConfigurationError(str(path), problems)))
    return path, file, cases


@cache
def _schema() -> dict[str, Any]:
    return Cases.model_json_schema()


def _configuration(path: Path, environment: Mapping[str, str], wrong: list[str]) -> Settings | None:
    needed = _names_without_default(path) - environment.keys()
    values = {**dict.fromkeys(needed, PLACEHOLDER), **environment}
    try:
        return load_settings(path, values, lambda name: values.get(f"file:{name}", PLACEHOLDER))
    except ConfigurationError as error:
        wrong.append(str(error))
    if needed:
        names = ", ".join(sorted(needed))
        wrong.append(
            f"{path} is tested with a generated secret for {names}; if it is not valid there, set "
            f"a value under `environment` in the file of cases"
        )
    return None


def _names_without_default(path: Path) -> set[str]:
    try:
        return set(_WITHOUT_DEFAULT.findall(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError):
        return set()  # `load_settings` says so


def _unknown_names(cases: Cases, settings: Settings, file: YamlFile) -> Iterable[Problem]:
    """Sources and destinations that the configuration does not have."""
    for index, case in enumerate(cases.cases):
        source = case.given.source
        if source is not None and source not in settings.sources:
            place: KeyPath = ("cases", index, "given", "source")
            yield _unknown("source", source, list(settings.sources), place, file)
        for name in case.expect.destinations:
            if name not in settings.destinations:
                place = ("cases", index, "expect", "destinations", name)
                yield _unknown("destination", name, list(settings.destinations), place, file)


def _unknown(kind: str, name: str, valid: list[str], place: KeyPath, file: YamlFile) -> Problem:
    message = f"the configuration has no {kind} {name!r}{did_you_mean(name, valid)}"
    return Problem(file.line(place), dotted(place), message)
