"""Which lines of the trace explain what became of an event."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from gateway.configuration.settings import Settings
from gateway.event.each_way import each_way
from gateway.event.paths import ANY
from gateway.explain.explain import Explanation
from gateway.pipeline.decision import Verdict
from gateway.stages.rules import Rule


def of_field(path: str, settings: Settings, explanation: Explanation) -> list[str]:
    """Why the event has its value at `path`: the rules that could change it, or else the last stage
    that did."""
    lines = _lines(explanation, "rules")
    rules = [
        f"rules: {line}"
        for rule, line in zip(settings.rules, lines, strict=False)  # no line follows a drop
        if _may_change(rule, path)
    ]
    if rules:
        return rules
    for step in reversed(explanation["trace"]):
        if any(_overlap(path, change["field"]) for change in step["changed"]):
            return [f"{step['stage']}: {line}" for line in step["lines"] or ["changed it"]]
    return ["no stage changed it"]


def of_field_there(path: str, name: str, settings: Settings, explanation: Explanation) -> list[str]:
    """As `of_field`, for the event that the destination `name` gets."""
    lines = explanation["destinations"][name]["trace"]
    rules = [
        f"{name}: {line}"
        for rule, line in zip(settings.destinations[name].rules, lines, strict=False)
        if _may_change(rule, path)
    ]
    return rules or of_field(path, settings, explanation)


def of_withholding(verdict: Verdict, there: Explanation, explanation: Explanation) -> list[str]:
    """Why a destination does not get the event. there: the explanation's part about it."""
    if verdict.stage == "rules":
        return [f"rules: {_lines(explanation, 'rules')[-1]}"]
    if verdict.stage in ("consent", "schemas"):
        return [f"{verdict.stage}: {line}" for line in _lines(explanation, verdict.stage)]
    last: list[str] = there["trace"][-1:]
    return last


def of_sending(name: str, settings: Settings, explanation: Explanation) -> list[str]:
    """Why the destination `name` gets the event: what could have withheld it, and did not."""
    consent = [f"consent: {line}" for line in _lines(explanation, "consent")]
    rules = _that_withhold(settings.rules, _lines(explanation, "rules"))
    trace = explanation["destinations"][name]["trace"]
    own = _that_withhold(settings.destinations[name].rules, trace)
    return consent + [f"rules: {line}" for line in rules] + [f"{name}: {line}" for line in own]


def _that_withhold(rules: Sequence[Rule], lines: Sequence[str]) -> Iterator[str]:
    for rule, line in zip(rules, lines, strict=False):
        if rule.can_withhold:
            yield line


def _lines(explanation: Explanation, stage: str) -> list[str]:
    lines: list[str]
    for step in explanation["trace"]:
        if step["stage"] == stage:
            lines = step["lines"]
            return lines
    return []


def _may_change(rule: Rule, path: str) -> bool:
    if rule.transform or rule.keep_only or (rule.redact and not rule.redact.fields):
        return True
    by_path: list[dict[str, Any]] = [
        rule.rename,
        rule.set_,
        rule.map,
        rule.cast,
        rule.round,
        rule.truncate,
    ]
    changed = [each for paths in by_path for each in paths]
    changed += [*rule.rename.values(), *rule.lower, *rule.hash, *rule.remove]
    changed += rule.redact.fields if rule.redact else []
    return any(_overlap(path, each) for each in changed)


def _overlap(path: str, other: str) -> bool:
    """Whether one path is at or below the other; ``*`` matches every element."""
    return any(
        all(one == two or ANY in (one, two) for one, two in zip(mine, its, strict=False))
        for mine in each_way(path.split("."))
        for its in each_way(other.split("."))
    )
