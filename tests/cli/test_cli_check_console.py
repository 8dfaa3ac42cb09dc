"""What `gateway check` says about the console."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Run = Callable[..., Result]

REST = """
sources: {site: {type: collect}}
destinations: {hook: {type: webhook, url: "https://shop.example/"}}
"""
HASH = (
    "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHRzb21lc2FsdA"
    "$9sTbSlTio3Biev89thdrlKKiCaYsjjYVJxGAL3swxpQ"
)
USERS = f"users: {{anna: {{password: '{HASH}'}}}}"
OPENID = (
    "openid: {issuer: https://login.example, client_id: c, client_secret: '${SECRET}', "
    "base_url: https://console.example, operators: [a, b], viewers: [b, c]}"
)


@pytest.mark.parametrize(
    ("console", "said"),
    [
        ("", None),
        (USERS, "answers on this machine only"),
        (USERS + ", hosts: [console.example]", None),
        ("hosts: [console.example]", "gateway console link"),
        (USERS + ", enabled: false", None),
        (OPENID, "Console: b is in"),
    ],
)
def test_who_can_reach_it_and_sign_in(
    run: Run, tmp_path: Path, console: str, said: str | None
) -> None:
    path = tmp_path / "gateway.yaml"
    path.write_text(f"console: {{{console}}}\n{REST}")
    result = run("check", path, SECRET="a-secret-of-the-provider")
    assert result.exit_code == 0, result.output
    if said is None:
        assert "onsole" not in result.output
    else:
        assert said in result.output
    assert "the secret is written" not in result.output
    assert HASH not in result.output
