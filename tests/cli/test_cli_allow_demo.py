"""`gateway run` and `gateway serve` with a demo configuration on public addresses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from gateway.configuration.exposure import ADVICE

ROOT = Path(__file__).parents[2]
Run = Callable[..., Result]

DEFAULT = (ROOT / "config" / "gateway.yaml").read_text()
NO_DEMO = DEFAULT.replace("  demo: true", "  demo: false")
SALT = {"HASH_SALT": "a-salt-of-our-own"}
KEY = {"BACKEND_KEY": "a-key-of-our-own", **SALT}
PUBLISHED_KEY = {"BACKEND_KEY": "demo-backend-key", **SALT}
NO_REDIS = {"REDIS_URL": "", "GATEWAY_REDIS_URL": "", "GATEWAY_LAST_GOOD": ""}


@pytest.mark.parametrize("flag", [(), ("--allow-demo",)], ids=["", "allowed"])
@pytest.mark.parametrize(
    ("host", "public"),
    [
        ("127.0.0.1", False),
        ("127.0.0.9", False),
        ("::1", False),
        ("localhost", False),
        ("0.0.0.0", True),
        ("::", True),
        ("10.1.2.3", True),
        ("gateway.shop.example", True),
    ],
)
@pytest.mark.parametrize(
    ("text", "environment", "places"),
    [
        (DEFAULT, {}, ["server.hash_salt", "server.demo", "sources.backend.keys.0"]),
        (DEFAULT, KEY, ["server.demo"]),
        (NO_DEMO, {}, ["server.hash_salt", "sources.backend.keys.0"]),
        (NO_DEMO, PUBLISHED_KEY, ["sources.backend.keys.0"]),
        (NO_DEMO, KEY, []),
    ],
    ids=["default", "own key", "no demo", "published key", "own key, no demo"],
)
def test_serve_refuses_a_demo_where_strangers_are(
    run: Run,
    tmp_path: Path,
    text: str,
    environment: dict[str, str],
    places: list[str],
    host: str,
    public: bool,
    flag: tuple[str, ...],
) -> None:
    config = tmp_path / "gateway.yaml"
    config.write_text(text)
    words = ("serve", "--config", config, "--host", host, *flag)
    result = run(*words, **NO_REDIS, **environment)
    assert result.exit_code == 2
    if public and places and not flag:
        *lines, advice = result.stderr.splitlines()
        assert [line.split(": ")[1] for line in lines] == places
        assert advice == ADVICE
    else:
        assert result.stderr.startswith("no Redis URL is configured")


@pytest.mark.parametrize(
    ("host", "flag", "refused"),
    [
        ("0.0.0.0", (), True),
        ("0.0.0.0", ("--allow-demo",), False),
        ("127.0.0.1", (), False),
        ("localhost", (), False),
    ],
)
def test_run_refuses_it_too(
    run: Run, taken_port: int, host: str, flag: tuple[str, ...], refused: bool
) -> None:
    config = ROOT / "config" / "gateway.yaml"
    result = run("run", "--config", config, "--host", host, "--port", taken_port, *flag, **NO_REDIS)
    assert result.exit_code == 2
    if refused:
        assert result.stderr.endswith(f"{ADVICE}\n")
    else:
        assert result.stderr.startswith(f"cannot listen on {host}:{taken_port}: ")


@pytest.mark.parametrize("command", ["run", "serve"])
def test_the_flag_is_documented(run: Run, command: str) -> None:
    assert "--allow-demo" in run(command, "--help").stdout
    assert "--allow-demo" in (ROOT / "docs" / "operations.md").read_text()
    assert "--allow-demo" in ADVICE
