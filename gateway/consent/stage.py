"""The stage of the pipeline that completes `consent` and says where each part comes from."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from gateway.consent.defaults import EVERYWHERE, compile_place, defaults_by_place
from gateway.consent.places import compile_places
from gateway.consent.settings import ConsentSettings, Defaults
from gateway.consent.signals import Signals, compile_signals
from gateway.consent.statement import OPTED_OUT, Statement, States
from gateway.consent.statements import compile_statements
from gateway.event import CONSENT_TYPES, Event, Received


class Consented(NamedTuple):
    """What the stage made of an event.

    event: with `consent`. line: for people, each type and who decided it. open: the types that
    nobody has stated: their state is the default of the visitor's place, or none.
    """

    event: Event
    line: str
    open: frozenset[str]


Stage = Callable[[Event, Received], Consented]
Said = tuple[tuple[str, str], ...]
Settled = tuple[States, str, frozenset[str]]

_REMEMBERED = 4096
"""Visitors whose strings are not read again at their next hit; at worst 10 KB each."""


def compile_consent(settings: ConsentSettings) -> Stage:
    """The stage: an event and how it came in → the event with `consent`, and who decided it.

    Each type is decided by the most trusted source that mentions it: an opt-out (Sec-GPC,
    us_privacy, GPP), the event's own `consent`, ``npa`` and ``gcd`` or ``gcs``, categories, the
    TCF string, the GPP string, cookies as configured, and the default of the visitor's place,
    which needs `event_location` to be known. A type that nobody mentions is absent from `consent`
    and ``unset`` in the line, such as ``ad_storage denied (tcf); analytics_storage granted
    (event); ad_user_data denied (Sec-GPC)``, which ends with the strings that say nothing
    (``unreadable tcf string``).
    """
    table = defaults_by_place(settings)
    place_of = compile_place(table)
    signals_of = compile_signals(settings)
    honoured = settings.global_privacy_control
    honours_gpc_in = compile_places(honoured) if isinstance(honoured, list) else None
    honours_gpc = bool(honoured)
    decide = lru_cache(_REMEMBERED)(_compile_decision(settings, table))

    def complete_consent(event: Event, received: Received) -> Consented:
        location = event.get("event_location")
        place = place_of(location) if location else EVERYWHERE
        honour_gpc = honours_gpc_in(location or {}) if honours_gpc_in else honours_gpc
        gpc = honour_gpc and received.headers.get("sec-gpc") == "1"
        said = event.get("consent")
        consent, line, undecided = decide(
            tuple(said.items()) if said else (),
            signals_of(event, received),
            place,
            honour_gpc,
            gpc,
        )
        return Consented({**event, "consent": {**consent}}, line, undecided)

    return complete_consent


def missing(event: Event, required: Sequence[str]) -> list[str]:
    """Those of the `required` types that are not granted; one that is not stated is not granted."""
    consent = event.get("consent", {})
    return [name for name in required if consent.get(name) != "granted"]


def _compile_decision(
    settings: ConsentSettings, table: Mapping[str, Defaults]
) -> Callable[[Said, Signals, str, bool, bool], Settled]:
    statements_of = compile_statements(settings)
    defaults = {
        place: Statement(f"default for {place}" if place else "default", dict(states.items()))
        for place, states in table.items()
    }

    def decide(said: Said, signals: Signals, place: str, honour_gpc: bool, gpc: bool) -> Settled:
        statements = statements_of(signals, honour_gpc)
        ranked = [
            *([Statement("Sec-GPC", OPTED_OUT)] if gpc else []),
            *statements.opt_outs,
            Statement("event", _without(said, statements.tags)),
            *statements.tags,
            *statements.others,
        ]
        return _settle(ranked, defaults[place], statements.notes)

    return decide


def _without(said: Said, tags: Iterable[Statement]) -> States:
    """What the event says and the tags do not: the GA4 source writes their word into `consent`.

    It ranks next to theirs, so where both agree only the name of the source is at stake.
    """
    theirs: dict[str, str] = {}
    for statement in tags:
        theirs = {**statement.states, **theirs}
    return {name: state for name, state in said if theirs.get(name) != state}


def _settle(ranked: Sequence[Statement], default: Statement, notes: Iterable[str]) -> Settled:
    """The state of each type by the first of `ranked` that mentions it, else the default."""
    consent: dict[str, str] = {}
    parts = []
    undecided = set()
    for name in CONSENT_TYPES:
        for statement in (*ranked, default):
            if name in statement.states:
                state = consent[name] = statement.states[name]
                parts.append(f"{name} {state} ({statement.source})")
                break
        else:
            statement = default
            parts.append(f"{name} unset")
        if statement is default:
            undecided.add(name)
    return consent, "; ".join([*parts, *dict.fromkeys(notes)]), frozenset(undecided)
