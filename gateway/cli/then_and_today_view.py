"""Shows in words what was decided then and what is decided today."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gateway.event.text import printable
from gateway.explain.explain import Explanation, changes_in_words, requests_in_words


def then_and_today_in_words(explained: Explanation) -> str:
    """explained: as `gateway.explain.then_and_today.ThenAndToday` gives it."""
    lines = [*_configurations(explained)]
    for name, each in explained["destinations"].items():
        lines += [f"  {line}" for line in _destination(name, each)]
    return "\n".join(map(printable, [*lines, ""]))


def _configurations(explained: Explanation) -> Iterator[str]:
    then, today = explained["then"], explained["today"]
    if then["version"] == today["version"]:
        yield f"decided by today's configuration, {today['version']}"
    else:
        yield f"decided by configuration {then['version']}; today's is {today['version']}"
        if explained["changes"] is None:
            yield "  that configuration is no longer stored, so it cannot be compared with today's"
    for change in explained["changes"] or ():
        yield f"  since then: {change}"
    what = "rules for every event" if then["kept"] else "rules"
    yield f"  {_rules(f'{what} that were applied', then['rules'])}"
    yield "  rules for every event are not applied to a recorded event again"


def _destination(name: str, each: Explanation) -> Iterator[str]:
    then, today = each["then"], each["today"]
    if each["same"]:
        yield f"{name}: {_decision(then)}, then and today"
    else:
        yield f"{name}: then {_decision(then)}"
        undecided = today.get("unknown")
        yield f"  today {f'unknown: {undecided}' if undecided else _decision(today)}"
    if not each["same"]:
        yield from (f"  since then: {change}" for change in each["changes"] or ())
    if then["rules"]:
        yield f"  {_rules('its rules that were applied', then['rules'])}"
    if each["note"]:
        yield f"  {each['note']}"
    yield from (f"  {line}" for line in today.get("trace", ()))
    yield from changes_in_words(today.get("changed", ()))
    yield from requests_in_words(today.get("requests", ()))


def _decision(decided: Explanation) -> str:
    if decided["decision"] == "missing":
        return "it was not a destination of this event"
    where = f" at {decided['stage']}" if decided["stage"] else ""
    reason = f": {decided['reason']}" if decided["reason"] else ""
    return f"{decided['decision']}{where}{reason}"


def _rules(what: str, names: Sequence[str] | None) -> str:
    return f"{what}: {'not stored' if names is None else ', '.join(names) or 'none'}"
