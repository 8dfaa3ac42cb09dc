"""The consent strings of IAB's Transparency and Consent Frameworks: of Europe, versions 2.2 and
2.3, and of Canada.

Sources: github.com/InteractiveAdvertisingBureau/GDPR-Transparency-and-Consent-Framework,
TCFv2/IAB Tech Lab - Consent string and vendor list formats v2;
github.com/InteractiveAdvertisingBureau/Global-Privacy-Platform, Sections/Canada
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from gateway.stages.consent.bits import Bits, Numbers
from gateway.stages.consent.settings import TcfSettings
from gateway.stages.consent.types import States, UnreadableString, denials_in

DISCLOSURE_REQUIRED = datetime(2026, 2, 28, tzinfo=UTC).timestamp()
"""Strings from this time on (Unix seconds) are invalid without disclosed vendors (TCF 2.3)."""

_DISCLOSED_VENDORS = 1
_REQUIRE_CONSENT = 1

_UNUSED_IN_CANADA = 1
"""A purpose. In Canada, storage needs no consent."""


@dataclass(frozen=True, slots=True)
class Restriction:
    """What a site allows `vendors` to do for one purpose, regardless of the visitor's consent.

    kind: 0 nothing, 1 only with consent, 2 only by legitimate interest.
    """

    purpose: int
    kind: int
    vendors: Numbers


@dataclass(frozen=True, slots=True)
class TcString:
    """updated: Unix seconds. purposes, vendors: those with consent. disclosed: the vendors that
    were disclosed to the visitor; None if the string does not say.
    """

    updated: float
    service_specific: bool
    purposes: Numbers
    vendors: Numbers
    restrictions: tuple[Restriction, ...]
    disclosed: Numbers | None

    def allows(self, purpose: int, vendor: int) -> bool:
        """Whether the site's restrictions let `vendor` rely on consent to `purpose`."""
        return not any(
            restriction.kind != _REQUIRE_CONSENT
            and restriction.purpose == purpose
            and vendor in restriction.vendors
            for restriction in self.restrictions
        )


_EVERYONE = Numbers(-1, 0xFFFF)
"""Every vendor; used when the vendors with consent cannot be read."""


class _BrokenOff(UnreadableString):
    """A TC string that is damaged after its purposes. `string` has the part before the damage; in
    place of the rest it allows everything."""

    def __init__(self, string: TcString) -> None:
        super().__init__()
        self.string = string


def read_tcf(text: str, settings: TcfSettings) -> States:
    """What the TC string `text` says.

    Raises `UnreadableString`: ``unreadable``, or ``outdated`` for a string that is no longer valid
    (for many sites at once, or without the disclosed vendors that 2.3 requires). The exception
    carries the denials in the string, even if it is damaged after its purposes.
    """
    try:
        string = decode_tcf(text)
    except _BrokenOff as broken:
        raise UnreadableString(denials=denials_in(_states(broken.string, settings))) from None
    states = _states(string, settings)
    without_vendors = string.disclosed is None and string.updated >= DISCLOSURE_REQUIRED
    if without_vendors or not string.service_specific:
        raise UnreadableString("outdated", denials_in(states))
    return states


def denied_in_canada(text: str, settings: TcfSettings) -> States:
    """The types that Canada's string `text` denies: those with a purpose that has neither express
    nor implied consent. It grants no type, because the vendors with consent are not read.

    Raises `UnreadableString`.
    """
    bits = Bits(text.partition(".")[0])
    if bits.take(6) != 1:
        raise UnreadableString
    bits.skip(36 + 36)  # created, updated
    bits.skip(12 + 12 + 6 + 12 + 12 + 6)  # consent manager, screen, language, list, policy
    bits.skip(1 + 12)  # stacks, special features
    express, implied = bits.numbers(24), bits.numbers(24)
    return {
        name: "denied"
        for name, purposes in settings.purposes.items()
        if not all(
            purpose in express or purpose in implied or purpose == _UNUSED_IN_CANADA
            for purpose in purposes
        )
    }


def _states(string: TcString, settings: TcfSettings) -> States:
    return {
        name: "granted"
        if _consented(string, purposes, settings.vendor if name.startswith("ad_") else None)
        else "denied"
        for name, purposes in settings.purposes.items()
    }


def _consented(string: TcString, purposes: list[int], vendor: int | None) -> bool:
    if not all(purpose in string.purposes for purpose in purposes):
        return False
    if vendor is None:
        return True
    disclosed = string.disclosed is None or vendor in string.disclosed
    return (
        disclosed
        and vendor in string.vendors
        and all(string.allows(purpose, vendor) for purpose in purposes)
    )


def decode_tcf(text: str) -> TcString:
    """The TC string `text`, valid or not. Raises `UnreadableString`."""
    core, *others = text.split(".")
    bits = Bits(core)
    if bits.take(6) != 2:
        raise UnreadableString
    bits.skip(36)  # created
    updated = bits.take(36) / 10
    bits.skip(12 + 12 + 6 + 12 + 12 + 6)  # consent manager, screen, language, list, policy
    service_specific = bool(bits.take(1))
    bits.skip(1 + 12)  # texts, special features
    purposes = bits.numbers(24)
    vendors, restrictions = _EVERYONE, tuple[Restriction, ...]()
    try:
        bits.skip(24 + 1 + 12)  # legitimate interests, treatment of purpose 1, country
        vendors = _vendors(bits)
        _vendors(bits)  # legitimate interests
        restrictions = tuple(_restrictions(bits))
        bits.check()
        disclosed = _disclosed(others)
    except UnreadableString:
        raise _BrokenOff(
            TcString(updated, service_specific, purposes, vendors, restrictions, None)
        ) from None
    return TcString(updated, service_specific, purposes, vendors, restrictions, disclosed)


def _disclosed(segments: list[str]) -> Numbers | None:
    for segment in segments:
        bits = Bits(segment)
        if bits.take(3) == _DISCLOSED_VENDORS:
            disclosed = _vendors(bits)
            bits.check()
            return disclosed
    return None


def _vendors(bits: Bits) -> Numbers:
    size = bits.take(16)
    return _ranges(bits, size) if bits.take(1) else bits.numbers(size)


def _restrictions(bits: Bits) -> Iterator[Restriction]:
    for _ in range(bits.take(12)):
        yield Restriction(bits.take(6), bits.take(2), _ranges(bits, 0xFFFF))


def _ranges(bits: Bits, size: int) -> Numbers:
    members = 0
    for _ in range(bits.take(12)):
        is_range = bits.take(1)
        first = bits.take(16)
        last = bits.take(16) if is_range else first
        if not 0 < first <= last <= size:
            raise UnreadableString
        members |= ((1 << (last - first + 1)) - 1) << (size - last)
    return Numbers(members, size)
