"""What needs attention, the most urgent first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from gateway.event.words import counted, duration
from gateway.monitoring.consent_problems import consent_problems
from gateway.monitoring.problems import UNBALANCED, address_problems, unclaimed_problems
from gateway.monitoring.status import DestinationStatus, Status

LATE_SECONDS = 300.0
"""An event that waits longer than this is a matter for a person."""


@dataclass(frozen=True, slots=True)
class Notice:
    """level: how urgent it is. what: in a few words. why: the reason, which may be a vendor's
    words, and what to do. link: the page where to do it."""

    level: Literal["error", "warning"]
    what: str
    why: str
    link: str


def notices(status: Status) -> list[Notice]:
    """Errors first, each kind in the order of the destinations."""
    found = [*_of_gateway(status)]
    for name, each in status.destinations.items():
        found += of_destination(name, each)
    for what, problems, link in (
        ("Visitors' addresses", address_problems(status), "/privacy"),
        ("Consent", consent_problems(status.consent, status.conflicts_ranked), "/privacy"),
        ("Unknown requests", unclaimed_problems(status), "/refused"),
    ):
        found += [Notice("warning", what, words, link) for words in problems]
    return sorted(found, key=lambda notice: notice.level)


def _of_gateway(status: Status) -> Iterator[Notice]:
    if status.full is not None:
        yield Notice("error", "Intake is closed", status.full, "/destinations")
    if status.configuration is not None and status.configuration.rejected:
        yield Notice(
            "error",
            "The configuration file is rejected",
            "It has mistakes, so the version before stays in force.",
            "/configuration",
        )
    if status.quarantined:
        yield Notice(
            "warning",
            f"In quarantine: {counted(status.quarantined, 'event')}",
            "They do not match their schema and wait for a decision.",
            "/quarantine",
        )


def of_destination(name: str, each: DestinationStatus) -> Iterator[Notice]:
    page = f"/destinations/{name}"
    if each.full is not None:
        yield Notice("error", f"{name} takes no more events", each.full, page)
    if each.pause is not None:
        again = f"It tries again in {duration(each.pause.seconds)}."
        yield Notice("error", f"{name} is paused", f"{each.pause.reason}. {again}", page)
    elif each.oldest_pending is not None and each.oldest_pending > LATE_SECONDS:
        why = each.last_error.reason if each.last_error else "No error is known."
        age = duration(each.oldest_pending)
        yield Notice("error", f"{name} is late: the oldest event waits for {age}", why, page)
    if not each.balanced:
        yield Notice("error", f"The counts of {name} do not add up", f"{UNBALANCED}.", page)
    if each.dead_letters:
        yield Notice(
            "warning",
            f"{name} has {counted(each.dead_letters, 'dead letter')}",
            "They were rejected or expired. Mend the cause, then replay or drop them.",
            f"/dead-letters?destination={name}",
        )
    if each.version_warning:
        yield Notice("warning", f"The API version of {name} ends", each.version_warning, page)
    if each.credential_warning:
        yield Notice("warning", f"The credential of {name}", each.credential_warning, page)
