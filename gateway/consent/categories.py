"""Choices by the categories of a consent manager, and what they mean in Consent Mode's types."""

from collections.abc import Iterable, Mapping
from typing import Any

from gateway.consent.statement import States

Choices = dict[str, bool]
"""Whether the visitor agreed, by the id of a category or service."""

Meanings = Mapping[str, Iterable[str]]
"""The consent types that a category stands for, by its id."""


def states_of(choices: Iterable[tuple[str, bool]], meanings: Meanings) -> States:
    """A type of several categories is denied when one of them is; unknown ones say nothing."""
    states: dict[str, str] = {}
    for category, agreed in choices:
        for name in meanings.get(category, ()):
            if not agreed:
                states[name] = "denied"
            else:
                states.setdefault(name, "granted")
    return states


def categories_of(context: Mapping[str, Any]) -> Choices:
    """The visitor's choices in the `context` of a Segment or RudderStack message.

    Sources: segment.com/docs/privacy/consent-management (``consent.categoryPreferences``) and
    rudderstack.com/docs/data-governance/consent-management (``consentManagement``).
    """
    consent = context.get("consent")
    preferences = consent.get("categoryPreferences") if isinstance(consent, dict) else None
    choices = (
        {name: agreed for name, agreed in preferences.items() if isinstance(agreed, bool)}
        if isinstance(preferences, dict)
        else {}
    )
    managed = context.get("consentManagement")
    if isinstance(managed, dict):
        choices |= dict.fromkeys(_ids(managed.get("allowedConsentIds")), True)
        choices |= dict.fromkeys(_ids(managed.get("deniedConsentIds")), False)
    return choices


def _ids(value: object) -> list[str]:
    return [name for name in value if isinstance(name, str)] if isinstance(value, list) else []
