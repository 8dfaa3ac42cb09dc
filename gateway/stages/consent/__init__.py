"""Consent: what the visitor allowed, from every place where a site may have said so.

What any source denies is denied; what is granted must be granted by one that can be read, or by the
default of a place that is known; `combine` has the rule, `stage` the sources. A browser that sends
Global Privacy Control, and a visitor who opted out by the laws of the USA, opts out of sale and
sharing.

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
