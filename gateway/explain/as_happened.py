"""What each stage changed in a recorded event, as it happened.

The ledger has the names of the fields that were changed, and the event as its destinations got it.
A value is shown where it follows from these: if no later stage and no destination changed it. The
value from before a stage removed or replaced it was never stored.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from gateway.configuration.recorded_changes import PlainConfiguration, destination_in, rules_in
from gateway.event import Event
from gateway.event.mending import ignored_in_words, ignored_of
from gateway.explain.explain import Explanation
from gateway.ledger.answers import Story
from gateway.pipeline.changed import (
    ADDED,
    REMOVED,
    REPLACED,
    marks_of_destinations,
    marks_of_stages,
)

KINDS = {ADDED: "added", REPLACED: "replaced", REMOVED: "removed"}


def as_happened(story: Story, kept: PlainConfiguration | None) -> Explanation:
    """kept: the configuration that decided, None if it is not kept.

    Returns ``{"recorded": bool, "stages": [{"stage", "words", "changed", "rules"}], "destinations":
    {name: {"changed", "rules"}}}``. ``changed`` is a list of ``{"field", "kind"}``, the kind
    ``added``, ``replaced`` or ``removed``, with ``before`` and ``after`` where they are known; the
    field ``*`` stands for fields whose names were not stored. ``rules`` are those that were met,
    ``{"name", "does"}``, with their text in that configuration as JSON. Nothing is recorded for an
    event without content, or for one that an earlier version of the gateway accepted.
    """
    if story.changed is None:
        return {"recorded": False, "stages": [], "destinations": {}}
    of_stages = marks_of_stages(story.changed)
    of_destinations = marks_of_destinations(story.changed)
    event = story.payload or {}
    otherwise = _present(mark for marks in of_destinations.values() for mark in marks)
    later, stages = set(otherwise), []
    for stage, marks in reversed(of_stages.items()):
        changed = [_after(mark, event, later) for mark in marks]
        stages.append(
            {
                "stage": stage,
                "words": _set_aside(event) if stage == "normalise" else "",
                "changed": changed,
                "rules": _rules(kept, story.applied) if stage == "rules" else [],
            }
        )
        later |= {mark[1:] for mark in marks}
    is_alone = len(of_destinations) == 1
    return {
        "recorded": True,
        "stages": stages[::-1],
        "destinations": {
            name: {
                "changed": [_at_destination(mark, event, otherwise, is_alone) for mark in marks],
                "rules": _rules(kept and destination_in(kept, name), story.applied),
            }
            for name, marks in of_destinations.items()
        },
    }


def _after(mark: str, event: Event, later: Collection[str]) -> Explanation:
    """later: the fields that later stages or destinations changed."""
    told = _told(mark)
    name = mark[1:]
    if mark[0] != REMOVED and name in event and name not in later:
        told["after"] = event[name]
    return told


def _at_destination(
    mark: str, event: Event, otherwise: Collection[str], is_alone: bool
) -> Explanation:
    """otherwise: the fields that differ at a destination from what the stages left. is_alone:
    whether the stored event is what this destination got."""
    told = _told(mark)
    name = mark[1:]
    if name in event:
        if mark[0] != ADDED and name not in otherwise:
            told["before"] = event[name]
        if mark[0] != REMOVED and is_alone:
            told["after"] = event[name]
    return told


def _told(mark: str) -> Explanation:
    return {"field": mark[1:], "kind": KINDS[mark[0]]}


def _present(marks: Iterable[str]) -> set[str]:
    return {mark[1:] for mark in marks if mark[0] != REMOVED}


def _set_aside(event: Event) -> str:
    ignored = ignored_of(event)
    return f"set aside: {ignored_in_words(ignored)}" if ignored else ""


def _rules(part: PlainConfiguration | None, applied: Sequence[str]) -> list[Mapping[str, str]]:
    """The rules of a configuration, or of a destination in it, that were met."""
    rules = rules_in(part) if part else {}
    met = [name for name in dict.fromkeys(applied) if name in rules]
    return [{"name": name, "does": _as_text(rules[name])} for name in met]


def _as_text(rule: Mapping[str, Any]) -> str:
    does = {key: each for key, each in rule.items() if key != "name"}
    return json.dumps(does, ensure_ascii=False).replace("$(", "${")
