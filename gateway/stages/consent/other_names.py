"""Brings statements about consent under the names that their readers know, however a sender spells
the name: ``Consent State``, ``" consent"``, ``visitorConsent.ad_storage``."""

import re
from string import whitespace
from typing import Any

from gateway.event import Event
from gateway.event.bounds import MAX_DEPTH
from gateway.event.consent import (
    CONSENT,
    OTHER_CASES,
    STATEMENT_FIELDS,
    UNKNOWN_KEYS,
    statements_in,
)
from gateway.event.consent_members import values_in
from gateway.event.schema import EventFields
from gateway.event.text import folded
from gateway.stages.consent.categories import MANAGED

_KNOWN = OTHER_CASES.union([MANAGED], STATEMENT_FIELDS, EventFields.__annotations__)
_STATE = "consent_state"
_LOOSE = "consents"
_BY_FOLDED = {
    **{folded(name): name for name in reversed(STATEMENT_FIELDS) if name != UNKNOWN_KEYS},
    CONSENT: _STATE,
}
_SPACE = whitespace + "\ufeff\xa0"
_separators = re.compile(r"[.\[\]]").split


def with_known_names(event: Event, may_be_form: bool = False) -> Event:
    """`event` with each field that has an unknown name with ``consent`` in it under a known one:
    that with the same letters, or otherwise `_LOOSE`, whose readers look for consent types alone.
    The values of fields that then have one name become a list. The same object if there are none.

    A `consent` with spaces around its name denies everything if it cannot be read, as one without
    them does; not so with `may_be_form`, where it may be a text that a person entered.
    """
    if _KNOWN.issuperset(event):  # as in most; takes a third of the time of looking at each name
        return event
    named: Event = {}
    renamed: dict[str, list[Any]] = {}
    for name, value in event.items():
        if name in _KNOWN or CONSENT not in name.lower():
            named[name] = value
        else:
            first, *inner = [part for part in _separators(name, MAX_DEPTH) if part.strip()]
            known = _BY_FOLDED.get(folded(first), _LOOSE)
            stated = [_nested(inner, value)]
            if not may_be_form and name.strip(_SPACE).lower() == CONSENT:
                stated = [*statements_in(value)]
            renamed.setdefault(known, []).extend(stated)
    if not renamed:
        return event
    for name, values in renamed.items():
        values = [*values_in(named.get(name)), *values]
        named[name] = values[0] if len(values) == 1 else values
    return named


def _nested(path: list[str], value: Any) -> Any:
    for name in reversed(path):
        value = {name: value}
    return value
