"""The words for the consent by which events are counted."""

from __future__ import annotations

from collections.abc import Mapping

ADS, ANALYTICS = "ads", "analytics"


def consent_in_words(states: Mapping[str, str]) -> str:
    """Such as ``ads granted, analytics denied``."""
    ads, analytics = (states.get(name, "unset") for name in ("ad_storage", "analytics_storage"))
    return f"{ADS} {ads}, {ANALYTICS} {analytics}"


def granted_in_words(consent: str) -> set[str]:
    """Which of `ADS` and `ANALYTICS` are granted. consent: as `consent_in_words` returns it."""
    parts = (part.partition(" ") for part in consent.split(", "))
    return {kind for kind, _, state in parts if state == "granted"}
