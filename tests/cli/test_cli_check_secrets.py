"""What `gateway check` says about secrets."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from gateway.configuration.load import parse_settings
from gateway.operations.checking.secrets import SHORT, WRITTEN, secret_notes

ROOT = Path(__file__).parents[2]
SHIPPED = sorted([*ROOT.glob("config/*.yaml"), *ROOT.glob("config/examples/*.yaml")])
Run = Callable[..., Result]

GOOD = """\
server: {hash_salt: "${LONG}"}
redis: {url: "redis://:${LONG}@127.0.0.1:6379/0"}
sources:
  backend: {type: events, keys: ["${LONG}", "${file:/run/secrets/key}"]}
destinations:
  hook:
    type: webhook
    url: https://shop.example/
    allow_private_addresses: true
    headers: {authorization: "Bearer ${LONG}", x-shop: a}
    secret: whsec_${WHSEC}
    http: {proxy: "http://user:${LONG}@127.0.0.1:3128"}
"""
ENVIRONMENT = {
    "LONG": "l0ng-s3cret",
    "SHORT": "s3cret",
    "WHSEC": "b3VyLW93bi1zZWNyZXQtb2YtdGhlLXNob3A=",
    "BASIC": "c2hvcDpzM2NyZXQ=",
}
WARNINGS = {
    "a key": (4, '"${LONG}"', "l0ng-s3cret", "sources.backend.keys.0", WRITTEN),
    "the default of a variable": (
        4, "${LONG}", "${LONG:-other-s3cret}", "sources.backend.keys.0", WRITTEN,
    ),
    "a salt": (1, "${LONG}", "l0ng-s3cret", "server.hash_salt", WRITTEN),
    "a password of Redis": (2, "${LONG}", "l0ng-s3cret", "redis.url", WRITTEN),
    "a password of Sentinel": (
        2, "redis://:${LONG}@127.0.0.1:6379/0",
        "sentinel://127.0.0.1/shop?sentinel_password=l0ng-s3cret", "redis.url", WRITTEN,
    ),
    "a header": (10, "${LONG}", "l0ng-s3cret", "destinations.hook.headers.authorization", WRITTEN),
    "a signature's key": (
        11, "${WHSEC}", "b3VyLW93bi1zZWNyZXQtb2YtdGhlLXNob3A=", "destinations.hook.secret", WRITTEN,
    ),
    "a proxy's password": (12, "${LONG}", "l0ng-s3cret", "destinations.hook.http.proxy", WRITTEN),
    "a short key": (4, "${LONG}", "${SHORT}", "sources.backend.keys.0", SHORT),
    "a short salt": (1, "${LONG}", "${SHORT}", "server.hash_salt", SHORT),
    "a short credential after a scheme": (
        10, "${LONG}", "${SHORT}", "destinations.hook.headers.authorization", SHORT,
    ),
    "a short password in Basic credentials": (
        10, "Bearer ${LONG}", "Basic ${BASIC}", "destinations.hook.headers.authorization", SHORT,
    ),
}  # fmt: skip


def notes(text: str) -> list[str]:
    settings = parse_settings(text, "shop.yaml", ENVIRONMENT, lambda name: "fr0m-a-file")
    return [*secret_notes(settings, Path("shop.yaml"))]


def test_secrets_from_elsewhere_need_no_warning() -> None:
    assert notes(GOOD) == []
    assert notes(GOOD.replace('["${LONG}"', '["${LONG:-no-token-yet}"')) == []


@pytest.mark.parametrize(
    ("number", "old", "new", "place", "words"), WARNINGS.values(), ids=WARNINGS
)
def test_warnings(number: int, old: str, new: str, place: str, words: str) -> None:
    lines = GOOD.splitlines()
    assert old in lines[number - 1]
    lines[number - 1] = lines[number - 1].replace(old, new, 1)
    assert notes("\n".join(lines)) == [f"Warning: shop.yaml:{number}: {place}: {words}"]


def test_a_warning_is_printed_and_no_failure_and_shows_no_secret(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "gateway.yaml"
    file.write_text("sources: {b: {type: events, keys: [s3cret]}}\ndestinations: {}\n")
    result = run("check", file)
    assert (result.exit_code, result.stderr) == (0, "")
    place = f"Warning: {file}:1: sources.b.keys.0"
    assert result.stdout.splitlines()[-2:] == [f"{place}: {WRITTEN}", f"{place}: {SHORT}"]
    assert "s3cret" not in result.stdout


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.name)
def test_the_files_that_we_ship_need_no_warning(run: Run, file: Path) -> None:
    needed = re.findall(r"\$\{(\w+)\}", file.read_text())
    secret = "whsec_b3VyLW93bi1zZWNyZXQtb2YtdGhlLXNob3A="
    given = {
        "SITE_ORIGIN": "https://shop.example",
        "META_PIXEL_ID": "1",
        "GA4_MEASUREMENT_ID": "G-1",
        "WEBHOOK_URL": "https://warehouse.example/",
    }
    result = run("check", file, **{**dict.fromkeys(needed, secret), **given})
    assert result.exit_code == 0
    assert "Warning" not in result.stdout
