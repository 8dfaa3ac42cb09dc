"""`gateway check` and `gateway schema`: their output and their exit status."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
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
    "1: sources.backend.keys.0: the environment has no NO_SUCH_KEY; set it there or in .env, or "
    "write ${NO_SUCH_KEY:-default}. Keys of the senders, of which each request shows one as "
    "`Authorization: Bearer <key>`.",
    "1: sources.site.type: 'colect' is not one of collect, events, ga4, jitsu, matomo, "
    "measurement_protocol, pixel, plausible, posthog, segment, snowplow, stape_data, umami; did "
    "you mean 'collect'?; another kind of source comes with a Python package: `pip install` it "
    "next to the gateway, or write one (docs/adding-a-source.md)",
    "3: destinations.meta.acces_token: unknown key; did you mean 'access_token'?",
    "3: destinations.meta.access_token: is missing",
]


def test_a_good_file(run: Run) -> None:
    result = run("check", SHOP)
    assert result.exit_code == 0
    assert result.stdout == (
        f"{SHOP}: no mistakes. "
        "Sources: site, backend, pixel, gtag, measurement_protocol, segment, snowplow, matomo, "
        "plausible, umami. "
        "Destinations: meta, ga4, warehouse.\n"
        "Consent at an unknown place: ad_storage, analytics_storage, ad_user_data and "
        "ad_personalization denied (the strictest of `consent.default` and `consent.regions`).\n"
        "Note: purchases and other events from backend and measurement_protocol that have neither "
        "`consent` nor `ip_override` are withheld from meta and ga4. If these backends send only "
        "what their visitors have agreed to, set `consent_default` for the source.\n"
    )
    assert result.stderr == ""


def test_the_file_may_be_given_like_for_every_other_command(run: Run) -> None:
    result = run("check", "--config", SHOP)
    assert (result.exit_code, result.stdout) == (0, run("check", SHOP).stdout)


def test_without_a_file_it_is_the_default_of_every_other_command(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config").mkdir()
    (tmp_path / "config/gateway.yaml").write_text(WRONG)
    result = run("check")
    assert result.exit_code == 2
    assert result.stderr.splitlines() == [f"config/gateway.yaml:{mistake}" for mistake in MISTAKES]


def test_a_file_in_the_folder_itself_goes_first(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config").mkdir()
    (tmp_path / "config/gateway.yaml").write_text(WRONG)
    (tmp_path / "gateway.yaml").write_text("sources: {}\ndestinations: {}\n")
    result = run("check")
    assert (result.exit_code, result.stderr) == (0, "")


def test_where_there_is_no_configuration_it_says_how_to_make_one(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run("run")
    assert result.exit_code == 2
    assert result.stderr == (
        "gateway.yaml:1: cannot be read: No such file or directory. `gateway init` writes a "
        "configuration; --config names another file\n"
    )


def test_what_accepts_nothing_says_so(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "gateway.yaml"
    file.write_text("sources: {}\ndestinations: {}\n")
    first, second, *_ = run("check", file).stdout.splitlines()
    assert first == f"{file}: no mistakes. Sources: none. Destinations: none."
    assert second == "Note: no source is configured, so nothing is accepted."


def test_two_files_are_a_mistake(run: Run) -> None:
    result = run("check", SHOP, "--config", SHOP)
    assert result.exit_code == 2
    assert "give only one of them" in result.stderr


def test_every_mistake_is_printed_and_the_status_is_2(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "gateway.yaml"
    file.write_text(WRONG)
    result = run("check", file)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.splitlines() == [f"{file}:{mistake}" for mistake in MISTAKES]


def test_the_production_file_reports_the_variables_that_are_not_set(run: Run) -> None:
    file, secret = ROOT / "config/production.yaml", "whsec_b3VyLW93bi1zZWNyZXQtb2YtdGhlLXNob3A="
    needed = dict.fromkeys(re.findall(r"\$\{(\w+)\}", file.read_text()), "")
    result = run("check", file, **dict.fromkeys(needed))
    assert result.exit_code == 2
    assert re.findall(r"the environment has no (\w+); set it", result.stderr) == list(needed)
    given = {
        **dict.fromkeys(needed, secret),
        "SITE_ORIGIN": "https://shop.example",
        "META_PIXEL_ID": "1",
        "GA4_MEASUREMENT_ID": "G-1",
        "WEBHOOK_URL": "https://warehouse.example/",
    }
    result = run("check", file, **given)
    assert (result.exit_code, result.stderr) == (0, "")


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
    shop = YAML(typ="safe", pure=True).load(SHOP.read_text())
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
