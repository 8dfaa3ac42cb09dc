"""References to variables in the syntax of other tools, which would be taken literally."""

from __future__ import annotations

import pytest

from gateway.configuration.load import parse_settings
from gateway.configuration.mistakes import ConfigurationError

CONFIG = """\
sources:
  backend: {type: events, keys: ['%s']}
destinations:
  meta:
    type: meta
    pixel_id: "1"
    access_token: '%s'
  hook: {type: webhook, url: 'https://hook.example/', headers: {X-Tenant: '%s'}}
rules:
  - set: {label: '%s'}
"""
PLACES = [
    (2, "sources.backend.keys.0"),
    (7, "destinations.meta.access_token"),
    (8, "destinations.hook.headers.X-Tenant"),
    (10, "rules.0.set.label"),
]
SECRETS = 3
ENVIRONMENT = {"TOKEN": "of-the-environment"}
WRITE = "write `${TOKEN}`, `${TOKEN:-default}` or `${file:PATH}`"


def mistakes(text: str) -> list[tuple[int, str, str]]:
    try:
        parse_settings(CONFIG % (text, text, text, text), "shop.yaml", ENVIRONMENT)
    except ConfigurationError as error:
        return [(each.line, each.path, each.message) for each in error.problems]
    return []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("${TOKEN:s3cr3t}", "`${TOKEN...` is not a reference; " + WRITE),
        ("${TOKEN-s3cr3t}", "`${TOKEN...` is not a reference; " + WRITE),
        ("${TOKEN-}", "`${TOKEN...` is not a reference; " + WRITE),
        ("${TOKEN:?s3cr3t}", "`${TOKEN...` is not a reference; " + WRITE),
        ("${TOKEN", "`${TOKEN...` is not a reference; " + WRITE),
        ("a ${TOKEN} ${TOKEN-s3cr3t}", "`${TOKEN...` is not a reference; " + WRITE),
        ("${env:TOKEN}", "`${env:TOKEN...` is not a reference; " + WRITE),
        ("${}", "`${...` is not a reference; write `${NAME}`, "),
        ("${1}", "`${...` is not a reference; write `${NAME}`, "),
        ("${file:}", "`${file...` is not a reference; write `${NAME}`, "),
    ],
)
def test_what_is_no_reference_is_a_mistake_and_not_repeated(text: str, words: str) -> None:
    found = mistakes(text)
    assert [(line, path) for line, path, _ in found] == PLACES
    for _, _, message in found:
        assert message.startswith(words)
        assert "s3cr3t" not in message


def test_the_two_characters_themselves() -> None:
    (found, *_) = mistakes("{price: ${items.0.price}}")
    assert found[2].endswith("; for the two characters `${` themselves write `${DOLLAR:-$}{`")
    assert mistakes("${DOLLAR:-$}{items.0.price}") == []


@pytest.mark.parametrize("text", ["$TOKEN", "$(TOKEN)", "{{TOKEN}}", "%TOKEN%"])
def test_a_secret_that_is_the_variable_of_another_tool_is_a_mistake(text: str) -> None:
    words = f"`{text}` is taken as the secret itself; write `${{TOKEN}}`"
    found = mistakes(text)
    assert found == [(*place, words) for place in PLACES[:SECRETS]]  # `set` accepts any text


@pytest.mark.parametrize("text", ["${TOKEN}", "x$TOKEN", "pa$$w0rd", "$ecret-token", "${T:-a}"])
def test_any_other_text_is_taken(text: str) -> None:
    assert mistakes(text) == []


def test_a_secret_that_comes_from_elsewhere_may_look_so() -> None:
    text = CONFIG % (("${ODD}",) * 4)
    parse_settings(text, "shop.yaml", {"ODD": "$TOKEN"})
