"""Statements about consent: finds the fields that state it, and joins several into one value.

Of a repeated field, usually the last value counts. Of a repeated statement all values are kept, so
that no denial is lost; the consent stage reads them.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from gateway.event import Event
from gateway.event.consent import (
    CONSENT,
    OTHER_SPELLINGS,
    TYPE_FIELDS,
    has_denial,
)
from gateway.event.consent_members import CATEGORIES
from gateway.stages.consent.categories import choices_in, merged

MAX_STATEMENTS = 21
"""Values of one field: one more than the consent stage reads, which makes it deny. Further values
could not change that."""

_SPELLINGS = frozenset(map(str.lower, (*OTHER_SPELLINGS, *TYPE_FIELDS)))
_NAMES = re.compile(
    r"(?:x-ga-(?:mp2-)?|ep\.|sst\.)?"
    r"(?:consent.*|gcs|gcd|npa|gdpr|gdpr_consent|tc_string|gpp|gpp_sid|us_privacy|gpc)"
    r"|epn\.consent(?:[.\[].*)?",
    re.IGNORECASE | re.DOTALL,
)
"""The event's fields and, with prefixes, those of Google's tags."""

_IN_CONSENT = re.compile(r"(?:ep\.)?consent\w*(?:[.\[]|%2e|%5b)(?!\]|%5d|$)", re.IGNORECASE)
_DENIALS = frozenset(["", "0", "false", "no"])
_opens_json = re.compile(r"\s*(?:\{|\[\s*\{)").match


def is_statement(name: str) -> bool:
    """Whether the field `name` states something about consent, as any may that has ``consent`` in
    its name: ``analytics_consent``, ``visitorConsent.ad_storage``."""
    lower = name.lower()
    if CONSENT in lower and CONSENT in lower.partition(".")[0].partition("[")[0]:
        return True
    return lower in _SPELLINGS or _NAMES.fullmatch(name) is not None


def names_a_type(name: str) -> bool:
    """Whether `name`, decoded or not, leads into consent: ``consent.ad_storage`` or
    ``consent[ad_storage]``. Such a field denies when it is empty.
    """
    return _IN_CONSENT.match(name) is not None


def denies(text: str) -> bool:
    """Whether `text` denies: it contains ``denied``, or is another word that denies."""
    text = text.strip().lower()
    return "denied" in text or text in _DENIALS or (len(text.split()) == 1 and has_denial(text))


def states_consent(value: object) -> bool:
    """Whether a property called `consent`, in a protocol that has no such field, states anything.

    Pages have their own properties of that name, such as ``true`` or ``I agree`` from a form. They
    neither grant nor deny. The text ``[object Object]``, made of an object, states nothing either.
    """
    if isinstance(value, str):
        return _opens_json(value) is not None or denies(value)
    return isinstance(value, dict | list) or value == 0


def several(values: Iterable[Any]) -> Any:
    """`values` of one field as one value: the only one, or a list of those that differ."""
    kept: list[Any] = []
    for value in values:
        if len(kept) == MAX_STATEMENTS:
            break
        if isinstance(value, dict | list) or value not in kept:
            kept.append(value)
    return kept[0] if len(kept) == 1 else kept


def as_values(value: Any) -> list[Any]:
    """The values that `several` joined."""
    return value if isinstance(value, list) else [value]


def last_or_all(
    fields: list[tuple[str, str]], counts_always: Callable[[str], bool] = is_statement
) -> dict[str, Any]:
    """`fields` by name: the last value of a repeated one, or all values if `counts_always`."""
    by_name: dict[str, Any] = dict(fields)
    if len(by_name) == len(fields):
        return by_name
    values: dict[str, list[str]] = {}
    for name, value in fields:
        values.setdefault(name, []).append(value)
    repeated = (name for name in values if len(values[name]) > 1)
    return by_name | {name: several(values[name]) for name in repeated if counts_always(name)}


def statements_in(message: Mapping[str, Any]) -> Event:
    """The fields of `message` that state consent. An empty value only does so for a named type."""
    return {
        name: value
        for name, value in message.items()
        if is_statement(name) and (not is_empty(value) or (value == "" and names_a_type(name)))
    }


def with_statements(message: Event, envelope: Mapping[str, Any]) -> Event:
    """`message` with the statements of its `envelope` placed before its own."""
    if not envelope:
        return message
    own = statements_in(message)
    repeated = {name: own[name] for name in envelope.keys() & own.keys()}
    return {**message, **joined([envelope, repeated])}


def joined(statements: Iterable[Mapping[str, Any]]) -> Event:
    """All `statements`, fields and values, as one. Several values of a field become a list."""
    values: dict[str, list[Any]] = {}
    for stated in statements:
        for name, value in stated.items():
            values.setdefault(name, []).append(value)
    return {name: _joined(name, each) for name, each in values.items()}


def _joined(name: str, values: list[Any]) -> Any:
    if len(values) == 1:
        return values[0]
    if name == CATEGORIES:
        return merged(choices_in(each, name) for each in values)
    return several(one for each in values for one in as_values(each))


def is_empty(value: object) -> bool:
    """Whether `value` says nothing."""
    return value is None or value in ("", {}, [])
