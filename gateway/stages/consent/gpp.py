"""IAB's Global Privacy Platform string: a header, and one section for each law.

Reads the TCF strings of the EU and of Canada, the US Privacy string, and the sections of the USA
with their Global Privacy Control segment. Any other section counts as unreadable.

Source: github.com/InteractiveAdvertisingBureau/Global-Privacy-Platform, Core and Sections
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from gateway.stages.consent import us_privacy
from gateway.stages.consent.bits import Bits
from gateway.stages.consent.types import UnreadableString

_HEADER, _HEADER_VERSION = 3, 1
_TCF_EU, _TCF_CANADA, _US_PRIVACY = 2, 5, 6
_US_NATIONAL, _CALIFORNIA, _RHODE_ISLAND = 7, 8, 27
_STATES = range(_CALIFORNIA, _RHODE_ISLAND + 1)
_BEFORE_OPT_OUTS = {_US_NATIONAL: 6, 11: 4, 18: 4, 24: 5, 25: 5, 26: 5, 27: 5}
"""Number of fields between the version and the opt-outs: one for each notice, three in most states.
Utah and Iowa have four; Maryland, Indiana, Kentucky and Rhode Island begin with who is covered."""

_WITHOUT_GPC = (25, 26, 27)
"""Indiana, Kentucky, Rhode Island: their second segment is about sensitive data."""

_GPC_SEGMENT = 1
_OPTED_OUT = 1

_SIDS = 100
"""Section ids in one header; there are two dozen sections."""


@dataclass(frozen=True, slots=True)
class Gpp:
    """What a GPP string says.

    tc_string: of the EU section, or empty. opted_out: of sale, sharing or targeted advertising.
    gpc: Global Privacy Control was on. unreadable: a section in force cannot be read; the others
    still count. canada: the section of Canada, or empty.
    """

    tc_string: str = ""
    opted_out: bool = False
    gpc: bool = False
    unreadable: bool = False
    canada: str = ""


def read_gpp(text: str, applicable: str = "") -> Gpp:
    """What the sections of the GPP string `text` say.

    applicable: ids of the sections in force (``gpp_sid``), with any separators. If it names none,
    all sections are read; -1 alone means that no section is in force. The readable part before
    damage counts. Raises `UnreadableString` if the sections cannot be told apart.
    """
    in_force = sections_in_force(applicable)
    tc_string, canada, opted_out, gpc, unreadable = "", "", False, False, False
    for number, section in sections_of(text):
        if in_force and number not in in_force:
            continue
        if number == _TCF_EU:
            tc_string = section
            unreadable |= not section
        elif number == _TCF_CANADA:
            canada = section
            unreadable |= not section
        elif number in (_US_PRIVACY, _US_NATIONAL) or number in _STATES:
            said = _of_us_privacy(section) if number == _US_PRIVACY else _of_state(number, section)
            opted_out |= said.opted_out
            gpc |= said.gpc
            unreadable |= said.unreadable
        else:
            unreadable = True
    return Gpp(tc_string, opted_out, gpc, unreadable, canada)


def sections_in_force(applicable: str) -> set[int]:
    """The ids in a ``gpp_sid``; -1 says that none is in force."""
    return {int(number) for number in re.findall(r"-?[0-9]{1,4}", applicable)} - {0}


def sections_of(text: str) -> list[tuple[int, str]]:
    """The sections of the GPP string `text` with their ids; empty where the text is cut off.

    Raises `UnreadableString`.
    """
    header, *sections = text.split("~")
    bits = Bits(header)
    bits.check()
    if bits.take(6) != _HEADER or bits.take(6) != _HEADER_VERSION:
        raise UnreadableString
    ids = list(_section_ids(bits))
    if not ids and not sections:  # DBAA: no section applies
        return []
    if not 0 < len(sections) <= len(ids):
        raise UnreadableString
    sections += [""] * (len(ids) - len(sections))
    return list(zip(ids, sections, strict=True))


def _of_us_privacy(section: str) -> Gpp:
    try:
        return Gpp(opted_out=us_privacy.opted_out(section))
    except UnreadableString as why:
        return Gpp(opted_out=bool(why.denials), unreadable=True)


def _of_state(number: int, section: str) -> Gpp:
    """What the section of a state, or the national one, says. Damage in the core or in one
    segment does not keep the others from being read."""
    core, *segments = section.split(".")
    opted_out, gpc, unreadable = False, False, False
    try:
        bits = Bits(core)
        for opt_out in _opt_outs(number, bits):
            opted_out |= opt_out == _OPTED_OUT
        bits.check()
    except UnreadableString:
        unreadable = True
    for segment in segments if number not in _WITHOUT_GPC else ():
        try:
            bits = Bits(segment)
            gpc |= _has_gpc(bits)
            bits.check()
        except UnreadableString:
            unreadable = True
    return Gpp("", opted_out, gpc, unreadable)


def _section_ids(bits: Bits) -> Iterator[int]:
    """Numbers and ranges in Fibonacci code, each relative to the one before."""
    last = 0
    for _ in range(bits.take(12)):
        is_range = bits.take(1)
        first = last + bits.fibonacci()
        last = first + bits.fibonacci() if is_range else first
        if last > _SIDS:
            raise UnreadableString
        yield from range(first, last + 1)


def _opt_outs(section: int, bits: Bits) -> Iterator[int]:
    """The opt-outs: 0 does not apply, 1 opted out, 2 did not opt out.

    They are of sale and of targeted advertising; in California of sale and of sharing; in the
    national section of all three. Every field but the version has two bits.
    """
    version = bits.take(6)
    if version != 1 and not (version == 2 and section == _US_NATIONAL):
        raise UnreadableString
    bits.skip(2 * _BEFORE_OPT_OUTS.get(section, 3))
    for _ in range(3 if section == _US_NATIONAL else 2):
        yield bits.take(2)


def _has_gpc(bits: Bits) -> bool:
    return bits.take(2) == _GPC_SEGMENT and bits.take(1) == 1
