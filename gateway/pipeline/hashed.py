"""Applies `hash_at_ingest` to a decision."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from gateway.configuration.kinds import destination_types
from gateway.configuration.settings import Settings
from gateway.event import Event
from gateway.pipeline.decision import Verdict
from gateway.stages.hash_at_ingest import HashPerson, compile_hash_person


def compile_hashed(settings: Settings) -> HashPerson:
    """The function that replaces clear personal data in an event by hashes; it changes nothing if
    `hash_at_ingest` is off."""
    if not settings.hash_at_ingest:
        return lambda event: event
    kinds = destination_types()
    needs = [kinds[each.type].personal_data(each) for each in settings.destinations.values()]
    return compile_hash_person(filter(None, needs))


def hash_decided(
    event: Event, verdicts: Mapping[str, Verdict], hash_person: HashPerson
) -> tuple[Event, dict[str, Verdict]]:
    """`event` and `verdicts` with hashed personal data. Verdicts that shared an event object share
    the hashed one."""
    forms = [event, *(each.event for each in verdicts.values() if each.event is not None)]
    hash_once = _shared(hash_person)
    hashed = {key: hash_once(form) for key, form in {id(form): form for form in forms}.items()}
    changed = {
        name: each if each.event is None else replace(each, event=hashed[id(each.event)])
        for name, each in verdicts.items()
    }
    return hashed[id(event)], changed


def _shared(hash_person: HashPerson) -> HashPerson:
    """`hash_person` for the forms of one event, computed once for forms with the same person and
    place: hashing costs more than all other stages. Phone numbers depend on the place."""
    known: dict[tuple[int, int], Event] = {}

    def hash_once(event: Event) -> Event:
        key = id(event.get("user_data")), id(event.get("event_location"))
        if key not in known:
            known[key] = hash_person(event)
            return known[key]
        person = known[key].get("user_data")
        return {**event, "user_data": person} if person is not None else hash_person(event)

    return hash_once
