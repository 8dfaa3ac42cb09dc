"""What was decided about a recorded event, and what today's configuration decides about it, with
the functions that `gateway replay` uses.

Today's rules for every event are not applied: they belong before what was recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, cached_property, lru_cache

from gateway.configuration.masked_text import without_secrets
from gateway.configuration.recorded_changes import (
    PlainConfiguration,
    changes_for_all,
    changes_of_destination,
    destination_in,
    read_recorded,
    rule_names,
)
from gateway.configuration.settings import Settings
from gateway.event.diff import changes
from gateway.explain.as_happened import as_happened
from gateway.explain.explain import Explanation, explain_verdict
from gateway.ledger.answers import Story
from gateway.ledger.recorded import NOT_KEPT, Recorded
from gateway.pipeline.replaying import compile_redecision

GONE = "this destination is not configured any more"
WITHHELD_EVERYWHERE = f"{NOT_KEPT}, since it was withheld from all destinations"
NO_ANSWER = "it was held for the visitor's answer, which no configuration replaces"
NEVER_AGAIN = (
    "`gateway replay` does not send it: an event that was withheld for lack of consent is never "
    "sent."
)
TOO_LATE = "`gateway replay` does not send it any more: {}."


class ThenAndToday:
    """settings: today's. kept: maps a version to the text of that configuration without secrets, or
    to None if it is not kept. now: Unix seconds."""

    def __init__(self, settings: Settings, kept: Callable[[str], str | None], now: float) -> None:
        self._settings = settings
        self._kept = cache(lambda version: _read(kept(version)))
        self._redecision = cache(lambda name: compile_redecision(settings, name))
        self._now = now

    @cached_property
    def _today(self) -> PlainConfiguration | None:
        return _read(without_secrets(self._settings))

    def then(self, story: Story, recorded: Mapping[str, Recorded]) -> Explanation:
        """The part of `explain` about the past, in a fraction of its time: ``{"then", "happened",
        "destinations": {name: {"then"}}}``."""
        then, applied = self._kept(story.version), _applied(recorded.values())
        return {
            "then": {
                "version": story.version,
                "kept": then is not None,
                "rules": applied if then is None else _those_of(then, applied),
            },
            "happened": as_happened(story, then),
            "destinations": {
                name: {"then": _then_at(story, name, each, then)} for name, each in recorded.items()
            },
        }

    def explain(self, story: Story, recorded: Mapping[str, Recorded]) -> Explanation:
        """recorded: the event of `story`, by destination.

        Returns ``{"then": {"version", "kept", "rules"}, "happened", "today": {"version"},
        "changes", "destinations": {name: {"then": {"decision", "stage", "reason", "rules"},
        "today", "same", "changes", "note"}}}``. ``happened`` is as in
        `gateway.explain.as_happened`. ``today`` of a destination is as in
        `gateway.explain.explain`, with ``stage``, ``rules`` and ``changed``; or ``{"unknown":
        why}``. The past decision is ``send``, ``held``, ``withheld`` or ``missing``. ``rules`` are
        names of rules that were met, None where unknown; if the past configuration is not kept, the
        rules of destinations are among those for all. ``changes`` says what differs between the two
        configurations, None where unknown. ``same`` is None where nothing can be compared.
        """
        told, kept = self.then(story, recorded), self._kept(story.version)
        known = None if kept is None or self._today is None else (kept, self._today)
        return {
            **told,
            "today": {"version": self._settings.version},
            "changes": None if known is None else changes_for_all(*known),
            "destinations": {
                name: self._explain_one(story, name, each, known, told["destinations"][name])
                for name, each in recorded.items()
            },
        }

    def _explain_one(
        self,
        story: Story,
        name: str,
        recorded: Recorded,
        known: tuple[PlainConfiguration, PlainConfiguration] | None,
        told: Explanation,
    ) -> Explanation:
        then = told["then"]
        today, note = self._decide(story, name, recorded, then)
        return {
            **told,
            "today": today,
            "same": _is_same(then, today),
            "changes": None if known is None else changes_of_destination(name, *known),
            "note": note,
        }

    def _decide(
        self, story: Story, name: str, recorded: Recorded, then: Explanation
    ) -> tuple[Explanation, str]:
        """What is decided today as if the event came in again, and a note if a replay would do
        something else."""
        if name not in self._settings.destinations:
            return {"unknown": GONE}, ""
        if then["decision"] == "held":
            return {"unknown": NO_ANSWER}, ""
        if then["stage"] == "integrations":  # the sender's own decision
            return {**then, "rules": [], "trace": [], "changed": [], "requests": []}, ""
        if lack := recorded.lack:
            everywhere = all(each.ending == "withheld" for each in story.endings)
            return {"unknown": WITHHELD_EVERYWHERE if everywhere else lack}, ""
        event, received = recorded.as_received()
        redecide, at = self._redecision(name), recorded.received_at
        verdict = redecide(event, received, recorded.consent, at)
        today = explain_verdict(self._settings.destinations[name], verdict, at) | {
            "stage": verdict.stage,
            "rules": [*verdict.applied],
            "changed": [] if verdict.event is None else changes(event, verdict.event),
        }
        if verdict.event is None:
            return today, ""
        if then["stage"] == "consent":
            return today, NEVER_AGAIN
        later = redecide(event, received, recorded.consent, self._now)
        return today, TOO_LATE.format(later.reason) if later.stage == "age" else ""


@lru_cache(maxsize=16)
def _read(text: str | None) -> PlainConfiguration | None:
    """Cached, since reading YAML takes some ten milliseconds."""
    return None if text is None else read_recorded(text)


def _then_at(
    story: Story, name: str, recorded: Recorded, kept: PlainConfiguration | None
) -> Explanation:
    own = None if kept is None else destination_in(kept, name)
    return _decided(story, name) | {"rules": _those_of(own, _applied([recorded]))}


def _decided(story: Story, name: str) -> Explanation:
    """What was decided for a destination when the event came in."""
    first = next((e for e in story.endings if (e.destination, e.passage) == (name, 1)), None)
    decision, stage, reason = "send", "", ""
    if first is None:
        decision = "missing"
    elif first.ending == "held" or first.stage == "hold":
        decision, stage, reason = "held", "hold", first.reason
    elif first.ending == "withheld" and first.stage:  # without one, a later withdrawal
        decision, stage, reason = "withheld", first.stage, first.reason
    return {"decision": decision, "stage": stage, "reason": reason}


def _applied(recorded: Iterable[Recorded]) -> Sequence[str] | None:
    """Names of the rules that were met before the event was recorded; None if not stored."""
    return next((each.applied for each in recorded if each.is_whole), None)


def _those_of(part: PlainConfiguration | None, applied: Sequence[str] | None) -> list[str] | None:
    """Which of the `applied` rules belong to `part`; None if that is not known."""
    if part is None or applied is None:
        return None
    own = rule_names(part)
    return [name for name in applied if name in own]


def _is_same(then: Explanation, today: Explanation) -> bool | None:
    """Whether the same was decided, and for the same reason. The words about an age change with
    time."""
    if "unknown" in today or then["decision"] == "missing":
        return None
    if then["decision"] != today["decision"] or then["stage"] != today["stage"]:
        return False
    return then["stage"] in ("", "age") or then["reason"] == today["reason"]
