"""Settings of the console: the mistakes and their messages."""

from __future__ import annotations

import pytest

from gateway.configuration.load import parse_settings
from gateway.configuration.mistakes import ConfigurationError
from gateway.configuration.settings import Settings

REST = """
sources: {site: {type: collect}}
destinations: {hook: {type: webhook, url: "https://shop.example/"}}
"""
TAIL = "$c29tZXNhbHRzb21lc2FsdA$9sTbSlTio3Biev89thdrlKKiCaYsjjYVJxGAL3swxpQ"
HASH = f"$argon2id$v=19$m=65536,t=3,p=4{TAIL}"
OPENID = (
    "issuer: https://login.example/shop, client_id: c, client_secret: s, "
    "base_url: https://console.shop.example, operators: [admins]"
)


def settings(console: str) -> Settings:
    return parse_settings(f"console: {{{console}}}\n{REST}")


def test_without_any_the_console_is_for_this_machine() -> None:
    console = parse_settings(REST).console
    assert (console.enabled, console.edit, console.session_hours) == (True, False, 12)
    assert console.allowed_hosts == frozenset()


def test_users_hosts_and_a_provider() -> None:
    console = settings(
        f"hosts: [Console.Shop.example, '[::1]'], users: {{anna@shop.example: {{password: {HASH!r},"
        f" role: operator}}, ben: {{password: {HASH!r}}}}}, openid: {{{OPENID}}}"
    ).console
    assert console.allowed_hosts == {"console.shop.example", "[::1]"}
    assert {name: user.role for name, user in console.users.items()} == {
        "anna@shop.example": "operator",
        "ben": "viewer",
    }
    assert HASH not in repr(console)


def user(password: str) -> str:
    return f"users: {{anna: {{password: {password!r}}}}}"


def openid(change: str, to: str) -> str:
    assert change in OPENID
    return f"openid: {{{OPENID.replace(change, to)}}}"


@pytest.mark.parametrize(
    ("console", "words"),
    [
        (user("correct horse"), "is not an argon2id hash"),
        (user(HASH.replace("argon2id", "argon2i")), "`gateway console hash-password` makes one"),
        (user("$2b$12$abcdefghijklmnopqrstuv"), "is not an argon2id hash"),
        (user(HASH + "\n"), "is not an argon2id hash"),
        (user(f"$argon2id$v=19$m=64,t=1,p=1{TAIL}"), "m must be from 7168"),
        (user(f"$argon2id$v=19$m=9999999,t=1,p=1{TAIL}"), "m must be from 7168"),
        (user(f"$argon2id$v=19$m=65536,t=99,p=1{TAIL}"), "t at most 64"),
        (f"users: {{local: {{password: {HASH!r}}}}}", "one-time link"),
        (f"users: {{'a b': {{password: {HASH!r}}}}}", "console.users"),
        (f"users: {{anna: {{password: {HASH!r}, role: admin}}}}", "role"),
        ("hosts: ['https://console.shop.example']", "without scheme and port"),
        ("hosts: ['console.shop.example:8082']", "without scheme and port"),
        ("hosts: ['[::1]:8082']", "without scheme and port"),
        ("hosts: ['*']", "is not a host"),
        ("hosts: ['münchen.example']", "Punycode"),
        ("session_hours: 0", "session_hours"),
        (openid("https://login.example/shop", "http://login.example/shop"), "https://"),
        (openid("https://login.example/shop", "login.example"), "is not an issuer"),
        (openid("https://login.example/shop", "'https://a.example/?x=1'"), "is not an issuer"),
        (openid("https://console", "http://console"), "must begin with https://"),
        (openid("https://console.shop.example", "https://c.example/x"), "is not an origin"),
        (openid("operators: [admins]", "operators: []"), "needs `operators` or `viewers`"),
        (openid("client_secret: s", "client_secret: ''"), "client_secret"),
    ],
)
def test_a_mistake_is_said_without_what_is_secret(console: str, words: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        settings(console)
    assert words in str(caught.value)
    assert "correct horse" not in str(caught.value)
    assert TAIL not in str(caught.value)


def test_a_provider_on_this_machine_may_use_http() -> None:
    console = settings(
        "openid: {issuer: 'http://127.0.0.1:9000', client_id: c, client_secret: s, "
        "base_url: 'http://localhost:8082', viewers: [all]}"
    ).console
    assert console.openid is not None
    assert console.allowed_hosts == {"localhost"}
