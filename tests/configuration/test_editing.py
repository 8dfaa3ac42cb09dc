"""Editing the configuration file without seeing its secrets or sending them elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.configuration.editing import MOVED, ON_THE_MACHINE, REFERENCE, UNTOLD, Editable
from gateway.configuration.load import load_settings
from gateway.configuration.mistakes import ConfigurationError
from gateway.configuration.own_functions import NEW_FUNCTION

TEXT = """\
server: {hash_salt: salt-of-the-shop}
redis:
  url: "redis://:pass-of-redis@redis.example:6379/0"
  jobs_url: "${JOBS:-redis://jobs.example}"
sources:
  backend: {type: events, keys: [a-key-of-the-backend, another-key-of-it]}
# token: token-of-yesterday
rules:
  - name: note
    set: {note: "${NOTE}", place: "${PLACE:-shop}"}
destinations:
  crm:
    type: webhook
    url: https://crm.example/in
    headers: {authorization: "Bearer token-of-crm"}
  ads: {type: meta, pixel_id: "1", access_token: "${TOKEN}"}
  ga: {type: ga4, measurement_id: G-1ABCDEF, api_secret: "${GA:-old-secret-of-ga}"}
"""
SECRETS = (
    *("salt-of-the-shop", "pass-of-redis", "a-key-of-the-backend", "another-key-of-it"),
    *("token-of-yesterday", "token-of-crm"),
    "old-secret-of-ga",
)


@pytest.fixture
def editable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Editable:
    for name in ("NOTE", "TOKEN", "OTHER", "GA"):
        monkeypatch.setenv(name, f"value-of-{name}")
    config = tmp_path / "gateway.yaml"
    config.write_text(TEXT)
    return Editable.of(load_settings(config))


def restored(editable: Editable, before: str, after: str) -> str:
    assert before in editable.text, editable.text
    name = str(editable.settings.folder / "gateway.yaml")
    return editable.restored(editable.text.replace(before, after, 1), name).text


def stand_in(editable: Editable, secret: str) -> str:
    return next(name for name, each in editable.secrets.items() if secret in each)


def test_no_secret_is_shown_and_all_come_back(editable: Editable) -> None:
    assert not [secret for secret in SECRETS if secret in editable.text]
    assert restored(editable, "", "") == TEXT


def test_what_is_changed_is_changed_and_nothing_else(editable: Editable) -> None:
    text = restored(editable, "- name: note", "- name: renamed")
    assert text == TEXT.replace("- name: note", "- name: renamed")
    text = restored(editable, "${PLACE:-shop}", "${PLACE:-page}")
    assert text == TEXT.replace("${PLACE:-shop}", "${PLACE:-page}")


def test_a_secret_may_be_replaced_or_taken_out(editable: Editable) -> None:
    key = stand_in(editable, "another-key")
    assert "another-key" not in restored(editable, f", {key}", "")
    assert "${OTHER}" in restored(editable, stand_in(editable, "a-key-of"), '"${OTHER}"')
    assert "a-new-key-of-it" in restored(editable, key, "a-new-key-of-it")


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("${NOTE}", "@", MOVED),
        ("https://crm.example/in", "https://evil.example/@", MOVED),
        ("set: {note", "set: {@: 1, note", MOVED),
        ("${NOTE}", "a@b", MOVED),
        ("${PLACE:-shop}", "${PLACE:-@}", MOVED),
        ("${NOTE}", "${OTHER}", REFERENCE),
        ("${NOTE}", "\\x24{OTHER}", REFERENCE),
        ("${NOTE}", "${file:/etc/passwd}", REFERENCE),
        ("${NOTE}", "${NOTE}${OTHER}", REFERENCE),
        ("https://crm.example/in", "https://evil.example/${OTHER}", REFERENCE),
        ("${TOKEN}", "${file:/etc/passwd}", REFERENCE),
        ("type: events", 'type: "${OTHER}"', UNTOLD),
        ("rules:", "lookups: {a: {file: /etc/passwd}}\nrules:", ON_THE_MACHINE),
        ("rules:", "schemas: {a: {schema: /etc/passwd}}\nrules:", ON_THE_MACHINE),
        ("rules:", "console: {edit: true}\nrules:", ON_THE_MACHINE),
        ("rules:", "rules:\n  - transform: logging.config:dictConfig", NEW_FUNCTION),
        ("rules:", "rules:\n  - transform: '${X:-logging.config:dictConfig}'", NEW_FUNCTION),
        (
            "    url: https://crm",
            "    rules: [{transform: 'a:b'}]\n    url: https://crm",
            NEW_FUNCTION,
        ),
        ("server: {", "server: {demo: true, ", ON_THE_MACHINE),
        ("redis.example", "evil.example", ON_THE_MACHINE),
        ("jobs.example", "evil.example", ON_THE_MACHINE),
        ("- name: note", "- nmae: note", "unknown key"),
        ("rules:", "rules: [", "not YAML"),
    ],
)
def test_no_secret_goes_elsewhere(editable: Editable, before: str, after: str, words: str) -> None:
    token = stand_in(editable, "token-of-crm")
    with pytest.raises(ConfigurationError) as raised:
        restored(editable, before, after.replace("@", token))
    assert words in str(raised.value)
    assert not [secret for secret in SECRETS if secret in str(raised.value)]
    assert "value-of" not in str(raised.value)


def test_an_alias_carries_no_secret_elsewhere(editable: Editable) -> None:
    token = stand_in(editable, "a-key-of")
    text = editable.text.replace(token, f"&key {token}", 1).replace('"${NOTE}"', "*key")
    with pytest.raises(ConfigurationError, match="hidden secret at another place"):
        editable.restored(text, "gateway.yaml")


def test_a_secret_that_cannot_be_hidden_is_not_shown(editable: Editable, tmp_path: Path) -> None:
    config = tmp_path / "other.yaml"
    config.write_text(TEXT.replace("Bearer token-of-crm", "Bearer token\\x2dof-crm"))
    with pytest.raises(ValueError, match="written on several lines or with escapes"):
        Editable.of(load_settings(config))
