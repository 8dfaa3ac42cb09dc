"""Consent in the hits of Google's tags: the strings ``gcd`` and ``gcs``.

``gcs`` is ``G1``, then ad_storage and analytics_storage as ``1`` granted, ``0`` denied, ``-``
unset. ``gcd`` holds, after a version digit, two characters for each type of `_GCD_TYPES`; read
as six bits they are delegation and implicit state, then declared, default and updated state,
two bits each. What a container sets as its own defaults stands in the last two characters.

Sources: developers.google.com/tag-platform/security/concepts/consent-mode for the types; the
layout as gtag.js writes it (release of March 2026).
"""

from collections.abc import Mapping
from string import ascii_lowercase, ascii_uppercase, digits

from gateway.consent.statement import UnreadableString

Consent = dict[str, str]
"""`granted` or `denied` by consent type; a type about which nothing was said is absent."""

_GCD_TYPES = ("ad_storage", "analytics_storage", "ad_user_data", "ad_personalization")
_GCS_STATES = {"1": "granted", "0": "denied", "-": ""}
_STATES = {2: "denied", 3: "granted"}
_INDEX = {
    sign: index for index, sign in enumerate(digits + ascii_lowercase + ascii_uppercase + "-_")
}


def consent_of(hit: Mapping[str, str]) -> Consent:
    """What the page said in the parameters `hit`: in ``gcd``, or else in ``gcs``.

    ``npa=1`` (no personalised ads) denies ad_personalization, whatever else is said of it. A
    string that cannot be read says nothing.
    """
    consent: Consent = {}
    for read, name in ((read_gcd, "gcd"), (read_gcs, "gcs")):
        try:
            consent = read(hit.get(name, ""))
            break
        except UnreadableString:
            continue
    if hit.get("npa") == "1":
        consent["ad_personalization"] = "denied"
    return consent


def read_gcs(gcs: str) -> Consent:
    """Raises `UnreadableString`."""
    if len(gcs) != 4 or not gcs.startswith("G1") or not set(gcs[2:]) <= _GCS_STATES.keys():
        raise UnreadableString
    states = {"ad_storage": gcs[2], "analytics_storage": gcs[3]}
    return {kind: _GCS_STATES[state] for kind, state in states.items() if _GCS_STATES[state]}


def read_gcd(gcd: str) -> Consent:
    """Raises `UnreadableString`.

    The implicit state is what the tag assumes when the page says nothing: not a consent, so it
    is left out, and the gateway's own default decides.
    """
    bits = [_INDEX.get(sign) for sign in gcd]
    if len(bits) < 9 or bits[0] != 1 or None in bits[1:9]:
        raise UnreadableString
    container = _container_defaults(bits)
    consent = {}
    for position, kind in enumerate(_GCD_TYPES):
        said = bits[2 + 2 * position] or 0
        for state in (said & 3, container[position], said >> 2 & 3, said >> 4):
            if state in _STATES:
                consent[kind] = _STATES[state]
                break
    return consent


def _container_defaults(bits: list[int | None]) -> tuple[int, int, int, int]:
    """States by type, 0 where the container sets none. Strings of ten characters have none."""
    if len(bits) < 12 or bits[10] is None or bits[11] is None or not bits[11] >> 2:
        return 0, 0, 0, 0
    return bits[10] >> 4, bits[10] >> 2 & 3, bits[10] & 3, bits[11] & 3
