"""`gateway init`: its questions, and its files, which work as they are."""

from __future__ import annotations

import json
import re
import stat
import subprocess
import sys
from collections.abc import Callable
from itertools import cycle
from pathlib import Path
from typing import get_args

import click
import pytest
from click.testing import Result
from dotenv import dotenv_values
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from gateway.cli.init.answers import (
    CONSENT_COOKIES,
    DESTINATIONS,
    NOT_OFFERED,
    read_destinations,
    read_sites,
)
from gateway.configuration.exposure import permitted
from gateway.configuration.file_schema import file_schema
from gateway.configuration.kinds import destination_types, source_types
from gateway.configuration.load import load_settings
from gateway.configuration.settings import Settings
from gateway.event import Received, read_event
from gateway.pipeline.compile import compile_pipeline
from gateway.runtime.welcome import AGENT, FIRST_EVENT
from gateway.stages.consent.settings import CookieFormat

Run = Callable[..., Result]
OUR_SECRETS = ("BACKEND_KEY", "HASH_SALT", "OPERATORS_TOKEN")
KINDS = [*((kind,) for kind in DESTINATIONS), ("ga4", "meta"), ("meta", "webhook"), DESTINATIONS]
MANAGERS = ["none", *CONSENT_COOKIES]
CHOICES = [*zip(KINDS, cycle(MANAGERS)), *((("ga4", "meta"), manager) for manager in MANAGERS)]


def settings_in(folder: Path) -> Settings:
    """The settings in `folder`. Fails if they may not be served on a public address."""
    path = folder / "gateway.yaml"
    return permitted(load_settings(path), path, allow_demo=False)


def test_with_yes_it_asks_nothing_and_the_files_work_at_once(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run("init", "--yes")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines()[:2] == ["Wrote gateway.yaml.", "Wrote .env."]
    assert "gateway run" in result.stdout
    assert "Replace https://shop.example in gateway.yaml" in result.stdout
    settings = settings_in(tmp_path)
    assert settings.sources["site"].allowed_origins == ["https://shop.example"]
    assert settings.destinations.keys() == {"ga4", "meta"}
    assert all(each.dry_run for each in settings.destinations.values())
    assert settings.dedupe_window == 600
    assert settings.consent.hold is not None
    checked = run("check")
    assert (checked.exit_code, checked.stderr) == (0, "")
    assert "Warning" not in checked.stdout
    for variable in ("META_PIXEL_ID", "META_ACCESS_TOKEN", "GA4_MEASUREMENT_ID", "GA4_API_SECRET"):
        assert f"\n  {variable}: " in checked.stdout


def test_the_snippet_sends_the_answer_that_releases_what_is_held(run: Run, tmp_path: Path) -> None:
    """Without a later event, a held page view is lost, as docs/browser.md says."""
    result = run("init", tmp_path, "--yes")
    snippet = result.stdout.partition("<script")[2].partition("</script>")[0]
    sent = re.search(r'data-consent-event="(\w+)"', snippet)
    settings = settings_in(tmp_path)
    assert settings.consent.hold is not None
    assert sent is not None
    dropped = settings.rules[0].when
    assert dropped is not None
    assert dropped.model_dump(exclude_none=True) == {"event_name": sent[1]}


def test_the_event_that_run_shows_how_to_send_is_sent(run: Run, tmp_path: Path) -> None:
    """The event is not taken for a bot's, although curl sends no headers of a browser."""
    run("init", tmp_path, "--yes")
    received = Received("site", 1_795_000_000.0, "127.0.0.1", AGENT)
    decide = compile_pipeline(settings_in(tmp_path))
    verdicts = decide(read_event(json.loads(FIRST_EVENT)), received).verdicts
    assert {verdict.decision for verdict in verdicts.values()} == {"send"}


def test_the_configuration_names_every_kind_of_source(run: Run, tmp_path: Path) -> None:
    run("init", tmp_path, "--yes")
    text = (tmp_path / "gateway.yaml").read_text()
    named = text.partition("More kinds: ")[2].partition("sources:")[0]
    in_use = {each.type for each in settings_in(tmp_path).sources.values()}
    assert set(re.findall(r"\w+", named)) - {"and"} == source_types().keys() - in_use


@pytest.mark.parametrize(("kinds", "manager"), CHOICES)
def test_every_choice_is_a_good_configuration(
    run: Run, tmp_path: Path, kinds: tuple[str, ...], manager: str
) -> None:
    options = [word for kind in kinds for word in ("--destination", kind)]
    result = run("init", tmp_path, "--yes", "--consent-manager", manager, *options)
    assert result.exit_code == 0
    settings = settings_in(tmp_path)
    assert tuple(settings.destinations) == kinds
    assert set(settings.consent.cookies.values()) == {manager} - {"none"}
    text = (tmp_path / "gateway.yaml").read_text()
    data = YAML(typ="safe", pure=True).load(text)
    assert list(Draft202012Validator(file_schema()).iter_errors(data)) == []


def test_with_credentials_and_no_dry_run_nothing_is_missing(run: Run, tmp_path: Path) -> None:
    run("init", tmp_path, "--yes", *("--destination", "ga4", "--destination", "meta"))
    env = tmp_path / ".env"
    text = env.read_text().replace("DRY_RUN=true", "DRY_RUN=false")
    given = {
        "META_PIXEL_ID": "123456",
        "META_ACCESS_TOKEN": "a-token",
        "GA4_MEASUREMENT_ID": "G-TEST000001",
        "GA4_API_SECRET": "a-secret-of-ga4",
    }
    for name, value in given.items():
        assert f"\n{name}=\n" in text
        text = text.replace(f"\n{name}=\n", f"\n{name}={value}\n")
    env.write_text(text)
    result = run("check", tmp_path / "gateway.yaml")
    assert result.exit_code == 0
    assert "dry" not in result.stdout
    assert not any(each.dry_run for each in settings_in(tmp_path).destinations.values())


def test_what_it_asks(run: Run, tmp_path: Path) -> None:
    answers = "shop.example, https://Www.Shop.example/\nmeta webhook\nonetrust\n"
    result = run("init", tmp_path / "new", input=answers)
    assert result.exit_code == 0
    for question in ("Address of your site", "Destinations, of ga4, linkedin, meta", "Consent man"):
        assert question in result.stdout
    assert f"cd {tmp_path / 'new'} && gateway run" in result.stdout
    settings = settings_in(tmp_path / "new")
    origins = ["https://shop.example", "https://www.shop.example"]
    assert settings.sources["site"].allowed_origins == origins
    assert settings.destinations.keys() == {"meta", "webhook"}
    assert settings.consent.cookies == {"OptanonConsent": "onetrust"}


def test_a_wrong_answer_is_asked_for_again(run: Run, tmp_path: Path) -> None:
    answers = "ftp://shop.example\nshop.example\ncarrier\nga4\nnone\n"
    result = run("init", tmp_path, input=answers)
    assert result.exit_code == 0
    assert "'ftp://shop.example' is not an address such as https://shop.example" in result.output
    assert "'carrier' is not one of ga4, linkedin, meta" in result.output
    assert settings_in(tmp_path).destinations.keys() == {"ga4"}


def test_an_option_answers_its_question(run: Run, tmp_path: Path) -> None:
    site = ("--site", "https://a.example", "--site", "b.example")
    result = run("init", tmp_path, *site, "--destination", "ga4", input="\n")
    assert result.exit_code == 0
    assert "Address of your site" not in result.stdout
    origins = settings_in(tmp_path).sources["site"].allowed_origins
    assert origins == ["https://a.example", "https://b.example"]


@pytest.mark.parametrize(
    "option", [("--site", "ftp://x"), ("--destination", "carrier"), ("--consent-manager", "x")]
)
def test_a_wrong_option_writes_nothing(run: Run, tmp_path: Path, option: tuple[str, str]) -> None:
    result = run("init", tmp_path, "--yes", *option)
    assert result.exit_code == 2
    assert list(tmp_path.iterdir()) == []


def test_the_secrets_are_new_each_time_and_for_their_owner_alone(run: Run, tmp_path: Path) -> None:
    found = []
    for name in ("one", "two"):
        run("init", tmp_path / name, "--yes", "--destination", "webhook")
        env = tmp_path / name / ".env"
        assert stat.S_IMODE(env.stat().st_mode) == 0o600
        found.append(dotenv_values(env))
        yaml = (tmp_path / name / "gateway.yaml").read_text()
        assert not any(found[-1][secret] in yaml for secret in OUR_SECRETS)  # type: ignore[operator]
    for secret in (*OUR_SECRETS, "WEBHOOK_SECRET"):
        assert len({len(each[secret] or "") for each in found}) == 1
        assert len(found[0][secret] or "") >= 32
        assert found[0][secret] != found[1][secret]


@pytest.fixture
def existing(tmp_path: Path) -> Path:
    for name in ("gateway.yaml", ".env"):
        (tmp_path / name).write_text("MINE=1\n")
        (tmp_path / name).chmod(0o644)
    return tmp_path


def test_with_yes_files_that_exist_stay(run: Run, existing: Path) -> None:
    result = run("init", existing, "--yes")
    assert result.exit_code == 2
    assert result.stderr == (
        f"{existing}/gateway.yaml and {existing}/.env: already there, so nothing was written. "
        "Use --force to replace files.\n"
    )
    assert {path.read_text() for path in existing.iterdir()} == {"MINE=1\n"}


def test_otherwise_it_asks_for_each(run: Run, existing: Path) -> None:
    result = run("init", existing, input="\n\n\ny\nn\n")
    assert result.exit_code == 0
    assert f"{existing}/gateway.yaml exists. Replace it? [y/N]" in result.stdout
    assert f"Replaced {existing}/gateway.yaml." in result.stdout
    assert f"Kept {existing}/.env as it is." in result.stdout
    assert "destinations:" in (existing / "gateway.yaml").read_text()
    assert (existing / ".env").read_text() == "MINE=1\n"


def test_a_configuration_that_is_kept_gets_no_other_environment(run: Run, existing: Path) -> None:
    (existing / ".env").unlink()
    result = run("init", existing, input="\n\n\nn\n")
    assert result.exit_code == 1
    assert f"Kept {existing}/gateway.yaml as it is." in result.stdout
    assert "was not written" in result.stderr
    assert "run dry" not in result.stdout
    assert [path.name for path in existing.iterdir()] == ["gateway.yaml"]


def test_with_force_it_replaces_them_and_says_so(run: Run, existing: Path) -> None:
    result = run("init", existing, "--yes", "--force")
    assert result.exit_code == 0
    assert f"Replaced {existing}/.env." in result.stdout
    assert stat.S_IMODE((existing / ".env").stat().st_mode) == 0o600
    settings_in(existing)


def test_a_folder_that_cannot_be_written_is_named(run: Run, tmp_path: Path) -> None:
    (tmp_path / "gateway.yaml").mkdir()
    result = run("init", tmp_path, "--yes", "--force")
    assert result.exit_code == 2
    assert result.stderr == f"cannot write {tmp_path}/gateway.yaml: Is a directory\n"


def test_a_folder_that_cannot_be_made_is_named(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    result = run("init", tmp_path / "file/new", "--yes")
    assert result.exit_code == 2
    assert result.stderr == f"cannot make the folder {tmp_path}/file/new: Not a directory\n"


def test_without_an_answer_it_writes_nothing_and_names_the_option(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "gateway", "init", tmp_path]
    result = subprocess.run(command, input="shop.example\n", capture_output=True, text=True)
    assert result.returncode == 1
    words = "No answer, so nothing was written. Use --yes to accept the defaults without questions."
    assert result.stderr == f"\n{words}\n"
    assert list(tmp_path.iterdir()) == []


def test_it_knows_every_kind_of_destination_and_every_cookie_that_can_be_read() -> None:
    without = destination_types().keys() - {*DESTINATIONS, *NOT_OFFERED}
    assert not without, "name them in answers.py, and add their templates"
    assert CONSENT_COOKIES.keys() == set(get_args(CookieFormat))


@pytest.mark.parametrize(
    ("answer", "sites"),
    [
        ("shop.example", ["https://shop.example"]),
        ("http://localhost:3000", ["http://localhost:3000"]),
        ("localhost:3000", ["https://localhost:3000"]),
        ("https://shop.example/de/?a=b", ["https://shop.example"]),
        ("a.example,b.example a.example", ["https://a.example", "https://b.example"]),
    ],
)
def test_how_an_address_is_read(answer: str, sites: list[str]) -> None:
    assert read_sites(answer) == sites


@pytest.mark.parametrize("answer", ["not a site", "shop", "shop:3000", "ftp://shop.example"])
def test_what_is_no_address_is_named(answer: str) -> None:
    with pytest.raises(click.BadParameter, match="is not an address such as"):
        read_sites(answer)


def test_destinations_may_be_written_in_any_case_and_order() -> None:
    assert read_destinations("Webhook, GA4,ga4") == ["webhook", "ga4"]
