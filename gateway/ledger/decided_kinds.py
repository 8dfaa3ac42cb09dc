"""The part that the decisions about many events have in common, parsed once for all. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import orjson

from gateway.ledger.consent_words import consent_in_words
from gateway.ledger.counted_reasons import counted_reason
from gateway.ledger.day_rows import NONE, RECEIVED, DecidedAlike, Traits

REMEMBERED = 1000
"""Maximum number of kinds that are remembered: a site has few, but strangers choose names."""

MAX_NAME = 100
"""Maximum length of a text that a stranger may have chosen."""


@dataclass(frozen=True, slots=True, eq=False)
class DecidedKind:
    """A kind of decision. trusted: 0 or 1. states: JSON. going_to: as stored for an event in its
    first passage that no destination had before. alike: what such an event counts. withheld: the
    `verdicts` that withhold, by destination. changed: as JSON, "" if it is not known. verdicts,
    version, consent, refused: as in `gateway.queue.feed.Decided`."""

    alike: DecidedAlike
    trusted: int
    version: str
    consent: str
    states: str
    verdicts: Mapping[str, Sequence[str]]
    withheld: Sequence[tuple[str, Sequence[str]]]
    going_to: str
    changed: str
    refused: Sequence[str]

    @property
    def traits(self) -> Traits:
        return self.alike.traits


@lru_cache(REMEMBERED)
def kind_of(shared: bytes) -> DecidedKind:
    """Reads `shared`, as `gateway.queue.feed.read_parts` returns it. Raises KeyError, TypeError or
    ValueError for what the gateway has not written."""
    told = orjson.loads(shared)
    source, trusted, version, name, states, consent, country, browser, verdicts, *more = told
    changed, refused = [*more, None, None][:2]  # an earlier version wrote neither
    names = name[:MAX_NAME], source, consent_in_words(states)
    traits = Traits(*names, country[:MAX_NAME], browser[:MAX_NAME])
    return DecidedKind(
        DecidedAlike(traits, _counted(verdicts, refused)),
        int(trusted),
        version,
        consent,
        orjson.dumps(states).decode(),
        verdicts,
        [(name, each) for name, each in verdicts.items() if each[0] == "withheld"],
        going_to(verdicts, 1),
        "" if changed is None else orjson.dumps(changed).decode(),
        refused or (),
    )


def going_to(verdicts: Mapping[str, Sequence[str]], passage: int) -> str:
    """The destinations to which an event goes or for which it is held, as JSON for the table."""
    found = {
        name: going(verdict[0], passage)
        for name, verdict in verdicts.items()
        if verdict[0] != "withheld"
    }
    return orjson.dumps(found).decode()


def going(decision: str, passage: int) -> str:
    """The stored form of a decision, such as ``send``, or ``send/2`` in the second passage."""
    return decision if passage == 1 else f"{decision}/{passage}"


def _counted(
    verdicts: Mapping[str, Sequence[str]], refused: Sequence[str] | None
) -> Sequence[tuple[str, str, str]]:
    # what was refused in part is received when it is repeated
    found = [] if refused else [(NONE, RECEIVED, "")]
    for name, (decision, stage, reason) in verdicts.items():
        if decision == "withheld":
            found.append((name, decision, counted_reason(stage, reason)))
        found.append((name, "accepted", ""))
    return found
