"""What `gateway check` says about `hash_at_ingest`: who gets no clear values, and what is missing
later."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.configuration.kinds import destination_types
from gateway.configuration.settings import Settings
from gateway.stages.pii.settings import PatternName

PERSONAL: tuple[PatternName, ...] = ("email", "phone")


def hash_notes(settings: Settings) -> Iterator[str]:
    if not settings.hash_at_ingest:
        return
    kinds = {name: destination_types()[each.type] for name, each in settings.destinations.items()}
    hashing = [
        name
        for name, kind in kinds.items()
        if kind.personal_data(settings.destinations[name]) is not None
    ]
    yield (
        f"Note: hash_at_ingest: events are stored with the hashes that {_listed(hashing)} need. A "
        "destination that you add later, or another `phone_region`, gets no other hashes of events "
        "that were stored before."
    )
    for name, kind in kinds.items():
        if name not in hashing and (kind.fields is None or "user_data" in kind.fields):
            yield (
                f"Note: hash_at_ingest: {name} ({kind.type}) takes `user_data` as it is, so it "
                "gets hashes and no clear values. If it needs these, it cannot work with "
                "hash_at_ingest."
            )
    guard = settings.pii_guard
    if missing := [each for each in PERSONAL if not (guard.enabled and each in guard.patterns)]:
        yield (
            f"Warning: hash_at_ingest: pii_guard does not remove {' and '.join(missing)} from "
            "free text, so they may be stored in clear there."
        )


def _listed(names: list[str]) -> str:
    return ", ".join(names) or "no destinations"
