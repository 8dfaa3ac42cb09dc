"""Problems with consent, in sentences for operators."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gateway.event.words import counted
from gateway.stages.consent.counts import Conflict, ConsentCounts, PlaceProblem, UnknownPlace

MAX_SHOWN = 8
"""The most items that a sentence lists."""

UNKNOWN_PLACES: dict[PlaceProblem, str] = {
    "no_address": (
        "had no address of a visitor, so their place is unknown: {sources}. Make your proxy send "
        "the visitor's address, and your backend `ip_override` or `consent`. If a backend sends "
        "only what its visitors have agreed to, set `consent_default` for its source."
    ),
    "no_country": (
        "had an address that does not belong to a known country, so their place is unknown: "
        "{sources}. "
        "If these are private addresses, add your proxy to `server.trusted_proxies`; otherwise "
        "give the enrichment `geo` a `database`, or the `headers` of your CDN."
    ),
}
DENIAL_HOLDS = (
    "The denial holds. If your site's older cookies lag behind the visitor's choice, set "
    "`consent.conflicts: ranked`: then the signal that comes first in docs/consent.md decides."
)
RANK_DECIDES = (
    "The signal that comes first in docs/consent.md decides, as `consent.conflicts: ranked` says; "
    "an opt-out always holds."
)

_SIGNALS = {"event": "the event", "query": "the query", "categories": "the categories"}


def consent_problems(counts: ConsentCounts, ranked: bool) -> Iterator[str]:
    """The problems, each with what to do. ranked: whether rank decides conflicts."""
    for reason, words in UNKNOWN_PLACES.items():
        if places := [each for each in counts.unknown_places if each.reason == reason]:
            yield _unknown_places(places, words)
    for source, events in counts.source_defaults.items():
        yield (
            f"{counted(events, 'event')} of source {source} did not state every consent type and "
            "depend on its `consent_default`."
        )
    if counts.conflicts:
        yield _conflicts(counts.conflicts, ranked)
    if counts.unreadable:
        yield (
            "Some consent signals could not be read, and deny what no other signal decides: "
            f"{_counted(counts.unreadable.items())}. Check what your consent manager sends."
        )
    if counts.unknown_keys:
        yield (
            "Some events had keys in `consent` that are not consent types and were ignored: "
            f"{_counted(counts.unknown_keys.items())}. `gateway explain` names the keys of an "
            "event."
        )


def _unknown_places(places: Iterable[UnknownPlace], words: str) -> str:
    total = counted(sum(each.events for each in places), "event")
    sources = _counted((each.source, each.events) for each in places)
    return f"{total} did not state every consent type and {words.format(sources=sources)}"


def _conflicts(conflicts: Iterable[Conflict], ranked: bool) -> str:
    pairs = _counted(
        (f"{_signal(each.denied_by)} denied what {_granted(each)} granted", each.events)
        for each in conflicts
    )
    outcome = RANK_DECIDES if ranked else DENIAL_HOLDS
    return f"Some events had consent signals that contradict each other: {pairs}. {outcome}"


def _signal(name: str) -> str:
    return _SIGNALS.get(name, name)


def _granted(conflict: Conflict) -> str:
    same = conflict.denied_by == conflict.granted_by
    return f"another {conflict.granted_by}" if same else _signal(conflict.granted_by)


def _counted(named: Iterable[tuple[str, int]]) -> str:
    """The first `MAX_SHOWN` names, each with its number of events."""
    parts = [f"{name} ({counted(events, 'event')})" for name, events in named]
    more = [f"{len(parts) - MAX_SHOWN} others"] if len(parts) > MAX_SHOWN else []
    return ", ".join(parts[:MAX_SHOWN] + more)
