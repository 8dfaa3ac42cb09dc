"""What `gateway run` prints about the console."""

from __future__ import annotations

import pytest

from gateway.configuration.load import parse_settings
from gateway.runtime import welcome
from gateway.runtime.address import Address
from gateway.runtime.welcome import NOT_YET, SIGNS_IN, welcome_words
from tests.support.gateway_process import free_port

pytestmark = pytest.mark.anyio

SETTINGS = parse_settings("destinations: {}\nsources: {site: {type: collect}}\n")
NO_REDIS = "redis://127.0.0.1:1/0"


def at(port: int) -> Address:
    return Address("127.0.0.1", port)


async def test_a_console_that_does_not_start_delays_the_words_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(welcome, "MAX_WAIT", 0.2)
    console = at(free_port())
    words = await welcome_words(SETTINGS, NO_REDIS, at(1), at(2), console)
    assert f"console     {console.url}\n              ({NOT_YET})" in words
    assert "/link/" not in words
    assert "/collect" in words


async def test_without_a_console_nothing_is_said_of_it() -> None:
    words = await welcome_words(SETTINGS, NO_REDIS, at(1), at(2), None)
    assert "console" not in words
    assert SIGNS_IN not in words
