"""Consent in a hit: the parameters of Consent Mode in Google's tags.

They are made from the gateway's decision, never copied from a tag. ``gcs`` is ``G1`` and two
characters, for ad_storage and analytics_storage. ``gcd`` has, after its version, two characters for
each consent type: a constant, and the default state (the gateway's decision may not be the
visitor's own statement, so it is never written as an update). The rest states that Consent Mode is
in use, and that the container sets nothing of its own.

Source: gtag.js (release of March 2026), as recorded in tests/captures.
"""

from collections.abc import Iterator, Mapping

_TYPES = ("ad_storage", "analytics_storage", "ad_user_data", "ad_personalization")
ALL_DENIED = dict.fromkeys(_TYPES, "denied")

_GCS = {"granted": "1", "denied": "0"}
_GCD = {"granted": "t", "denied": "p"}
_UNKNOWN_GCS, _UNKNOWN_GCD = "-", "l"
_GCD_FORM, _IMPLICIT = "1{states}5l1", "3"


def consent_parameters(states: Mapping[str, str], dma: bool | None) -> Iterator[tuple[str, str]]:
    """The parameters for `states`: ``granted`` or ``denied`` by consent type. dma: whether the tag
    states that the visitor is in the European Economic Area; None if it states nothing."""
    yield "gcs", "G1" + "".join(_GCS.get(states.get(name, ""), _UNKNOWN_GCS) for name in _TYPES[:2])
    signs = (_GCD.get(states.get(name, ""), _UNKNOWN_GCD) for name in _TYPES)
    yield "gcd", _GCD_FORM.format(states="".join(f"{_IMPLICIT}{sign}" for sign in signs))
    yield "npa", "0" if states.get("ad_personalization") == "granted" else "1"
    is_granted = states.get("ad_user_data") == "granted"
    if dma or not is_granted:
        yield "dma_cps", "a" if is_granted else "-"
    if dma is not None:
        yield "dma", "1" if dma else "0"
