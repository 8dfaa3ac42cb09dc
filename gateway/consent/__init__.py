"""Consent: what the visitor allowed, from every place where a site may have said so.

Each of Consent Mode's types is decided by the most trusted source that mentions it; `stage` has
the order. A browser that sends Global Privacy Control, and a visitor who opted out by the laws of
the USA, opts out of sale and sharing whatever else was said.

Consent types: developers.google.com/tag-platform/security/concepts/consent-mode
Global Privacy Control: w3c.github.io/gpc
"""

from gateway.consent.categories import categories_of
from gateway.consent.settings import (
    ConsentSettings,
    ConsentType,
    HoldSettings,
    RegionDefault,
    TcfSettings,
)
from gateway.consent.stage import Consented, compile_consent, missing

__all__ = [
    "ConsentSettings",
    "ConsentType",
    "Consented",
    "HoldSettings",
    "RegionDefault",
    "TcfSettings",
    "categories_of",
    "compile_consent",
    "missing",
]
