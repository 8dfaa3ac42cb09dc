"""Consent in the hits of Google's tags: the strings ``gcd`` and ``gcs``.

``gcs`` is ``G1``, then ad_storage and analytics_storage as ``1`` granted, ``0`` denied, ``-``
unset. ``gcd`` holds, after a version digit, two characters for each type of `_GCD_TYPES`; read
as six bits they are delegation and implicit state, then declared, default and updated state,
two bits each. One bit of the next character is Global Privacy Control. The last two characters hold
the defaults that a container sets.

Sources: developers.google.com/tag-platform/security/concepts/consent-mode for the types; the
layout as gtag.js writes it (release of March 2026).
"""

from collections.abc import Callable
from functools import lru_cache
from string import ascii_lowercase, ascii_uppercase, digits
from typing import NamedTuple

from gateway.stages.consent.types import UnreadableString, denials_in

Consent = dict[str, str]
"""`granted` or `denied` by consent type; a type that is not stated is absent."""


class Gcd(NamedTuple):
    """What ``gcd`` says. said: the visitor's choices. defaults: the states that the page, its
    container or its region set before, of the types that `said` does not mention. gpc: Global
    Privacy Control was on."""

    said: Consent
    defaults: Consent
    gpc: bool


_REMEMBERED = 1_024
"""Pairs of strings; a site has a few dozen."""
_LONGEST = 100
"""Characters of a string that are read; real strings have about 20."""

_GCD_TYPES = ("ad_storage", "analytics_storage", "ad_user_data", "ad_personalization")
_GCS_STATES = {"1": "granted", "0": "denied", "-": ""}
_STATES = {2: "denied", 3: "granted"}
_GPC = 8
_INDEX = {
    sign: index for index, sign in enumerate(digits + ascii_lowercase + ascii_uppercase + "-_")
}


def read_gcs(gcs: str) -> Consent:
    """Raises `UnreadableString`, with the denials that precede the unreadable part."""
    consent = {
        kind: _GCS_STATES[sign]
        for kind, sign in zip(("ad_storage", "analytics_storage"), gcs[2:], strict=False)
        if _GCS_STATES.get(sign)
    }
    if not gcs.startswith("G1"):
        raise UnreadableString
    if len(gcs) != 4 or not set(gcs[2:]) <= _GCS_STATES.keys():
        raise UnreadableString(denials=denials_in(consent))
    return consent


def read_gcd(gcd: str) -> Gcd:
    """Raises `UnreadableString`, with the denials that precede the unreadable part.

    The implicit state, which the tag assumes when the page says nothing, is not consent. It is
    left out, so that the gateway's own default decides.
    """
    bits = [_INDEX.get(sign) for sign in gcd]
    if not bits or bits[0] != 1:
        raise UnreadableString
    container = _container_defaults(bits)
    said, defaults = {}, {}
    for position, kind in enumerate(_GCD_TYPES):
        states = bits[2 + 2 * position] if len(bits) > 2 + 2 * position else None
        if states is None:
            break
        if (update := states & 3) in _STATES:
            said[kind] = _STATES[update]
            continue
        for default in (container[position], states >> 2 & 3, states >> 4):
            if default in _STATES:
                defaults[kind] = _STATES[default]
                break
    if len(bits) < 9 or None in bits[1:9]:
        raise UnreadableString(denials=denials_in({**defaults, **said}))
    return Gcd(said, defaults, bool(len(bits) > 9 and bits[9] and bits[9] & _GPC))


def denies_analytics(gcd: str, gcs: str) -> bool:
    """Whether a tag runs without analytics_storage: by default, or since an update."""
    return _denies_analytics(gcd[:_LONGEST], gcs[:_LONGEST])


@lru_cache(_REMEMBERED)
def _denies_analytics(gcd: str, gcs: str) -> bool:
    return "denied" in (_analytics(_current, gcd), _analytics(read_gcs, gcs))


def _current(gcd: str) -> Consent:
    read = read_gcd(gcd)
    return {**read.defaults, **read.said}


def _analytics(read: Callable[[str], Consent], text: str) -> str | None:
    try:
        return read(text).get("analytics_storage")
    except UnreadableString as why:
        return why.denials.get("analytics_storage")


def _container_defaults(bits: list[int | None]) -> tuple[int, int, int, int]:
    """States by type, 0 where the container sets none. Strings of ten characters have none."""
    if len(bits) < 12 or bits[10] is None or bits[11] is None or not bits[11] >> 2:
        return 0, 0, 0, 0
    return bits[10] >> 4, bits[10] >> 2 & 3, bits[10] & 3, bits[11] & 3
