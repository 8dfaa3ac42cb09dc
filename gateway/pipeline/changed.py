"""The fields that each stage changed in an event, by name, for the ledger.

Only names are recorded: a value that a stage removed or replaced may be one that must not be kept.
A name is recorded if the gateway knows the field, or if a destination gets it; a name that a sender
made up may contain anything, so it is recorded as `OTHER`.

The decision of the consent stage is recorded elsewhere, type by type. This code runs for every
event, so if it is known which fields can differ, only these are compared.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import compress
from operator import is_not

from gateway.event import Event
from gateway.event.bounds import SURPLUS
from gateway.event.fields import known_names
from gateway.event.mending import IGNORED
from gateway.pipeline.decision import Decision, Verdict
from gateway.stages.claims import CLAIMS
from gateway.stages.consent import CLAIMED_LOCATION
from gateway.stages.field_consent import Removed
from gateway.stages.integrations import INTEGRATIONS
from gateway.stages.rules import Ruled
from gateway.system.bounded_cache import BoundedCache

ADDED, REPLACED, REMOVED = "+", "~", "-"
"""Prefixes of the name of a field, such as ``+timestamp``."""
OTHER = "*"
"""Stands for names that are not recorded."""
MAX_NAME = 64
"""Maximum length of a name that is recorded, in characters."""
NOTHING = "="
"""Stands for no changes: the destination gets the event as it left the stages."""

Changed = dict[str, str]
"""The outermost fields that were changed, such as ``+bot ~value -note``, by stage and by
``for <destination>``. A stage that changed nothing is left out."""

_FOR = "for "
_MAX_REMEMBERED = 2_048
"""Maximum length of all names in differences whose text is remembered, in characters."""

_MAX_REMOVED = 50
"""Maximum number of removed fields whose outermost fields are remembered."""

_Names = tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]
"""The fields that were added, replaced and removed."""
_Difference = tuple[str, tuple[str, ...], tuple[str, ...], tuple[str, ...]]
"""The stage or ``for <destination>``, and the names of the fields as in `_Names`."""

_NOTHING: _Names = ((), (), ())
_COMPLETED = ("event_id", "timestamp", "ip_override", "user_agent", CLAIMED_LOCATION)
"""The fields that the stage `normalise` can change when its line is empty."""
_FIELDS: Mapping[str, Iterable[str]] = {
    "normalise": (*("event_id", "timestamp", "action_source", IGNORED, SURPLUS, *sorted(CLAIMS)),),
    "locate": ("event_location", "ip_override"),
}
"""All that a stage can change."""
_ENRICHED = ("bot", "campaign", "click_ids", "device", "event_location", "referrer")
"""Objects that an enrichment may complete."""
_ADDRESS = ("ip_override",)
_KNOWN = frozenset(known_names())


def changed_fields(decision: Decision) -> Changed:
    """The fields that each stage changed, and those that differ for each destination that gets the
    event."""
    verdicts = decision.verdicts
    differences = (*_of_stages(decision), *_of_destinations(decision.event, verdicts))
    told, hidden = _in_words[differences]
    for verdict in verdicts.values() if hidden else ():
        hidden = hidden.difference(verdict.event or ())
    return _without(told, hidden) if hidden else told


def marks_of_stages(changed: Changed) -> dict[str, Sequence[str]]:
    """The marks of each stage that changed something, in the order of the stages."""
    return {stage: marks.split() for stage, marks in changed.items() if not stage.startswith(_FOR)}


def marks_of_destinations(changed: Changed) -> dict[str, Sequence[str]]:
    """The marks of each destination: how its form differs from the event as it left the stages."""
    return {
        whose.removeprefix(_FOR): [mark for mark in marks.split() if mark != NOTHING]
        for whose, marks in changed.items()
        if whose.startswith(_FOR)
    }


def _of_stages(decision: Decision) -> list[_Difference]:
    differences: list[_Difference] = []
    before = decision.given
    for stage, after, words in decision.trace:
        if after is not before:
            if stage != "consent":
                differences.append((stage, *_of_stage(stage, words, before, after)))
            before = after
    return differences


def _of_stage(stage: str, words: str | Ruled, before: Event, after: Event) -> _Names:
    names: Iterable[str] | None
    if not isinstance(words, str):
        names = words.edited
    elif stage == "enrichment" and "lookup" not in words:
        known = not before.keys().isdisjoint(_ENRICHED)
        completed = _difference_in(_ENRICHED, before, after)[1] if known else ()
        return tuple([*after][len(before) :]), completed, ()
    else:
        names = _COMPLETED if stage == "normalise" and not words else _FIELDS.get(stage)
    return _difference(before, after) if names is None else _difference_in(names, before, after)


def _of_destinations(event: Event, verdicts: Mapping[str, Verdict]) -> list[_Difference]:
    differences: list[_Difference] = []
    known: dict[int, _Names] = {id(event): _NOTHING}
    for name, verdict in verdicts.items():
        if (form := verdict.event) is None:
            continue
        found = known.get(id(form))
        if found is None:
            found = known[id(form)] = _of_destination(event, form, verdict)
        differences.append((_FOR + name, *found))
    return differences


def _of_destination(event: Event, form: Event, verdict: Verdict) -> _Names:
    """The changes in the `form` of one destination. `gateway.pipeline.routes` determines which
    fields can differ."""
    if verdict.reason or INTEGRATIONS in event:
        return _difference(event, form)
    names: Collection[str] | None = _ADDRESS
    if not verdict.only_address:
        edited = verdict.ruled.edited if verdict.ruled else ()
        names = None if edited is None else _outermost[verdict.removed, edited]
    return _difference(event, form) if names is None else _difference_in(names, event, form)


def _difference(before: Event, after: Event) -> _Names:
    was, names = [*before], [*after]
    count = len(was)
    added: tuple[str, ...]
    removed: tuple[str, ...] = ()
    if names[:count] == was:
        added = tuple(names[count:])
        old, new = [*before.values()], [*after.values()]
        differing = compress(was, map(is_not, old, new))
    else:
        common = [*filter(after.__contains__, was)]
        held = map(is_not, map(before.__getitem__, common), map(after.__getitem__, common))
        differing = compress(common, held)
        added = tuple([name for name in names if name not in before])
        if len(common) < count:
            removed = tuple([name for name in was if name not in after])
    return added, tuple([name for name in differing if before[name] != after[name]]), removed


def _difference_in(names: Iterable[str], before: Event, after: Event) -> _Names:
    """The difference, comparing only the fields in `names`."""
    added: tuple[str, ...] = ()
    replaced: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    for name in names:
        if name not in after:
            if name in before:
                removed += (name,)
        elif name not in before:
            added += (name,)
        elif (new := after[name]) is not (old := before[name]) and new != old:
            replaced += (name,)
    return added, replaced, removed


def _to_words(differences: tuple[_Difference, ...]) -> tuple[Changed, frozenset[str]]:
    """The changes in `differences`, and the names that the gateway does not know."""
    told: Changed = {}
    for whose, *three in differences:
        marks = [
            sign + (OTHER if " " in name or len(name) > MAX_NAME else name)
            for sign, names in zip((ADDED, REPLACED, REMOVED), three, strict=True)
            for name in names
        ]
        if marks or whose.startswith(_FOR):
            told[whose] = " ".join(marks) or NOTHING
    names = {name for _, *three in differences for names in three for name in names}
    return told, frozenset(names - _KNOWN)


def _are_short(differences: tuple[_Difference, ...]) -> bool:
    names = (name for _, *three in differences for names in three for name in names)
    return sum(map(len, names)) <= _MAX_REMEMBERED


_in_words = BoundedCache(_to_words, _are_short)
"""Cached, since many events have the same differences."""


def _to_outermost(changes: tuple[Removed, tuple[str, ...]]) -> Sequence[str] | None:
    removed, edited = changes
    names = [path.partition(".")[0] for path, _ in removed]
    if " " in "".join(names):  # such as a parameter of a URL, which any field may have
        return None
    return tuple(dict.fromkeys((*_ADDRESS, *names, *edited)))


_outermost = BoundedCache(_to_outermost, lambda changes: len(changes[0]) <= _MAX_REMOVED)
"""From the fields that were removed, and those that rules may have changed."""


def _without(told: Changed, hidden: Collection[str]) -> Changed:
    return {
        whose: " ".join(
            dict.fromkeys(mark[0] + OTHER if mark[1:] in hidden else mark for mark in marks.split())
        )
        for whose, marks in told.items()
    }
