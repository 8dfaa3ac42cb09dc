"""Consent in rules: they can deny it, and never grant it.

Removing a state counts as a grant too: to destinations, a type without a state is not denied.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from gateway.event.consent import CONSENT, CONSENT_TYPES, States, strictest

ONLY_DENY = "a rule can only deny consent; write `set: {consent.ad_storage: denied}`"

_DENIED = "denied"
_PATHS = frozenset(f"{CONSENT}.{name}" for name in CONSENT_TYPES)


def is_of_consent(path: str) -> bool:
    """Whether `path` leads to an event's consent or to a part of it."""
    return path.partition(".")[0] == CONSENT


def checked_untouched(paths: Iterable[str]) -> None:
    """Raises `ValueError` when one of `paths`, which an action moves, removes or makes, is of
    consent."""
    for path in paths:
        if is_of_consent(path):
            raise ValueError(f"{path}: {ONLY_DENY}")


def checked_denials(results: Mapping[str, Iterable[Any]]) -> None:
    """Raises `ValueError` if a part of consent can get any value but a denial.

    results: by path, the values that an action may set, as the field holds them.
    """
    for path, values in results.items():
        if is_of_consent(path) and (path not in _PATHS or any(each != _DENIED for each in values)):
            raise ValueError(f"{path}: {ONLY_DENY}")


def with_denials_only(before: States, after: States) -> States:
    """The consent `after`, reduced so that it can only deny more than `before` does."""
    states = strictest([before, after])
    return {name: state for name, state in states.items() if state == _DENIED or name in before}
