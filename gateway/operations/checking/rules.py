"""What `gateway check` says about rules that withhold every event."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from gateway.configuration.settings import Settings
from gateway.configuration.yaml_file import dotted, read_yaml
from gateway.operations.checking.written_paths import rule_lists
from gateway.stages.rules import Rule


def rule_notes(settings: Settings, config: Path) -> Iterator[str]:
    """A warning for the first rule of each list that withholds every event."""
    lines = read_yaml(settings.text, {})
    for place, rules in rule_lists(settings):
        first = next((index for index, rule in enumerate(rules) if _withholds_all(rule)), None)
        if first is None:
            continue
        here = (*place, first)
        after = ", so the rules after it do nothing" if rules[first + 1 :] else ""
        yield (
            f"Warning: {config}:{lines.line(here)}: {dotted(here)}: drops every event{after}; give "
            "it a `when`."
        )


def _withholds_all(rule: Rule) -> bool:
    return rule.when is None and (rule.drop or (rule.sample is not None and not rule.sample.share))
