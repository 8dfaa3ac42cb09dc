"""Consent: what the visitor allowed, from every place where a site may state it.

A type is denied if any signal denies it. Otherwise it is granted only by a signal that can be read
or by a default. `combine` has the rule, and `stage` lists the signals. Global Privacy Control, and
an opt-out under a law of the USA, count as an opt-out of sale and sharing.

Consent types: developers.google.com/tag-platform/security/concepts/consent-mode
Global Privacy Control: w3c.github.io/gpc
"""

from gateway.event.consent import ConsentType
from gateway.stages.consent.answer import granted_by_default
from gateway.stages.consent.categories import categories_of
from gateway.stages.consent.settings import (
    ConsentSettings,
    Defaults,
    HoldSettings,
    RegionDefault,
    TcfSettings,
)
from gateway.stages.consent.signals import consent_needs
from gateway.stages.consent.stage import (
    CLAIMED_LOCATION,
    Consented,
    compile_consent,
    missing,
    withdraws,
)

__all__ = [
    "CLAIMED_LOCATION",
    "ConsentSettings",
    "ConsentType",
    "Consented",
    "Defaults",
    "HoldSettings",
    "RegionDefault",
    "TcfSettings",
    "categories_of",
    "compile_consent",
    "consent_needs",
    "granted_by_default",
    "missing",
    "withdraws",
]
