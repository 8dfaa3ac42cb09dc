"""The spellings in which events may have an id that an operator types.

An event may have an e-mail address with its domain in Unicode or in Punycode, a phone number with
or without its country code, or only a hash of either: made by the sender, by
`identity.hash_user_id` or by the action ``hash`` of rules. All of these can be made from the id,
but an id cannot be recovered from its hash. So the forms are made when an operator searches.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import phonenumbers

from destinations.normal_form import normal_form
from destinations.normalise import email
from destinations.phones import e164
from gateway.ledger.id_spellings import (
    GMAIL,
    TEL,
    gmail_spelling,
    phone_spelling,
    sha256_in,
    sha256_of,
    spelling,
)

MAX_TYPED = 500
"""Maximum length. Longer texts have one spelling."""

MAX_LABEL = 63
"""Maximum length of a label in a domain. Source: RFC 1035"""

_INVISIBLE = r"[\s\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]"
_at_the_ends = re.compile(rf"^{_INVISIBLE}+|(?<!{_INVISIBLE}){_INVISIBLE}+$")
"""Invisible characters around a text that was copied from a mail or a page."""

_like_a_phone = re.compile(
    rf"(?:{TEL}|\+).{{6,}}|[0(][\W\d_]{{6,}}", re.IGNORECASE | re.DOTALL
).fullmatch
"""Matches texts that look like a phone number: with a plus sign, a zero, a parenthesis or `TEL` at
the beginning. Other digits are more likely an id."""

_NOT_DIGITS = re.compile(r"[^0-9]+")


class Spellings(NamedTuple):
    """The spellings of an id. person: as the id of a person, an e-mail address or a phone number.
    other: as the id of an order or an event. is_contact: whether it is an e-mail address, a phone
    number or a hash, and so cannot be another id. may_be_contact: also true for digits that may be
    a phone number."""

    person: Collection[str]
    other: Collection[str]
    is_contact: bool
    may_be_contact: bool


@dataclass(frozen=True, slots=True)
class TypedIds:
    """Finds the spellings of typed ids. salt: `server.hash_salt`. regions: countries (ISO 3166-1
    alpha-2) in which destinations read phone numbers without a country code."""

    salt: str | None = None
    regions: Collection[str] = ()

    def spellings_of(self, typed: str) -> Spellings:
        text = normal_form("NFC", _at_the_ends.sub("", typed))
        if len(text) > MAX_TYPED:
            has_address = "@" in text
            return Spellings([spelling(text)], [spelling(text)], has_address, has_address)
        addresses = [*_addresses(text)] if "@" in text else []
        is_like_a_phone = _like_a_phone(text) is not None
        numbers = [*_numbers(text, self.regions)] if is_like_a_phone else []
        international = [form for number in numbers for form in (number, number[1:])]
        person = [spelling(text), *self._hashes([text, *addresses, *international]), *numbers]
        person += [gmail_spelling(text)] if addresses else []
        person += [phone_spelling(text)] if is_like_a_phone else []
        person += [phone_spelling(form) for each in numbers for form in self._local_forms(each)]
        is_phone = text[:4].lower() == TEL or (numbers and "+" in text[:2])
        is_contact = bool(is_phone or email(text) or sha256_in(text))
        return Spellings(
            [*dict.fromkeys(filter(None, person))],
            [*dict.fromkeys([spelling(text), *self._hashes([text])])],
            is_contact,
            may_be_contact=is_contact or bool(addresses or numbers),
        )

    def _hashes(self, forms: Iterable[str]) -> Iterator[str]:
        for form in forms:
            yield sha256_of(form)
            if self.salt:
                data = form.encode("utf-8", "surrogatepass")
                yield hmac.digest(self.salt.encode(), data, "sha256").hex()

    def _local_forms(self, number: str) -> Iterator[str]:
        """The ways in which people write the E.164 `number`. Forms without the country code are
        only included if destinations read such numbers in its country: elsewhere the same digits
        belong to another person."""
        parsed = phonenumbers.parse(number)
        code, digits = str(parsed.country_code), number[1:]
        national = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.NATIONAL)
        inland = _NOT_DIGITS.sub("", national)
        yield from (digits, f"00{digits}", f"011{digits}", code + inland)
        if phonenumbers.region_code_for_number(parsed) in self.regions:
            yield from (inland, digits.removeprefix(code))


def _addresses(text: str) -> Iterator[str]:
    """The forms of an e-mail address."""
    address = email(text) or text.lower()
    for form in dict.fromkeys([normal_form("NFC", address), normal_form("NFD", address)]):
        name, _, domain = form.rpartition("@")
        for each in dict.fromkeys([domain, _punycode(domain), _unicode(domain)]):
            yield f"{name}@{each}"
    name, _, domain = address.rpartition("@")
    if domain in GMAIL:
        bare = name.partition("+")[0]
        for each in dict.fromkeys([name, bare, name.replace(".", ""), bare.replace(".", "")]):
            yield from (f"{each}@{known}" for known in GMAIL)


def _punycode(domain: str) -> str:
    """`domain` in the form of IDNA 2008: for labels in lower case and NFC that is just Punycode."""
    labels = normal_form("NFC", domain).split(".")
    return ".".join([each if each.isascii() else _encoded(each) for each in labels])


def _encoded(label: str) -> str:
    return f"xn--{label.encode('punycode').decode()}" if len(label) <= MAX_LABEL else label


def _unicode(domain: str) -> str:
    return ".".join(map(_decoded, domain.split(".")))


def _decoded(label: str) -> str:
    if not (label.startswith("xn--") and label.isascii() and len(label) <= MAX_LABEL):
        return label
    try:
        return label[4:].encode().decode("punycode")
    except UnicodeError:
        return label


def _numbers(text: str, regions: Iterable[str]) -> Iterable[str]:
    """The phone numbers that `text` may be, in E.164."""
    return filter(None, dict.fromkeys(e164(text, region) for region in (None, *regions)))
