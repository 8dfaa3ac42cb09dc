"""The decision of the pipeline about an event, and the steps that led to it."""

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
"""The stage that stopped an event for a destination. At ``hold`` it waits for consent; at
``destination`` the destination never accepts such an event."""


@dataclass(slots=True)
class Verdict:
    """What the pipeline decided for one destination.

    event: as the destination receives it; None if it is withheld or held.
    stage: the stage that stopped it. reason: why, or why it is sent anonymised, in words; "" for
    any other event that is sent. label: the reason as it is counted. It consists only of names in
    the configuration and fixed words, so that senders cannot create new labels.
    applied: names of the destination's own rules that were met.
    unmet: what `when` needed and found. ruled: what the destination's rules did.
    removed: fields that field consent removed. only_address: whether `event` differs from the event
    after the stages at most in the address.
    """

    event: Event | None
    stage: StoppedBy = ""
    reason: str = ""
    applied: tuple[str, ...] = ()
    unmet: Unmet | None = field(default=None, repr=False, compare=False)
    ruled: Ruled | None = field(default=None, repr=False, compare=False)
    removed: Removed = field(default=(), repr=False, compare=False)
    label: str = field(default="", repr=False, compare=False)
    only_address: bool = field(default=False, repr=False, compare=False)

    @property
    def decision(self) -> Literal["send", "held", "withheld"]:
        if self.event is not None:
            return "send"
        return "held" if self.stage == "hold" else "withheld"


class Step(NamedTuple):
    """What one stage did. event: after the stage, the same object if nothing changed. words: a line
    about what was done, or ""; for rules, a line about each of them."""

    stage: str
    event: Event
    words: str | Ruled


@dataclass(slots=True)
class Decision:
    """The decision of the pipeline about an event.

    event: the event after the rules for every event. verdicts: one for each destination, by name.
    applied: names of the rules that were met. source, received_at (Unix seconds): where and when
    the event came in. version: of the configuration that decided. cookies: values of ``Set-Cookie``
    headers for the answer. trusted: whether the sender has proved its identity. stated_visitor: the
    `client_id` from the sender, or else its browser's address and user agent; with `dedupe_window`
    and a salt, a keyed digest of it.
    quarantine: why the event is stored for review, or "". held_consent: what is stored about it for
    held consent. counts: names of the counters that it increments. trace: the source of `steps`.
    unclaimed_link: a link of its page that would identify the visitor if the request had claimed
    it. has_own_id: whether its `event_id` came from the sender, so that a repetition has the same.
    demo_browser: the browser in which the demo shop shows the event, as a digest, or "". receipt:
    its receipt if it was accepted before, for instance as a held event; otherwise "". passage: 1,
    and one more each time that the event is sent again. given: the event as it was read. refused:
    if its request was refused in part, the destinations whose verdicts wait for the repetition.
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
    given: Event = field(default_factory=dict, repr=False, compare=False)
    refused: tuple[str, ...] = field(default=(), repr=False, compare=False)

    @property
    def steps(self) -> list[Step]:
        """A step for each stage that was reached."""
        return list(starmap(Step, self.trace))

    @property
    def consent_words(self) -> str:
        """Each consent type's state, and what decided it."""
        return next((str(words) for stage, _, words in self.trace if stage == "consent"), "")
