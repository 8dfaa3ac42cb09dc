"""`gateway test`: test cases next to a configuration."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli.options import CONFIG, fail
from gateway.event.text import json_text, printable

if TYPE_CHECKING:
    from gateway.configuration.settings import Settings
    from gateway.explain.cases import CasesFile, CheckCase, Failure


@dataclass(frozen=True, slots=True)
class Result:
    """The result of one case. line: where the case begins in its file."""

    file: str
    line: int
    case: str
    failures: list[Failure]


@click.command("test")
@click.argument("files", nargs=-1, type=click.Path(dir_okay=False, path_type=Path))
@CONFIG
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def test_cases(files: tuple[Path, ...], config: Path, as_json: bool) -> None:
    """Run the test cases in FILES against the configuration.

    By default, FILES are those in the folder `tests` next to the configuration, and in its
    subfolder with the name of the configuration, such as `tests/production` for production.yaml.
    Environment variables are ignored, so no secrets are needed. Exits with status 1 if a case
    fails.
    """
    from gateway.explain.cases import CasesMistakes, load_all
    from gateway.operations.checking.cases import case_notes

    folder = config.parent / "tests"
    own = folder / config.stem
    paths = list(files) or [*sorted(folder.glob("*.yaml")), *sorted(own.glob("*.yaml"))]
    if not paths:
        fail(f"no test cases found in {folder}: add some or name a file")
    try:
        loaded = load_all(paths, config)
        results = list(_results(loaded))
    except CasesMistakes as mistakes:
        fail(str(mistakes))
    for note in dict.fromkeys(note for file in loaded for note in case_notes(file)):
        click.echo(printable(note), err=True)
    failed = sum(1 for result in results if result.failures)
    if as_json:
        click.echo(json_text(results))
    else:
        click.echo("\n".join(map(printable, _in_words(results, failed))))
    sys.exit(1 if failed else 0)


def _results(files: Iterable[CasesFile]) -> Iterable[Result]:
    from gateway.explain.cases import compile_check_case

    compiled: dict[int, tuple[Settings, CheckCase]] = {}
    for file in files:
        key = id(file.settings)
        if key not in compiled:
            compiled[key] = (file.settings, compile_check_case(file.settings))
        _, check = compiled[key]
        for case, line in zip(file.cases, file.lines, strict=True):
            yield Result(str(file.path), line, case.name, check(case))


def _in_words(results: list[Result], failed: int) -> Iterable[str]:
    for result in results:
        if result.failures:
            yield f"{result.file}:{result.line}: {result.case}"
        for failure in result.failures:
            yield f"  {failure.where}: expected {failure.expected}, found {failure.found}"
            yield from (f"    {line}" for line in failure.because)
    cases = f"{len(results)} case{'' if len(results) == 1 else 's'}"
    yield f"{cases}: {failed} failed" if failed else f"{cases}: all passed"
