"""What `gateway check` says about the paths of sources."""

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


PATTERNS = """\
sources:
  shop:
    type: collect
    paths:
      - /collect
      - "%s"
destinations: {}
"""


@pytest.mark.parametrize(
    ("path", "pattern"),
    [
        ("/metrics/*", "*"),
        ("/metrics/**/collect", "**"),
        ("/{site}/collect", "{site}"),
        ("/:site/collect", ":site"),
    ],
)
def test_a_path_that_looks_like_a_pattern(tmp_path: Path, path: str, pattern: str) -> None:
    file = tmp_path / "shop.yaml"
    file.write_text(PATTERNS % path)
    result = CliRunner().invoke(main, ["check", str(file)])
    assert result.exit_code == 0, result.output
    assert (
        f"shop.yaml:6: sources.shop.paths.1: paths are no patterns, so this one answers only "
        f"requests with the text `{pattern}` in their path. Write each path in full, or set "
        f"`prefix: any` for a path below any other."
    ) in result.output


@pytest.mark.parametrize("path", ["/a{", "/v1/x:sent", "/100%", "/}{"])
def test_other_paths_need_no_warning(tmp_path: Path, path: str) -> None:
    file = tmp_path / "shop.yaml"
    file.write_text(PATTERNS % path)
    assert "no patterns" not in CliRunner().invoke(main, ["check", str(file)]).output
