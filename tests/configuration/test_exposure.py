"""A configuration with demo settings is refused on addresses that strangers can reach."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from gateway.configuration.exposure import ADVICE, SHIPPED_KEYS, DemoRefused, is_loopback, permitted
from gateway.configuration.load import load_settings, parse_settings
from gateway.configuration.settings import Settings
from gateway.sources.keys import KeyDigest

ROOT = Path(__file__).parents[2]
SHIPPED = sorted([*ROOT.glob("config/*.yaml"), *ROOT.glob("config/examples/*.yaml")])

GOOD = """
server: {hash_salt: 0123456789abcdef}
sources:
  site: {type: collect}
  backend: {type: events, keys: [a-key-of-our-own, "${OLD_KEY:-another}"]}
destinations:
  hook:
    type: webhook
    url: https://shop.example/
    secret: whsec_b3VyLW93bi1zZWNyZXQtb2YtdGhlLXNob3A=
"""
OUR_SECRET = "whsec_b3VyLW93bi1zZWNyZXQtb2YtdGhlLXNob3A="
PUBLISHED_SECRET = "whsec_ZGVtby1zZWNyZXQtb2YtdGhlLWdhdGV3YXktLS0="
PUBLISHED = "is published in the gateway's repository, so anyone can use it; "
OPENING: dict[str, tuple[str, str, str]] = {
    "the demo": (
        "server: {",
        "server: {demo: true, ",
        "2: server.demo: /demo shows strangers what destinations get; remove this line",
    ),
    "a source's key": (
        "another}",
        "demo-backend-key}",
        f"5: sources.backend.keys.1: {PUBLISHED}set OLD_KEY to a secret of your own",
    ),
    "a key that is written out": (
        "a-key-of-our-own",
        "backend-test-key",
        f"5: sources.backend.keys.0: {PUBLISHED}use a secret of your own",
    ),
    "the secret of a stream": (
        "{type: collect}",
        "{type: measurement_protocol, api_secrets: {G-1: mp-test-secret}}",
        f"4: sources.site.api_secrets.G-1: {PUBLISHED}use a secret of your own",
    ),
    "a signature": (
        OUR_SECRET,
        PUBLISHED_SECRET,
        f"10: destinations.hook.secret: {PUBLISHED}use a secret of your own",
    ),
    "one of two signatures": (
        OUR_SECRET,
        f"[{OUR_SECRET}, {PUBLISHED_SECRET}]",
        f"10: destinations.hook.secret.1: {PUBLISHED}use a secret of your own",
    ),
    "a salt": (
        "0123456789abcdef",
        "demo-backend-key",
        f"2: server.hash_salt: {PUBLISHED}use a secret of your own",
    ),
    "the signature of links": (
        "sources:",
        "identity: {link_domains: [a.example], link_secret: demo-backend-key}\nsources:",
        f"3: identity.link_secret: {PUBLISHED}use a secret of your own",
    ),
}
HARMLESS = {
    "nothing published": ("", ""),
    "a destination that runs dry": (
        OUR_SECRET,
        f"{PUBLISHED_SECRET}\n    dry_run: true",
    ),
    "a write key, which is public": (
        "{type: collect}",
        "{type: segment, write_keys: [demo-backend-key]}",
    ),
    "a made-up credential, which the vendor refuses": (
        "  hook:",
        "  ga4: {type: ga4, measurement_id: G-1, api_secret: no-secret-yet}\n  hook:",
    ),
}


def parse(text: str) -> Settings:
    return parse_settings(text, "gateway.yaml", {})


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.0.0.2", True),
        ("127.255.255.254", True),
        ("::1", True),
        ("localhost", True),
        ("LocalHost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("", False),
        ("128.0.0.1", False),
        ("10.0.0.1", False),
        ("192.168.1.2", False),
        ("::ffff:10.0.0.1", False),
        ("2001:db8::1", False),
        ("localhost.shop.example", False),
        ("127.0.0.1.shop.example", False),
        ("gateway", False),
    ],
)
def test_which_hosts_only_this_machine_can_reach(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


@pytest.mark.parametrize(("old", "new", "message"), OPENING.values(), ids=OPENING)
def test_what_opens_something_to_strangers_is_refused(old: str, new: str, message: str) -> None:
    assert old in GOOD
    settings = parse(GOOD.replace(old, new))
    with pytest.raises(DemoRefused) as refused:
        permitted(settings, Path("gateway.yaml"), allow_demo=False)
    assert str(refused.value) == f"gateway.yaml:{message}\n{ADVICE}"
    assert permitted(settings, Path("gateway.yaml"), allow_demo=True) is settings


@pytest.mark.parametrize(("old", "new"), HARMLESS.values(), ids=HARMLESS)
def test_what_opens_nothing_is_permitted(old: str, new: str) -> None:
    assert old in GOOD
    settings = parse(GOOD.replace(old, new))
    assert permitted(settings, Path("gateway.yaml"), allow_demo=False) is settings


def test_a_refusal_names_everything_that_is_open() -> None:
    text = GOOD
    changes = ("the demo", "a source's key", "a key that is written out", "a signature")
    for old, new, _ in map(OPENING.__getitem__, changes):
        text = text.replace(old, new)
    with pytest.raises(DemoRefused) as refused:
        permitted(parse(text), Path("gateway.yaml"), allow_demo=False)
    *lines, advice = str(refused.value).splitlines()
    assert [re.split(r":\s?", line)[2] for line in lines] == [
        "server.demo",
        "sources.backend.keys.0",
        "sources.backend.keys.1",
        "destinations.hook.secret",
    ]
    assert advice == ADVICE


def test_a_refusal_repeats_no_secret() -> None:
    for old, new, message in OPENING.values():
        with pytest.raises(DemoRefused) as refused:
            permitted(parse(GOOD.replace(old, new)), Path("gateway.yaml"), allow_demo=False)
        assert not any(key in str(refused.value) for key in SHIPPED_KEYS), message


GIVEN_BY_VENDORS = {"access_token", "api_secret"}
"""Secrets that a destination's vendor issues; the vendor refuses all others."""


def literal_secrets(
    value: Any, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], KeyDigest]]:
    """The path and the digest of every secret in dumped settings."""
    if isinstance(value, KeyDigest):
        yield path, value
    elif isinstance(value, SecretStr):
        yield path, KeyDigest.of(value.get_secret_value())
    elif isinstance(value, dict | list | tuple):
        parts = value.items() if isinstance(value, dict) else enumerate(value)
        for key, part in parts:
            yield from literal_secrets(part, (*path, str(key)))


def shipped_secrets(file: Path) -> set[KeyDigest]:
    """The digests of the secrets written in `file`, including defaults of variables, but without
    those that vendors issue."""
    needed = set(re.findall(r"\$\{(\w+)\}", file.read_text()))
    known = {
        "META_PIXEL_ID": "1",
        "GA4_MEASUREMENT_ID": "G-1",
        "WEBHOOK_URL": "https://a.example/",
        "SITE_ORIGIN": "https://shop.example",
    }
    settings = load_settings(file, {**dict.fromkeys(needed, OUR_SECRET), **known})
    return {
        secret
        for path, secret in literal_secrets(settings.model_dump())
        if secret != KeyDigest.of(OUR_SECRET)
        and not (path[0] == "destinations" and path[2] in GIVEN_BY_VENDORS)
    }


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.name)
def test_every_key_in_the_files_that_we_ship_is_known_to_be_published(file: Path) -> None:
    assert shipped_secrets(file) <= set(map(KeyDigest.of, SHIPPED_KEYS))


def test_every_key_that_is_said_to_be_published_is() -> None:
    published = set[KeyDigest]().union(*map(shipped_secrets, SHIPPED))
    assert published == set(map(KeyDigest.of, SHIPPED_KEYS))


@pytest.mark.parametrize(
    ("name", "places"),
    [
        ("config/gateway.yaml", ["server.hash_salt", "server.demo", "sources.backend.keys.0"]),
        (
            "config/examples/shop.yaml",
            [
                "sources.backend.keys.0",
                "sources.measurement_protocol.api_secrets.G-TEST000001",
                "destinations.warehouse.secret",
            ],
        ),
    ],
)
def test_what_the_files_that_we_ship_open(name: str, places: list[str]) -> None:
    with pytest.raises(DemoRefused) as refused:
        permitted(load_settings(ROOT / name, {}), Path(name), allow_demo=False)
    assert [problem.path for problem in refused.value.problems] == places
