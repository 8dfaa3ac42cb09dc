"""What `gateway check` says about destinations: dry runs, credentials, addresses, versions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from click.testing import Result

from destinations.webhook import Webhook
from gateway.configuration.load import load_settings
from gateway.operations.checking.destinations import destination_notes, is_private_host

Run = Callable[..., Result]

CONFIGURATION = """\
sources: {site: {type: collect}}
destinations:
  ads:
    type: meta
    pixel_id: ${ADS_PIXEL:-0}
    access_token: ${ADS_TOKEN:-no-token-yet}
    dry_run: ${ADS_DRY_RUN:-true}
"""
DRY = "Note: ads runs dry: its requests are built and recorded, and none is sent. To send them, set"
SET = {"ADS_PIXEL": "12", "ADS_TOKEN": "a-token"}
UNSET = {"ADS_PIXEL": None, "ADS_TOKEN": None, "ADS_DRY_RUN": None}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "gateway.yaml"
    path.write_text(CONFIGURATION)
    return path


def said(run: Run, file: Path, **environment: str | None) -> list[str]:
    result = run("check", file, **{**UNSET, **environment})
    assert (result.exit_code, result.stderr) == (0, "")
    lines: list[str] = result.stdout.splitlines()
    return [line for line in lines[2:] if "secret has fewer" not in line]


def test_a_dry_run_names_the_variables_that_are_not_set_and_where_to_get_them(
    run: Run, file: Path
) -> None:
    assert said(run, file) == [
        f"{DRY} `dry_run` to false ({file}:7), and these variables in the environment or in .env:",
        "  ADS_PIXEL: ID of the pixel, which Meta now calls a dataset: digits, from Events "
        "Manager, Data sources, Settings.",
        "  ADS_TOKEN: Access token of the Conversions API, from Events Manager, Settings, "
        "Conversions API.",
    ]


def test_a_dry_run_with_everything_set_can_be_ended(run: Run, file: Path) -> None:
    assert said(run, file, **SET) == [f"{DRY} `dry_run` to false ({file}:7)."]


def test_variables_in_the_file_next_to_it_are_set(run: Run, file: Path) -> None:
    file.with_name(".env").write_text("ADS_PIXEL=12\nADS_TOKEN=a-token\nADS_DRY_RUN=false\n")
    assert said(run, file) == []


def test_a_credential_that_is_not_set_is_a_warning_without_a_dry_run(run: Run, file: Path) -> None:
    assert said(run, file, ADS_DRY_RUN="false", ADS_PIXEL="12") == [
        f"Warning: {file}:6: destinations.ads.access_token: ADS_TOKEN is not set in "
        "the environment or in .env, so the vendor will refuse every event. Access token "
        "of the Conversions API, from Events Manager, Settings, Conversions API."
    ]
    assert said(run, file, ADS_DRY_RUN="false", **SET) == []


HOOK = """\
sources: {site: {type: collect}}
destinations:
  hook:
    type: webhook
    url: %s
    allow_private_addresses: %s
"""


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://localhost:9000/", "localhost"),
        ("http://127.0.0.1/", "127.0.0.1"),
        ("http://127.1/", "127.0.0.1"),
        ("https://10.2.3.4/events", "10.2.3.4"),
        ("http://192.168.1.5/", "192.168.1.5"),
        ("http://[::1]:8080/", "[::1]"),
        ("http://[fd00::1]/", "[fd00::1]"),
        ("http://169.254.169.254/", "169.254.169.254"),
    ],
)
def test_a_private_address_names_the_setting_that_allows_it(
    run: Run, tmp_path: Path, url: str, host: str
) -> None:
    file = tmp_path / "gateway.yaml"
    file.write_text(HOOK % (url, "false"))
    assert said(run, file) == [
        f"Warning: {file}:5: destinations.hook.url: {host} is not on the public internet, so the "
        "gateway sends nothing there. If the address is yours, set `allow_private_addresses: true` "
        "for this destination."
    ]
    file.write_text(HOOK % (url, "true"))
    assert said(run, file) == []


TEST_SERVER = """\
sources: {site: {type: collect}}
destinations:
  analytics: {type: ga4, measurement_id: G-1ABCDEF, api_secret: "${GA}", base_url: "%s"%s}
"""


def test_a_vendors_test_server_may_be_on_this_machine(run: Run, tmp_path: Path) -> None:
    file, url = tmp_path / "gateway.yaml", "http://127.0.0.1:9/"
    file.write_text(TEST_SERVER % (url, ""))
    assert said(run, file, GA="a-secret") == []
    file.write_text(TEST_SERVER % (url, ", allow_private_addresses: false"))
    assert "127.0.0.1 is not on the public internet" in said(run, file, GA="a-secret")[0]


@pytest.mark.parametrize(
    "host", ["shop.example", "8.8.8.8", "[2606:4700::1]", "localhost.example", "10.example"]
)
def test_other_hosts_may_be_anywhere(host: str) -> None:
    assert not is_private_host(host)


VERSIONED = """\
sources: {site: {type: collect}}
destinations:
  ads:
    type: meta
    pixel_id: "1"
    access_token: a-token
    api_version: %s
"""


@pytest.mark.parametrize(
    ("version", "today", "warning"),
    [
        ("v25.0", date(2026, 12, 24), ""),
        (
            "v25.0",
            date(2026, 12, 25),
            "the vendor ends version v25.0 of its API on 2027-02-23; set `api_version` to v27.0",
        ),
        (
            "v25.0",
            date(2027, 2, 23),
            "the vendor ended version v25.0 of its API on 2027-02-23, so it may refuse every "
            "event; set `api_version` to v27.0",
        ),
        (
            "v9.0",
            date(2027, 1, 1),
            "the vendor ended version v9.0 of its API on 2026-11-10, so it may refuse every "
            "event; set `api_version` to v27.0",
        ),
        ("v26.0", date(2040, 1, 1), ""),
        ("v27.0", date(2040, 1, 1), ""),
    ],
)
def test_an_api_version_that_ends_is_told_60_days_before(
    file: Path, version: str, today: date, warning: str
) -> None:
    file.write_text(VERSIONED % version)
    notes = list(destination_notes(load_settings(file), file, today))
    said = f"Warning: {file}:7: destinations.ads.api_version: {warning}."
    assert notes == ([said] if warning else [])


def test_permissions_list_hosts_and_fields(run: Run, file: Path) -> None:
    file.write_text(HOOK % ("https://hooks.example:8443/in?to=there.example", "false"))
    lines = run("check", "--permissions", file).stdout.splitlines()
    assert "hook (webhook) may reach hooks.example. It reads all fields." in lines
    assert not any("may reach" in line for line in run("check", file).stdout.splitlines())


def test_permissions_list_the_fields_that_a_mapping_reads_too(
    run: Run, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Webhook, "fields", frozenset({"event_name"}))
    hook = HOOK % ("https://hooks.example/in", "false")
    mapping = '{fields: {data.a: {field: crm.id}, data.b: {template: "{shop}-{items.0.price}"}}}'
    file.write_text(f"{hook.rstrip()}\n    mapping: {mapping}\n")
    lines = run("check", "--permissions", file).stdout.splitlines()
    said = "hook (webhook) may reach hooks.example. It reads crm, event_name, items, shop."
    assert said in lines
