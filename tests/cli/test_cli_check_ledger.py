"""What `gateway check` says about the ledger."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from gateway.configuration import ledger as ledger_module

Run = Callable[..., Result]

REST = """
sources: {site: {type: collect}}
destinations: {hook: {type: webhook, url: "https://shop.example/"}}
"""
SERVER = "redis: {url: redis://127.0.0.1:1}\n"
CLUSTER = "redis: {url: cluster://127.0.0.1:1, jobs_url: redis://127.0.0.1:2}\n"
SALT = 'server: {hash_salt: "${SALT}"}\n'
DATABASE = 'ledger: {url: "${LEDGER_URL:-}"}\n'
URL = "postgresql://gateway:l0ng-s3cret@db.example/ledger"


@pytest.fixture
def check(run: Run, tmp_path: Path) -> Callable[..., Result]:
    def check(text: str, url: str | None = None) -> Result:
        path = tmp_path / "gateway.yaml"
        path.write_text(text + REST)
        return run("check", path, LEDGER_URL=url, SALT="salt-of-the-tests")

    return check


@pytest.mark.parametrize(
    ("text", "url", "note"),
    [
        ("", None, None),
        (SERVER, None, "`ledger.url`"),
        (SERVER + DATABASE, "", "`ledger.url`"),
        (SERVER + "ledger: {enabled: false}\n", None, None),
        (SERVER + SALT + DATABASE, URL, None),
        (SALT + DATABASE, URL, None),
        (CLUSTER + SALT + DATABASE, URL, None),
        (CLUSTER, None, "`ledger.url`"),
    ],
)
def test_where_there_is_no_ledger_the_reason_is_said(
    check: Callable[..., Result], text: str, url: str | None, note: str | None
) -> None:
    result = check(text, url)
    assert result.exit_code == 0, result.output
    if note is None:
        assert "Ledger:" not in result.output
        assert "ledger.url" not in result.output
    else:
        assert note in result.output


@pytest.mark.parametrize(
    ("text", "url", "mistake"),
    [
        (DATABASE, URL, "ledger.url: needs server.hash_salt"),
        (SALT + DATABASE, "mysql://gateway:l0ng-s3cret@db.example/", "of a PostgreSQL database"),
        (SALT + DATABASE, "l0ng-s3cret", "of a PostgreSQL database"),
    ],
)
def test_a_url_that_cannot_be_used_is_a_mistake_and_not_repeated(
    check: Callable[..., Result], text: str, url: str, mistake: str
) -> None:
    result = check(text, url)
    assert result.exit_code == 2
    assert mistake in result.stderr
    assert "l0ng-s3cret" not in result.output


def test_without_the_package_the_extra_is_named(
    check: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_module, "find_spec", lambda name: None)
    result = check(SALT + DATABASE, URL)
    assert result.exit_code == 2
    assert "pip install 'event-gateway[postgresql]'" in result.stderr


@pytest.mark.parametrize(
    ("url", "warned"), [(URL, True), ("postgresql:///ledger?host=/run/postgresql", False)]
)
def test_a_password_that_is_written_in_the_file_is_warned_of(
    check: Callable[..., Result], url: str, warned: bool
) -> None:
    result = check(SALT + f"ledger: {{url: '{url}'}}\n")
    assert result.exit_code == 0
    assert ("ledger.url: the secret is written" in result.output) == warned
