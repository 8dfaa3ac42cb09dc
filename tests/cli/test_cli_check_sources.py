"""What `gateway check` says about sources that share paths below a prefix."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.cli.main import main

CONFIG = """\
sources:
  shop:
    type: collect
    prefix: any
  gtag: {type: ga4%s}
  mp: {type: measurement_protocol, api_secrets: {G-1: "${SECRET}"}%s}
destinations: {}
"""
BOTH = ", prefix: any"


def notes(folder: Path, *more: str) -> list[str]:
    file = folder / "shop.yaml"
    file.write_text(CONFIG % more)
    result = CliRunner().invoke(main, ["check", str(file)], env={"SECRET": "long-enough-secret"})
    assert result.exit_code == 0, result.output
    return [
        line.replace(str(folder), "") for line in result.output.splitlines() if "prefix" in line
    ]


def test_it_names_the_source_that_another_takes_requests_from(tmp_path: Path) -> None:
    (note,) = notes(tmp_path, "", BOTH)
    assert note == (
        "Note: /shop.yaml:5: sources.gtag: answers /g/collect only as it is. Below a prefix, such "
        "as /metrics/g/collect, shop gets these requests, because it answers /collect below any "
        "path. If clients of gtag send below a prefix, set `prefix: any` here too."
    )


@pytest.mark.parametrize(("gtag", "mp", "count"), [(BOTH, BOTH, 0), ("", "", 2)])
def test_one_line_for_each_of_them(tmp_path: Path, gtag: str, mp: str, count: int) -> None:
    assert len(notes(tmp_path, gtag, mp)) == count
