"""Renames statements about consent to the names that their readers know, however a sender spells
them: ``Consent State``, ``" consent"``, ``visitorConsent.ad_storage``."""

import re
from typing import Any

from destinations.trimming import trimmed
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
from gateway.stages.consent.other_fields import objects_in, types_alone

_KNOWN = OTHER_CASES.union([MANAGED], STATEMENT_FIELDS, EventFields.__annotations__)
_STATE = "consent_state"
_DEFAULT = "consent_default"
_LOOSE = "consents"
_BY_FOLDED = {
    **{folded(name): name for name in reversed(STATEMENT_FIELDS) if name != UNKNOWN_KEYS},
    CONSENT: _STATE,
}
_is_default = re.compile("default|initial").search
_separators = re.compile(r"[.\[\]]").split


def with_known_names(event: Event, may_be_form: bool = False) -> Event:
    """`event` with each field that has an unknown name with ``consent`` in it under a known one:
    that with the same letters, or otherwise `_LOOSE`, whose readers look for consent types alone.
    The values of fields that then have one name become a list. The same object if there are none.

    A `consent` with spaces around its name denies everything if it cannot be read, as one without
    them does; not so with `may_be_form`, where it may be a text that a person entered. Types under
    a name with ``default`` or ``initial`` in it are the defaults of the page.
    """
    if _KNOWN.issuperset(event):  # as in most; takes a third of the time of looking at each name
        return event
    named: Event = {}
    renamed: dict[str, list[Any]] = {}
    for name, value in event.items():
        if name in _KNOWN or CONSENT not in name.lower():
            named[name] = value
        else:
            known, stated = _known(name, value, may_be_form)
            renamed.setdefault(known, []).extend(stated)
    if not renamed:
        return event
    for name, values in renamed.items():
        values = [*values_in(named.get(name)), *values]
        named[name] = values[0] if len(values) == 1 else values
    return named


def _known(name: str, value: Any, may_be_form: bool) -> tuple[str, list[Any]]:
    """The known name for `name`, and what its `value` states under that name."""
    first, *inner = [part for part in _separators(name, MAX_DEPTH) if part.strip()]
    form = folded(first)
    if form not in _BY_FOLDED and _is_default(form):
        return _DEFAULT, types_alone([*objects_in(_nested(inner, value))])
    if not may_be_form and trimmed(name).lower() == CONSENT:
        return _STATE, [*statements_in(value)]
    return _BY_FOLDED.get(form, _LOOSE), [_nested(inner, value)]


def _nested(path: list[str], value: Any) -> Any:
    for name in reversed(path):
        value = {name: value}
    return value
