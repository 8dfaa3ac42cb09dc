"""Changes tried in a copy of the configuration: only settings that decide about events can be
changed, and no secret can be read."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from gateway.configuration.load import load_settings
from gateway.configuration.masked_text import without_secrets
from gateway.configuration.mistakes import ConfigurationError
from gateway.configuration.own_functions import NEW_FUNCTION
from gateway.configuration.settings import Settings
from gateway.configuration.trial import try_changes

TEXT = """\
server: {hash_salt: "${SALT}"}
sources:
  backend: {type: events, keys: [a-key-of-the-backend]}
rules:
  - name: currency
    set: {currency: "${CURRENCY}"}
destinations:
  crm:
    type: webhook
    url: https://crm.example/in
    headers: {authorization: Bearer-of-crm}
  books: {type: webhook, url: "https://books.example/"}
"""


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("SALT", "salt-of-the-shop")
    monkeypatch.setenv("CURRENCY", "SEK")
    monkeypatch.setenv("OTHER", "secret-of-another")
    (tmp_path / "secret.txt").write_text("secret-in-a-file")
    config = tmp_path / "gateway.yaml"
    config.write_text(TEXT)
    return load_settings(config)


@pytest.fixture
def shown(settings: Settings) -> str:
    text = without_secrets(settings)
    assert "Bearer-of-crm" not in text
    assert "a-key-of" not in text
    return text


def test_nothing_changed_is_what_is_in_force(settings: Settings, shown: str) -> None:
    for text in (shown, f"# a comment\n{shown}"):
        assert try_changes(settings, shown, text).model_dump() == settings.model_dump()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("  crm:\n", "  crm:\n    when: {event_name: purchase}\n"),
        ("  crm:\n", "  crm:\n    on_denied: withhold\n    consent: [ad_storage]\n"),
        ("rules:\n", "rules:\n  - {name: first, when: {event_name: test}, drop: true}\n"),
        ("rules:\n", "consent: {default: {ad_storage: granted}}\nrules:\n"),
        ("rules:\n", "pii_guard: {enabled: false}\nrules:\n"),
        (
            '  books: {type: webhook, url: "https://books.example/"}',
            '  books: {type: webhook, dry_run: true, url: "https://books.example/"}',
        ),
    ],
)
def test_what_decides_about_events_can_be_changed(
    settings: Settings, shown: str, before: str, after: str
) -> None:
    assert before in shown
    trial = try_changes(settings, shown, shown.replace(before, after, 1))
    assert trial.model_dump() != settings.model_dump()
    assert trial.destinations["crm"].headers == settings.destinations["crm"].headers  # type: ignore[attr-defined]
    assert trial.salt == "salt-of-the-shop"
    assert trial.sources == settings.sources
    assert trial.rules[-1].set_ == {"currency": "SEK"}


def test_a_section_that_is_taken_out_has_its_default(settings: Settings, shown: str) -> None:
    start = shown.index("rules:")
    trial = try_changes(settings, shown, shown[:start] + shown[shown.index("destinations:") :])
    assert trial.rules == []


@pytest.mark.parametrize(
    ("before", "after", "path"),
    [
        ("https://crm.example/in", "https://evil.example/in", "destinations.crm.url"),
        ("  books:", "  ledger:", "destinations.books"),
        ("type: events", "type: collect", "sources"),
        ("rules:\n", "lookups: {x: {file: /etc/passwd, key: a}}\nrules:\n", "lookups"),
        ("rules:\n", "schemas: {x: {schema: /etc/passwd}}\nrules:\n", "schemas"),
        ("rules:\n", "enrichment: [{geo: {database: /etc/passwd}}]\nrules:\n", "enrichment"),
        ("rules:\n", "redis: {data_dir: /tmp}\nrules:\n", "redis"),
        ("server: {", "server: {demo: true, ", "server"),
        ("    headers:", "    http: {timeout: 5}\n    headers:", "destinations.crm.http"),
    ],
)
def test_anything_else_stays(
    settings: Settings, shown: str, before: str, after: str, path: str
) -> None:
    assert before in shown
    with pytest.raises(ConfigurationError, match="cannot be changed here") as raised:
        try_changes(settings, shown, shown.replace(before, after, 1))
    assert raised.value.problems[0].path == path


@pytest.mark.parametrize(
    "value",
    [
        "${OTHER}",
        "${SALT}",
        "${OTHER:-}",
        "a${OTHER}b",
        "${file:secret.txt}",
        "${file:/etc/passwd}",
        "\\x24{OTHER}",
        "\\u0024{OTHER}",
        "***",
        "x***",
    ],
)
@pytest.mark.parametrize("place", ["rule", "list"])
def test_no_secret_can_be_had(settings: Settings, shown: str, value: str, place: str) -> None:
    rule = {
        "rule": f'set: {{note: "{value}"}}',
        "list": f'set: {{note: ["{value}"]}}',
    }[place]
    changed = shown.replace("rules:\n", f"rules:\n  - {{{rule}}}\n", 1)
    with pytest.raises(ConfigurationError) as raised:
        try_changes(settings, shown, changed)
    assert "secret-" not in str(raised.value)
    assert "salt-of" not in str(raised.value)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("rules:\n", "rules:\n  - {transform: 'logging.config:dictConfig'}\n"),
        ("  - name: currency\n", "  - name: currency\n    transform: antigravity:geohash\n"),
        ("  crm:\n", "  crm:\n    rules: [{transform: 'logging.config:dictConfig'}]\n"),
    ],
)
def test_no_code_of_their_own_runs(settings: Settings, shown: str, before: str, after: str) -> None:
    assert before in shown
    with pytest.raises(ConfigurationError) as raised:
        try_changes(settings, shown, shown.replace(before, after, 1))
    assert [each.message for each in raised.value.problems] == [NEW_FUNCTION]
    assert raised.value.problems[0].path.endswith("transform")
    assert "antigravity" not in sys.modules


def test_a_function_of_the_file_may_be_tried_elsewhere(settings: Settings) -> None:
    config = settings.folder / "gateway.yaml"
    config.write_text(TEXT.replace("rules:\n", "rules:\n  - {name: own, transform: 'copy:copy'}\n"))
    settings = load_settings(config)
    shown = without_secrets(settings)
    changed = shown.replace("  books: {", "  books: {rules: [{transform: 'copy:copy'}], ")
    trial = try_changes(settings, shown, changed)
    assert [rule.transform for rule in trial.destinations["books"].rules] == ["copy:copy"]


def test_an_alias_carries_no_secret_to_another_place(settings: Settings, shown: str) -> None:
    changed = shown.replace("authorization: ***", "authorization: &token ***")
    assert changed != shown
    changed = changed.replace(
        "  books:", "  books: {type: webhook, rules: [{set: {note: *token}}]}\n  more:"
    )
    with pytest.raises(ConfigurationError):
        try_changes(settings, shown, changed)
    alias = shown.replace('hash_salt: "${SALT}"', 'hash_salt: &salt "${SALT}"')
    alias = alias.replace("rules:\n", "rules:\n  - {set: {note: *salt}}\n", 1)
    with pytest.raises(ConfigurationError, match="variable, a file or a hidden secret"):
        try_changes(settings, shown, alias)


def test_a_variable_stays_where_its_rule_goes(settings: Settings, shown: str) -> None:
    changed = shown.replace(
        "rules:\n", "rules:\n  - {name: first, drop: true, when: {event_name: x}}\n", 1
    )
    trial = try_changes(settings, shown, changed)
    assert [rule.name for rule in trial.rules] == ["first", "currency"]
    assert trial.rules[1].set_ == {"currency": "SEK"}


@pytest.mark.parametrize(
    ("before", "after", "line", "words"),
    [
        ("rules:\n", "rules:\n  - {nmae: first, drop: true}\n", 5, "unknown key"),
        ("rules:\n", "rules:\n  - {name: [\n", 0, "not YAML"),
        ("  crm:\n", "  crm:\n    when: {event_name: {like: x}}\n", 9, "like"),
    ],
)
def test_mistakes_have_lines(
    settings: Settings, shown: str, before: str, after: str, line: int, words: str
) -> None:
    with pytest.raises(ConfigurationError, match=words) as raised:
        try_changes(settings, shown, shown.replace(before, after, 1))
    assert line in (0, raised.value.problems[0].line)


@pytest.mark.parametrize("text", ["", "- a", "a", "[", "null"])
def test_what_is_no_configuration_is_a_mistake(settings: Settings, shown: str, text: str) -> None:
    with pytest.raises(ConfigurationError):
        try_changes(settings, shown, text)


def test_a_name_of_a_field_is_no_reference(settings: Settings, shown: str) -> None:
    changed = shown.replace("rules:\n", "rules:\n  - {rename: {'${OTHER}': note}}\n", 1)
    assert try_changes(settings, shown, changed).rules[0].rename == {"${OTHER}": "note"}
