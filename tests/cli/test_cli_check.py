"""`gateway check` and `gateway schema`, by what they print and how they end."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from click.testing import Result
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
SHOP = ROOT / "config/examples/shop.yaml"
Run = Callable[..., Result]

WRONG = """\
sources: {site: {type: colect}, backend: {type: events, keys: ["${NO_SUCH_KEY}"]}}
destinations:
  meta: {type: meta, pixel_id: "1", acces_token: s3cr3t}
"""
MISTAKES = [
    "1: sources.backend.keys.0: the environment has no NO_SUCH_KEY; "
    "set it, or write ${NO_SUCH_KEY:-default}",
    "1: sources.site.type: 'colect' is not one of collect, events, ga4, measurement_protocol, "
    "pixel, segment, snowplow; did you mean 'collect'?",
    "3: destinations.meta.acces_token: unknown key; did you mean 'access_token'?",
    "3: destinations.meta.access_token: is missing",
]


def test_a_good_file(run: Run) -> None:
    result = run("check", SHOP)
    assert result.exit_code == 0
    assert result.stdout == (
        f"{SHOP}: no mistakes. "
        "Sources: site, backend, pixel, gtag, measurement_protocol, segment, snowplow. "
        "Destinations: meta, ga4, warehouse.\n"
    )
    assert result.stderr == ""


def test_every_mistake_is_printed_and_the_status_is_2(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "gateway.yaml"
    file.write_text(WRONG)
    result = run("check", file)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.splitlines() == [f"{file}:{mistake}" for mistake in MISTAKES]


def test_a_file_that_is_not_there(run: Run, tmp_path: Path) -> None:
    result = run("check", tmp_path / "nothing.yaml")
    assert result.exit_code == 2
    assert result.stderr.startswith(f"{tmp_path}/nothing.yaml:1: cannot be read: ")
    assert len(result.stderr.splitlines()) == 1


def test_an_empty_file(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "gateway.yaml"
    file.touch()
    result = run("check", file)
    assert (result.exit_code, result.stderr) == (2, f"{file}:1: the file is empty\n")


def test_every_command_that_reads_a_configuration_says_the_same(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "gateway.yaml"
    file.write_text(WRONG)
    expected = run("check", file)
    for command in ("run", "serve", "work"):
        result = run(command, "--config", file)
        assert (result.exit_code, result.stderr) == (2, expected.stderr)
    result = run("explain", "--config", file, "-", input="{}")
    assert (result.exit_code, result.stderr) == (2, expected.stderr)


def test_the_schema(run: Run) -> None:
    result = run("schema")
    assert result.exit_code == 0
    schema = json.loads(result.stdout)
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    shop = YAML(typ="safe").load(SHOP.read_text())
    assert validator.is_valid(shop)
    shop["destinations"]["meta"]["acces_token"] = shop["destinations"]["meta"].pop("access_token")
    assert not validator.is_valid(shop)


def test_as_a_process_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "gateway.yaml"
    file.write_text(WRONG)
    done = subprocess.run(
        [sys.executable, "-m", "gateway", "check", str(file)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines() == [f"{file}:{mistake}" for mistake in MISTAKES]
