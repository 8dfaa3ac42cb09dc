"""Works out the consent of an event: states, a line for the trace, and counters."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from gateway.event.consent import CONSENT_TYPES
from gateway.stages.consent.combine import Combined, Said, combine
from gateway.stages.consent.counts import (
    conflict_counter,
    default_counter,
    source_default,
    unreadable_counter,
)
from gateway.stages.consent.defaults import UNKNOWN, in_words, states_in
from gateway.stages.consent.readers import compile_statements
from gateway.stages.consent.settings import ConsentSettings, Defaults
from gateway.stages.consent.signals import Pairs, Signals
from gateway.stages.consent.types import OPTED_OUT, Statement, States, denials_in

_GRANTED_BY_DEFAULT = re.compile(r"(?:^|; )(\w+) granted \(default\b")


class Question(NamedTuple):
    """Everything that consent depends on. Hashable, so it is the key of a cache.

    place, claimed: keys in the table of defaults, for the visitor's place and the place that the
    page claims. owner: the source with a default that applies, or "".
    """

    said: Pairs
    page_default: Pairs
    signals: Signals
    place: str
    claimed: str
    owner: str
    honour_gpc: bool
    gpc: bool


class Answer(NamedTuple):
    """line: each type and what decided it, in words. counts: names of the counters that the event
    increments."""

    combined: Combined
    line: str
    counts: tuple[str, ...]


def compile_answer(
    settings: ConsentSettings, table: Mapping[str, States], owners: Mapping[str, Defaults]
) -> Callable[[Question], Answer]:
    """The function that answers. table: defaults by place. owners: defaults by name of source."""
    statements_of = compile_statements(settings)
    defaults = {
        (place, owner): _default(table[place], place, states_in(owners.get(owner, {})), owner)
        for place in table
        for owner in ("", *owners)
    }
    by_rank = settings.conflicts == "ranked"

    def answer(question: Question) -> Answer:
        statements = statements_of(question.signals, question.honour_gpc)
        opt_outs = [
            *([Statement("Sec-GPC", OPTED_OUT)] if question.gpc else []),
            *statements.opt_outs,
        ]
        ranked = [
            *opt_outs,
            Statement("event", dict(question.said)),
            Statement("event", dict(question.signals.said)),
            Statement("query", dict(question.signals.query)),
            *statements.tags,
            *statements.others,
        ]
        page_defaults = [
            Statement("default of the page", dict(question.page_default)),
            *statements.defaults,
            Statement("field of the event", dict(question.signals.by_type)),
        ]
        if question.claimed != UNKNOWN:
            claimed = f"{in_words(question.claimed)}, as the page claims"
            page_defaults.append(Statement(claimed, denials_in(table[question.claimed])))
        unreadable = [*dict.fromkeys(statements.unreadable)]
        default = defaults[question.place, question.owner]
        said = Said(ranked, len(opt_outs), unreadable, page_defaults, default)
        combined = combine(said, by_rank)
        line = _line(combined, [*unreadable, *statements.notes])
        return Answer(combined, line, _counts(combined, unreadable))

    return answer


def _default(
    states: States, place: str, of_source: States, owner: str
) -> dict[str, tuple[str, str]]:
    of_place = {name: (state, in_words(place)) for name, state in states.items()}
    return of_place | {name: (state, source_default(owner)) for name, state in of_source.items()}


def _line(combined: Combined, notes: Sequence[str]) -> str:
    parts = [
        f"{name} {combined.states[name]} ({combined.deciders[name]})"
        if name in combined.states
        else f"{name} unset"
        for name in CONSENT_TYPES
    ]
    return "; ".join([*parts, *notes])


def granted_by_default(line: str) -> frozenset[str]:
    """The consent types that were granted by a default. line: as in `Answer`, where the name of
    every default begins with the word ``default``."""
    return frozenset(_GRANTED_BY_DEFAULT.findall(line))


def _counts(combined: Combined, unreadable: Sequence[str]) -> tuple[str, ...]:
    decided = {combined.deciders[name] for name in combined.open if name in combined.deciders}
    return (
        *map(default_counter, sorted(decided)),
        *(conflict_counter(denied, granted) for denied, granted in sorted(combined.conflicts)),
        *map(unreadable_counter, unreadable),
    )
