"""Combines all statements about consent into the state of each type."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from gateway.event.consent import CONSENT_TYPES
from gateway.stages.consent.types import Statement, States

_IN_WORDS = ("event", "query")
"""Sources in which the sender itself states Consent Mode's types."""


class Said(NamedTuple):
    """All statements about the consent of an event.

    ranked: statements, the most trusted first; the first `opt_outs` of them always apply.
    unreadable: signals that cannot be read. page_defaults: the page's own defaults, which can only
    deny. default: by consent type, the state that applies otherwise and the name of the default.
    """

    ranked: Sequence[Statement]
    opt_outs: int
    unreadable: Sequence[str]
    page_defaults: Sequence[Statement]
    default: Mapping[str, tuple[str, str]]


class Combined(NamedTuple):
    """states: of each decided type. deciders: what decided each type. open: the types that a
    default decides, or nothing. unread: the types denied because a signal cannot be read.
    conflicts: pairs of sources; the first denied what the second granted."""

    states: States
    deciders: Mapping[str, str]
    open: frozenset[str]
    unread: frozenset[str]
    conflicts: frozenset[tuple[str, str]]


def combine(said: Said, by_rank: bool = False) -> Combined:
    """The state of each type.

    A type is denied if any statement denies it. A type that no statement mentions is denied if a
    signal cannot be read, and otherwise has its default. by_rank: the first statement that mentions
    a type decides it instead, unless an opt-out denies it or its source contradicts itself.
    """
    states: dict[str, str] = {}
    deciders: dict[str, str] = {}
    undecided, unread = set(), set()
    conflicts: set[tuple[str, str]] = set()
    for name in CONSENT_TYPES:
        grant = _first(said.ranked, name, "granted")
        denial = _first(said.ranked, name, "denied")
        if grant is not None and denial is not None:
            conflicts.add((said.ranked[denial].source, said.ranked[grant].source))
            if by_rank and grant < denial and denial >= said.opt_outs:
                denial = _repeated(said.ranked, name, said.ranked[grant].source)
        if denial is not None:
            states[name], deciders[name] = "denied", said.ranked[denial].source
        elif grant is not None:
            states[name], deciders[name] = "granted", said.ranked[grant].source
        elif said.unreadable:
            unread.add(name)
            states[name], deciders[name] = "denied", said.unreadable[0]
        else:
            undecided.add(name)
            on_page = _first(said.page_defaults, name, "denied")
            if on_page is not None:
                states[name], deciders[name] = "denied", said.page_defaults[on_page].source
            elif name in said.default:
                states[name], deciders[name] = said.default[name]
    return Combined(states, deciders, frozenset(undecided), frozenset(unread), frozenset(conflicts))


def _repeated(statements: Sequence[Statement], name: str, source: str) -> int | None:
    """The position of the first statement of the same `source` that denies the type: a parameter
    or cookie may occur twice, and the event's query and body count as one source."""
    sources = _IN_WORDS if source in _IN_WORDS else (source,)
    for place, statement in enumerate(statements):
        if statement.source in sources and statement.states.get(name) == "denied":
            return place
    return None


def _first(statements: Sequence[Statement], name: str, state: str) -> int | None:
    """The place of the first of `statements` with this state."""
    for place, statement in enumerate(statements):
        if statement.states.get(name) == state:
            return place
    return None
