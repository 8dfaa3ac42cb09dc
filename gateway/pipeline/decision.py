"""What the pipeline decided about an event, and how it came to that decision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import starmap
from typing import Literal, NamedTuple

from gateway.event import Event
from gateway.stages.conditions import Unmet
from gateway.stages.field_consent import Removed
from gateway.stages.held_consent import HeldConsent
from gateway.stages.identity import Link
from gateway.stages.rules import Ruled

StoppedBy = Literal[
    "schemas",
    "rules",
    "integrations",
    "when",
    "age",
    "consent",
    "hold",
    "destination rules",
    "destination",
    "",
]
"""The stage at which an event ended for a destination; at ``hold`` it waits for consent, at
``destination`` it is one that such a destination never takes."""


@dataclass(slots=True)
class Verdict:
    """What the pipeline decided for one destination.

    event: as the destination may have it, or None when it is withheld, or held.
    stage: which stage stopped it. reason: why, or why it is sent anonymised, in words; empty when
    it is sent as it is.
    applied: names of the destination's own rules that were met.
    unmet: what `when` saw. ruled: what the destination's rules did.
    removed: what field consent took out.
    """

    event: Event | None
    stage: StoppedBy = ""
    reason: str = ""
    applied: tuple[str, ...] = ()
    unmet: Unmet | None = field(default=None, repr=False, compare=False)
    ruled: Ruled | None = field(default=None, repr=False, compare=False)
    removed: Removed = field(default=(), repr=False, compare=False)

    @property
    def decision(self) -> Literal["send", "held", "withheld"]:
        if self.event is not None:
            return "send"
        return "held" if self.stage == "hold" else "withheld"


class Step(NamedTuple):
    """What one stage did. event: after it, the same object if nothing changed. words: what was
    done, in a line or nothing; of rules, what there is to say about each of them."""

    stage: str
    event: Event
    words: str | Ruled


@dataclass(slots=True)
class Decision:
    """What the pipeline made of an event.

    event: after the rules for every event. verdicts: one for each destination, by its name.
    applied: names of the rules that were met. source, received_at (Unix seconds): where and when
    it came in. version: of the configuration that decided. cookies: values of ``Set-Cookie``
    headers for the answer. trusted: the sender has proved who it is. stated_visitor: the
    `client_id` that the sender itself brought, or nothing; with `dedupe_window` and a salt a keyed
    digest of that. quarantine: why it is kept aside for a person to look at, or nothing.
    held_consent: what is remembered of it for held consent. counts: names of the counters that it
    adds one to. trace: what `steps` are made from. unclaimed_link: a link of its page that would
    identify the visitor if the request had claimed it. has_own_id: its `event_id` came with it, and
    is the same when the event is repeated. demo_browser: the browser to which the demo shop shows
    the event, a digest or nothing. receipt: its name in the ledger, if it came in before, as one
    that was held. passage: 1, and one more each time that it is sent again.
    """

    event: Event
    verdicts: Mapping[str, Verdict]
    applied: tuple[str, ...]
    source: str
    received_at: float
    version: str
    cookies: tuple[str, ...] = ()
    trusted: bool = False
    stated_visitor: str = ""
    quarantine: str = ""
    held_consent: HeldConsent | None = field(default=None, repr=False, compare=False)
    counts: tuple[str, ...] = ()
    trace: Sequence[tuple[str, Event, str | Ruled]] = field(default=(), repr=False, compare=False)
    unclaimed_link: Link | None = field(default=None, repr=False, compare=False)
    has_own_id: bool = field(default=False, repr=False, compare=False)
    demo_browser: str = field(default="", repr=False, compare=False)
    receipt: str = field(default="", repr=False, compare=False)
    passage: int = field(default=1, repr=False, compare=False)

    @property
    def steps(self) -> list[Step]:
        """A step for each stage that was reached."""
        return list(starmap(Step, self.trace))
