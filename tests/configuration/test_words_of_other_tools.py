"""Messages about operators, keys and types that another tool would accept."""

from __future__ import annotations

import pytest

from gateway.configuration.load import parse_settings
from tests.support.mistakes import FILE, mistakes

CONFIG = """\
sources: {site: {type: collect}}
destinations: {hook: {type: webhook, url: "https://hook.example/"}}
rules:
  - drop: true
    %s
"""
OPERATOR = "rules.0.when.%s: there is no such operator; write %s"
NOT = "`not: {event_name: %s}` next to the fields"


def lines_of(text: str) -> list[str]:
    return [line.removeprefix(f"{FILE}:") for line in mistakes(text)]


@pytest.mark.parametrize(
    ("operator", "hint"),
    [
        ("not", NOT % "..."),
        ("not_equals", NOT % "..."),
        ("ne", NOT % "..."),
        ("!=", NOT % "..."),
        ("not_in", NOT % "[...]"),
        ("notContains", NOT % "{contains: ...}"),
        ("does_not_match", NOT % "{matches: ...}"),
        ("regex", "`matches`"),
        (">", "`gt`"),
        (">=", "`gte`"),
        ("<", "`lt`"),
        ("<=", "`lte`"),
        ("==", "`equals`"),
        ("begins_with", "`starts_with`"),
        ("missing", "`exists: false`"),
    ],
)
def test_operators(operator: str, hint: str) -> None:
    (found,) = lines_of(CONFIG % f'when: {{event_name: {{"{operator}": s3cr3t}}}}')
    assert found == "5: " + OPERATOR % (f"event_name.{operator}", hint)


def test_an_operator_before_its_field() -> None:
    (found,) = lines_of(CONFIG % "when: {exists: {page_location: true}}")
    assert found == "5: " + OPERATOR % (
        "exists.page_location",
        "the field first: `page_location: {exists: ...}`",
    )


@pytest.mark.parametrize(
    ("block", "hint"),
    [
        ("or: [{event_name: a}, {event_name: b}]", "or: is not a group of…`any: [...]`"),
        ("any: [{and: [{event_name: a}]}]", "any.0.and: is not a group of…`all: [...]`"),
        ("unless: {event_name: a}", "unless: is not a group of…`not: {...}`"),
        ("not: {nor: [{event_name: a}]}", "not.nor: is not a group of…`not: {any: [...]}`"),
    ],
)
def test_groups_of_conditions(block: str, hint: str) -> None:
    (found,) = lines_of(CONFIG % f"when: {{{block}}}")
    assert found == f"5: rules.0.when.{hint.replace('of…', 'of conditions; write ')}"


@pytest.mark.parametrize(
    ("when", "above", "field"),
    [
        ("consent: {ad_storage: granted}", "consent", "ad_storage"),
        ("user_data: {address: {city: Bonn}}", "user_data", "address"),
    ],
)
def test_a_field_in_an_object(when: str, above: str, field: str) -> None:
    path = f"{above}.{field}"
    (found,) = lines_of(CONFIG % f"when: {{{when}}}")
    assert found == (
        f"5: rules.0.when.{path}: there is no such operator; for a field of {above} write "
        f"`{path}: ...`"
    )


@pytest.mark.parametrize("when", ["or: x", "and: [a, b]", "unless: {equals: 1}", "none: true"])
def test_fields_of_a_sender_may_be_called_so(when: str) -> None:
    parse_settings(CONFIG % f"when: {{{when}}}", "shop.yaml", {})


@pytest.mark.parametrize(
    ("key", "hint"), [("if", "`when: {...}`"), ("unless", "`when: {not: {...}}`")]
)
def test_where_conditions_belong(key: str, hint: str) -> None:
    (found,) = lines_of(CONFIG % f"{key}: {{event_name: a}}")
    assert found == f"5: rules.0.{key}: unknown key; write {hint}"


@pytest.mark.parametrize(
    ("kind", "ours"),
    [
        ("google_analytics", "ga4"),
        ("facebook", "meta"),
        ("BingAds", "microsoft_uet"),
        ("twitter-ads", "x"),
    ],
)
def test_vendors(kind: str, ours: str) -> None:
    (found,) = lines_of(
        f"sources: {{}}\ndestinations:\n  it:\n    type: {kind}\n    measurement_id: x\n"
    )
    assert found.startswith(f"4: destinations.it.type: {kind!r} is not one of ga4, ")
    assert found.endswith(f", x; did you mean {ours!r}?")
