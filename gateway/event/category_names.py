"""The usual category names of consent managers, as Consent Mode's types."""

from collections.abc import Mapping

from gateway.event.consent import CONSENT_TYPES
from gateway.event.text import folded

NECESSARY = ("security_storage",)
_NAMES: Mapping[tuple[str, ...], str] = {
    ("ad_storage", "ad_user_data", "ad_personalization"): (
        "advertising advertisement advertisements ads marketing targeting targetedadvertising "
        "remarketing retargeting c0004"
    ),
    ("analytics_storage",): (
        "analytics analytical statistics statistical performance measurement c0002"
    ),
    ("functionality_storage", "personalization_storage"): (
        "functional functionality preference preferences personalization personalisation c0003"
    ),
    NECESSARY: "necessary strictlynecessary essential strictlyessential c0001",
}

USUAL_CATEGORIES: Mapping[str, tuple[str, ...]] = {
    **{name: types for types, names in _NAMES.items() for name in names.split()},
    **{folded(name): (name,) for name in CONSENT_TYPES},
}
"""Consent types by the name of the category, `folded`.

``C0001`` to ``C0004`` are OneTrust's groups. Source: my.onetrust.com, "OneTrust Cookies"
"""


def is_usual_category(name: str) -> bool:
    return folded(name) in USUAL_CATEGORIES
