"""Passwords: hashed, verified a few at a time, and equally slowly for unknown names."""

from __future__ import annotations

import asyncio
import threading

import pytest
from argon2 import PasswordHasher
from click.testing import CliRunner
from pydantic import SecretStr

from gateway.cli.console_access import hash_password as command
from gateway.configuration.console import ConsoleUser
from gateway.configuration.load import parse_settings
from gateway.console.access import passwords as module
from gateway.console.access.passwords import Busy, Passwords, hash_password, is_outdated

pytestmark = pytest.mark.anyio

QUICK = PasswordHasher(time_cost=1, memory_cost=7168, parallelism=1)
GOOD = "correct horse battery"


def users(**passwords: str) -> dict[str, ConsoleUser]:
    return {
        name: ConsoleUser(password=SecretStr(QUICK.hash(password)))
        for name, password in passwords.items()
    }


@pytest.mark.parametrize(
    ("name", "password", "expected"),
    [
        ("anna", GOOD, True),
        ("anna", GOOD + " ", False),
        ("anna", "", False),
        ("anna", "x" * 100_000, False),
        ("Anna", GOOD, False),
        ("ben", GOOD, False),
        ("ben", "another battery", True),
        ("carl", GOOD, False),
        ("carl", "another battery", False),
        ("", GOOD, False),
        ("\ud800", "\ud800", False),
    ],
)
async def test_only_the_password_of_a_user_is_right(
    name: str, password: str, expected: bool
) -> None:
    verified = Passwords(users(anna=GOOD, ben="another battery"))
    assert await verified.verify(name, password) is expected


async def test_letters_are_the_same_in_both_forms_of_unicode() -> None:
    assert await Passwords(users(anna="caf\u00e9 battery")).verify("anna", "cafe\u0301 battery")


async def test_without_users_nobody_gets_in() -> None:
    assert not await Passwords({}).verify("anna", GOOD)


async def test_an_unknown_name_is_compared_with_a_real_hash(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compared: list[str] = []
    monkeypatch.setattr(module, "_matches", lambda stored, _: bool(compared.append(stored)))
    known = users(anna=GOOD, ben=GOOD)
    verified = Passwords(known)
    for _ in range(3):
        assert not await verified.verify("carl", GOOD)
    assert len(set(compared)) == 1
    assert compared[0] in {user.password.get_secret_value() for user in known.values()}


async def test_right_for_the_stand_in_is_wrong_for_an_unknown_name() -> None:
    assert not await Passwords(users(anna=GOOD)).verify("carl", GOOD)


async def test_only_so_many_are_verified_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    running, most, gate, lock = 0, 0, threading.Event(), threading.Lock()

    def slow(_: str, __: str) -> bool:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        gate.wait(60)
        with lock:
            running -= 1
        return True

    monkeypatch.setattr(module, "_matches", slow)
    verified = Passwords(users(anna=GOOD))
    places = module.AT_ONCE + module.MAX_WAITING
    tasks = [asyncio.create_task(verified.verify("anna", GOOD)) for _ in range(places)]
    await asyncio.sleep(0)
    with pytest.raises(Busy):
        await verified.verify("anna", GOOD)
    gate.set()
    assert await asyncio.gather(*tasks) == [True] * places
    assert most <= module.AT_ONCE
    assert await verified.verify("anna", GOOD)
    verified.close()


def test_a_hash_of_older_parameters_is_outdated() -> None:
    assert is_outdated(QUICK.hash(GOOD))
    assert not is_outdated(PasswordHasher().hash(GOOD))


def test_the_command_prints_a_hash_that_the_configuration_takes() -> None:
    result = CliRunner().invoke(command, input=f"{GOOD}\n{GOOD}\n")
    assert result.exit_code == 0
    assert GOOD not in result.output
    settings = parse_settings(
        f"console: {{users: {{anna: {{password: '{result.stdout.strip()}'}}}}}}\n"
        "sources: {site: {type: collect}}\n"
        "destinations: {hook: {type: webhook, url: 'https://shop.example/'}}\n"
    )
    assert asyncio.run(Passwords(settings.console.users).verify("anna", GOOD))


@pytest.mark.parametrize(
    ("typed", "words"),
    [("short\nshort\n", "has 5 characters"), (f"{GOOD}\nother\nshort\nshort\n", "do not match")],
)
def test_a_password_that_is_short_or_mistyped_is_not_hashed(typed: str, words: str) -> None:
    result = CliRunner().invoke(command, input=typed)
    assert result.exit_code != 0
    assert words in result.output
    assert "argon2" not in result.output


def test_hashes_of_one_password_differ() -> None:
    assert hash_password(GOOD) != hash_password(GOOD)
