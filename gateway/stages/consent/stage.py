"""The pipeline stage that completes `consent` and says what decided each type."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from gateway.event import Event, Received
from gateway.event.consent import (
    MAX_KEY,
    MAX_UNKNOWN_KEYS,
    UNKNOWN_KEYS,
    read_consent,
)
from gateway.event.text import printable
from gateway.stages.consent.answer import Question, compile_answer
from gateway.stages.consent.counts import (
    PlaceProblem,
    unknown_keys_counter,
    unknown_place_counter,
)
from gateway.stages.consent.defaults import (
    EVERYWHERE,
    UNKNOWN,
    compile_place,
    defaults_by_place,
)
from gateway.stages.consent.other_names import with_known_names
from gateway.stages.consent.places import compile_places
from gateway.stages.consent.settings import ConsentSettings, Defaults
from gateway.stages.consent.signals import NO_SIGNALS, compile_signals

CLAIMED_LOCATION = "claimed_location"
"""Field of an event with the place that an untrusted sender states."""

PAGE_DEFAULT = "consent_default"
"""Field of an event with the defaults that its page set: an object like `consent`."""

_READ_HERE = frozenset([UNKNOWN_KEYS, CLAIMED_LOCATION, PAGE_DEFAULT])
"""Fields that only this stage reads, and removes."""


class Consented(NamedTuple):
    """What the stage made of an event.

    event: with `consent`. line: each type and what decided it, in words. open: the types that no
    signal states; a default decides them, or nothing. counts: names of the counters that the event
    increments. unread: the types that are denied because a signal cannot be read.
    """

    event: Event
    line: str
    open: frozenset[str]
    counts: tuple[str, ...] = ()
    unread: frozenset[str] = frozenset()

    @property
    def unstated(self) -> frozenset[str]:
        """The types for which the visitor's choice is not known."""
        return self.open | self.unread if self.unread else self.open


Stage = Callable[[Event, Received], Consented]

_REMEMBERED = 4096
"""Visitors whose strings are not read again at their next hit; at worst 10 KB each."""

_LONGEST_REMEMBERED = 8_192
_LONG_REMEMBERED = 4
"""For longer strings, which all events of a batch may share."""


def compile_consent(
    settings: ConsentSettings, source_defaults: Mapping[str, Defaults] | None = None
) -> Stage:
    """The stage, from an event and how it came in to the event with `consent` and what decided it.

    A type is denied if any signal denies it: an opt-out (Sec-GPC, us_privacy, GPP), the event's own
    `consent`, the query, ``npa``, ``gcd``, ``gcs``, categories, the TCF string, the GPP string, and
    cookies as configured. If several agree, the first of these is named. A signal that cannot be
    read denies the types that no other signal decides. Otherwise the default of the visitor's place
    applies, which requires `event_location`, or that of the source in `source_defaults` if the
    sender is trusted. The page's own default, and the default of the place that the page claims,
    can only deny.

    A type without a state is absent from `consent` and ``unset`` in the line, such as
    ``ad_storage denied (tcf); analytics_storage granted (event); ad_user_data denied (Sec-GPC)``.
    Signals that cannot be read (``unreadable tcf string``) and other notes follow in the line.
    """
    owners = source_defaults or {}
    table = defaults_by_place(settings)
    place_of = compile_place(table)
    unlocated = UNKNOWN if settings.depends_on_place else EVERYWHERE
    signals_of = compile_signals(settings)
    honoured = settings.global_privacy_control
    honours_gpc_in = compile_places(honoured) if isinstance(honoured, list) else None
    honours_gpc = bool(honoured)
    answer = compile_answer(settings, table, owners)
    remembered = lru_cache(_REMEMBERED)(answer)
    remembered_of_batch = lru_cache(_LONG_REMEMBERED)(answer)

    def complete_consent(event: Event, received: Received) -> Consented:
        location = event.get("event_location")
        place = place_of(location) if location else unlocated
        claim = event.get(CLAIMED_LOCATION)
        honour_gpc = (
            honours_gpc_in(location or {}) or (claim is not None and honours_gpc_in(claim))
            if honours_gpc_in
            else honours_gpc
        )
        header = received.headers.get("sec-gpc")
        said = event.get("consent")
        named = with_known_names(event)
        page_default = named.get(PAGE_DEFAULT)
        signals = signals_of(named, received)
        question = Question(
            tuple(said.items()) if said else (),
            tuple(read_consent(page_default)[0].items()) if page_default else (),
            signals,
            place,
            place_of(claim) if claim else UNKNOWN,
            received.source if received.trusted and received.source in owners else "",
            honour_gpc,
            honour_gpc and header is not None and _is_gpc(header),
        )
        short = signals is NO_SIGNALS or signals.length < _LONGEST_REMEMBERED
        combined, line, counts = (remembered if short else remembered_of_batch)(question)
        if place is UNKNOWN and combined.open:
            why: PlaceProblem = "no_country" if event.get("ip_override") else "no_address"
            line = f"{line}; the place is unknown: {_WHY[why]}"
            counts = (*counts, unknown_place_counter(received.source, why))
        consented = event.copy()
        consented["consent"] = {**combined.states}
        if not event.keys().isdisjoint(_READ_HERE):
            if unknown := _names(event.get(UNKNOWN_KEYS)):
                line = f"{line}; unknown keys in consent: {unknown}"
                counts = (*counts, unknown_keys_counter(received.source))
            consented = {name: value for name, value in consented.items() if name not in _READ_HERE}
        return Consented(consented, line, combined.open, counts, combined.unread)

    return complete_consent


def missing(event: Event, required: Sequence[str]) -> list[str]:
    """The `required` types that are not granted; a type without a state is not granted."""
    consent = event.get("consent", {})
    return [name for name in required if consent.get(name) != "granted"]


def withdraws(earlier: Event, later: Event) -> bool:
    """Whether `later`, of the same visitor, denies a consent type that `earlier` had granted."""
    before, after = earlier.get("consent", {}), later.get("consent", {})
    return any(state == "granted" and after.get(name) == "denied" for name, state in before.items())


_WHY: Mapping[PlaceProblem, str] = {
    "no_address": "the event has no address",
    "no_country": "its address does not belong to a known country",
}


def _names(keys: object) -> str:
    """`keys` in words. They may be anything, since a sender can send this field itself."""
    texts = [key for key in keys if isinstance(key, str)] if isinstance(keys, list) else []
    return ", ".join(printable(key[:MAX_KEY]) for key in texts[:MAX_UNKNOWN_KEYS])


def _is_gpc(header: str) -> bool:
    """Whether one of the values in ``Sec-GPC`` is 1; proxies repeat the header."""
    return header == "1" or "1" in [value.strip() for value in header.split(",")]
