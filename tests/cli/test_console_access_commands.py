"""`gateway console link` and `end-sessions`."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from gateway.queue.console_sessions import ConsoleSessions
from gateway.redis_client.connect import connect_for_work
from tests.support.keys import KEYS

Run = Callable[..., Result]

CONFIG = """
redis: {{url: "{url}", data_dir: {data}}}
sources: {{site: {{type: collect}}}}
destinations: {{ads: {{type: webhook, url: "https://ads.example/"}}}}
"""
OPENID = (
    "console: {openid: {issuer: https://login.example, client_id: c, client_secret: '${SECRET}', "
    "base_url: https://console.example, operators: [admins]}}\n"
)


@pytest.fixture
def config(redis_url: str, tmp_path: Path) -> Path:
    path = tmp_path / "gateway.yaml"
    path.write_text(CONFIG.format(url=redis_url, data=tmp_path / "data"))
    return path


def logged(run: Run, config: Path) -> list[str]:
    lines = run("operator-log", "--config", config).stdout.splitlines()
    return [json.loads(line)["command"] for line in lines]


@pytest.mark.parametrize(
    ("openid", "words", "base_url"),
    [
        ("", (), "http://127.0.0.1:8082"),
        (OPENID, (), "https://console.example"),
        (OPENID, ("--url", "http://localhost:9000"), "http://localhost:9000"),
    ],
)
def test_the_link_works_once(
    run: Run, config: Path, redis_url: str, openid: str, words: tuple[str, ...], base_url: str
) -> None:
    config.write_text(openid + config.read_text())
    result = run("console", "link", "--config", config, *words, SECRET="a-secret-of-the-client")
    assert result.exit_code == 0, result.output
    found = re.fullmatch(rf"{re.escape(base_url)}/link/([\w-]{{43}})\n", result.stdout)
    assert found

    async def use() -> list[bool]:
        async with connect_for_work(redis_url) as redis:
            stored = ConsoleSessions(redis, KEYS)
            return [await stored.use_link(found[1]) for _ in range(2)]

    assert asyncio.run(use()) == [True, False]
    assert found[1] not in (config.parent / "data" / "operators.log").read_text()


@pytest.mark.parametrize("url", ["localhost:8082", "http://localhost:8082/", "javascript:alert(1)"])
def test_a_url_that_is_no_origin_is_a_mistake(run: Run, config: Path, url: str) -> None:
    result = run("console", "link", "--config", config, "--url", url)
    assert result.exit_code == 2
    assert "--url is not an origin" in result.stderr


def test_all_sessions_end(run: Run, config: Path, redis_url: str) -> None:
    async def start() -> str:
        async with connect_for_work(redis_url) as redis:
            return await ConsoleSessions(redis, KEYS).start(b"a", 3_600)

    async def read(token: str) -> bytes | None:
        async with connect_for_work(redis_url) as redis:
            return await ConsoleSessions(redis, KEYS).read(token)

    token = asyncio.run(start())
    result = run("console", "end-sessions", "--config", config)
    assert result.exit_code == 0
    assert "have ended" in result.stdout
    assert asyncio.run(read(token)) is None
    assert logged(run, config) == ["console end-sessions"]


def test_without_redis_there_is_no_link(run: Run, config: Path) -> None:
    result = run("console", "link", "--config", config, "--redis-url", "redis://127.0.0.1:1")
    assert result.exit_code == 1
    assert "/link/" not in result.stdout
