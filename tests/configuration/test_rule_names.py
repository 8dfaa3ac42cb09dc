"""Names of rules: an event's records tell rules apart by name."""

from __future__ import annotations

import pytest

from gateway.configuration.load import parse_settings
from gateway.configuration.mistakes import ConfigurationError
from tests.support.mistakes import mistakes

CONFIG = """\
sources: {site: {type: collect}}
rules:
  - {%s remove: [a]}
  - {%s remove: [b]}
destinations:
  hook:
    type: webhook
    url: https://hook.example/
    rules:
      - {%s remove: [c]}
  other:
    type: webhook
    url: https://other.example/
    rules:
      - {%s remove: [d]}
"""
WHY = (
    "give each rule a name of its own, since the ledger and `--apply-rules` tell rules apart by it"
)


def mistakes_in(*names: str) -> list[str]:
    written = tuple(f"name: {name}," if name else "" for name in names)
    return mistakes(CONFIG % written)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (
            ("a", "a", "", ""),
            "shop.yaml:4: rules.1.name: 'a' is already the name of the rule at rules.0 (line 3)",
        ),
        (
            ("a", "b", "a", ""),
            "shop.yaml:10: destinations.hook.rules.0.name: 'a' is already the name of the rule at "
            "rules.0 (line 3)",
        ),
        (
            ("a", "b", "c", "b"),
            "shop.yaml:15: destinations.other.rules.0.name: 'b' is already the name of the rule at "
            "rules.1 (line 4)",
        ),
        (
            ("rule 2", "", "", ""),
            "shop.yaml:4: rules.1: a rule without a name is called 'rule 2' here, which is the "
            "name of the rule at rules.0 (line 3)",
        ),
        (
            ("", "", "rule 2", ""),
            "shop.yaml:10: destinations.hook.rules.0.name: 'rule 2' is already the name of the "
            "rule at rules.1 (line 4)",
        ),
    ],
)
def test_two_rules_that_an_event_can_meet_have_two_names(
    names: tuple[str, ...], message: str
) -> None:
    assert mistakes_in(*names) == [f"{message}; {WHY}"]


@pytest.mark.parametrize("names", [("a", "b", "c", "c"), ("", "", "", ""), ("a", "", "", "a b")])
def test_other_names_are_no_mistake(names: tuple[str, ...]) -> None:
    assert mistakes_in(*names) == []


@pytest.mark.parametrize("rules", ["rules: 5", "rules: [5, {name: [a]}]", "destinations: 5"])
def test_what_is_no_list_of_rules_is_said_elsewhere(rules: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse_settings(f"sources: {{site: {{type: collect}}}}\n{rules}")
    assert "already the name" not in str(caught.value)
