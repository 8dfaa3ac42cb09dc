"""Personal data in the form that vendors match on: normalised, then hashed.

Every normaliser accepts text as a person typed it and returns the text to hash or send, or "" if
nothing usable is left. Vendors' rules differ, so each rule names its vendor.

Sources: developers.facebook.com/docs/marketing-api/conversions-api/parameters
(customer-information-parameters) and Meta's two libraries, facebook-business and
capi-param-builder; developers.google.com/analytics/devguides/collection/ga4/uid-data.
"""

import re
from base64 import b64decode
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache, partial
from hashlib import sha256
from string import ascii_lowercase
from typing import Any
from unicodedata import category
from urllib.parse import unquote

from destinations.base import Event
from destinations.casts import to_whole_number
from destinations.dates import read_date
from destinations.hashed_forms import FORMS, Hashing, PhoneHashing, stored_hashes
from destinations.normal_form import normal_form
from destinations.paths import as_text
from destinations.phones import e164, is_region
from destinations.placeholders import PLACEHOLDERS, STARTS, is_placeholder
from destinations.places import (
    canadian_province_code,
    country_code,
    subdivision,
    us_state_code,
)
from destinations.remarks import remark
from destinations.trimming import trimmed

Normaliser = Callable[[str], str]

_DIGEST_LENGTH = 64
_digest = re.compile(
    r"([0-9a-fA-F]{64})(?:\.(?:AQ|Ag|Aw|BA|BQ|Bg|[A-Za-z0-9_-]{8}))?", re.ASCII
).fullmatch
"""A hash, with or without the mark that capi-param-builder appends to its hashes."""

_is_base64 = re.compile(r"[A-Za-z0-9+/_-]{42}[AEIMQUYcgkosw048]=?", re.ASCII).fullmatch
"""32 bytes in Base64, also in the alphabet for URLs."""

_FOR_URLS = str.maketrans("-_", "+/")

_CONTACTS = ("email_address", "phone_number")
"""Fields whose values in clear cannot be taken for Base64. Ids can be."""

_OF_NOTHING = frozenset(sha256(word.encode()).hexdigest() for word in ("", " ", *PLACEHOLDERS))
"""The hashes of an empty value and of placeholders, which some senders hash."""

_WOMAN = ("f", "female", "woman", "girl", "lady", "mrs", "ms", "miss", "she", "her")
_MAN = ("m", "male", "man", "boy", "gentleman", "mr", "sir", "he", "him")
_GENDERS = dict.fromkeys(_WOMAN, "f") | dict.fromkeys(_MAN, "m")


_OF_MANY = frozenset(["city", "country", "first_name", "gender", "postal_code", "region"])
"""Fields whose values many people share."""
_REMEMBERED = 2048
"""How many values of such a field have their hashes cached."""
_LONGEST_REMEMBERED = 100
"""Most characters of a cached value."""


def hashing(field: str, *normalisers: Normaliser, form: str = "") -> Hashing:
    """Returns what hashes `field` of holders: SHA-256 in lower-case hex, without repetition.

    The field has one text or several, each hashed in the form of each normaliser. A text of 64 hex
    digits is a hash already, and so is 32 bytes in Base64 in the place of an e-mail address or a
    phone number. It is kept, here and in ``sha256_<field>``, without a mark that Meta's
    capi-param-builder appended. Anything else in ``sha256_<field>`` is left out, because it may be
    the clear value. Hashes that a sender gave come last, because they may have the form of another
    vendor, and some vendors accept only one. form: the name under which the hashes are stored with
    `hash_at_ingest`, by default made of the names of the functions.
    """
    known = f"sha256_{field}"
    is_contact = field in _CONTACTS
    form = form or "+".join(map(_name_of, normalisers))
    cached = lru_cache(_REMEMBERED)(digests_of) if field in _OF_MANY else digests_of

    def hashed(holders: Iterable[Mapping[str, Any]]) -> list[str]:
        digests: list[str] = []
        for holder in holders:
            given: Sequence[str] = ()
            if known in holder or FORMS in holder:
                given = _given_digests(holder, field, form)
                if _is_stored(holder, field):
                    digests += given
            if field in holder:
                for text in _texts(holder[field]):
                    find = cached if len(text) <= _LONGEST_REMEMBERED else digests_of
                    known_hash = hash_in_base64(text) if is_contact else ""
                    found = _usable(known_hash) if known_hash else find(text, normalisers)
                    if text and not found:
                        remark(f"{field}: removed because its value is not valid")
                    digests += found
            if given:
                digests += given
        return digests if len(digests) < 2 else list(dict.fromkeys(digests))

    return Hashing(field, form, hashed)


def _is_stored(holder: Mapping[str, Any], field: str) -> bool:
    """Whether the hashes of `field` in `holder` were made by the gateway."""
    forms = holder.get(FORMS)
    return isinstance(forms, dict) and field in forms


def _given_digests(holder: Mapping[str, Any], field: str, form: str) -> list[str]:
    """The hashes of `field` in `holder` that a sender gave or that were stored."""
    stored = stored_hashes(holder, field, form) if FORMS in holder else None
    if stored is not None:
        return stored
    digests: list[str] = []
    for text in _texts(holder.get(f"sha256_{field}")):
        if digest := _digest_in(text):
            if digest in _OF_NOTHING:
                remark(f"sha256_{field}: removed because it is the hash of an empty value")
            else:
                digests.append(digest)
        elif text:
            remark(f"sha256_{field}: removed because it is not a SHA-256 digest in hex")
    return digests


def _digest_in(text: str) -> str:
    """The hash that `text` is, in hex or, as some tags write it, in Base64; "" if it is none."""
    if known := _digest(text):
        return known[1].lower()
    return hash_in_base64(text)


def hash_in_base64(text: str) -> str:
    """The SHA-256 digest that `text` is in Base64, in hex; "" if it is none."""
    if len(text) not in (43, 44) or not _is_base64(text):
        return ""
    return b64decode(text.translate(_FOR_URLS).rstrip("=") + "=").hex()


def _usable(digest: str) -> list[str]:
    return [] if digest in _OF_NOTHING else [digest]


def _name_of(function: Callable[..., object]) -> str:
    """The name of `function`, with its module unless it is this one."""
    name = getattr(function, "__qualname__", type(function).__qualname__)
    module = function.__module__
    return name if module == __name__ else f"{module}.{name}"


def hasher(field: str, *normalisers: Normaliser) -> Callable[[Any], list[str]]:
    """Returns what hashes the value that a mapping sets in the vendor's `field`: one text or
    number, or several."""
    hashed = hashing(field, *normalisers)

    def hash_value(value: Any) -> list[str]:
        return hashed([{field: value if isinstance(value, list) else as_text(value)}])

    return hash_value


def digests_of(text: str, normalisers: Sequence[Normaliser]) -> list[str]:
    """`text` itself if it is a hash, else the hashes of its forms. Empty if nothing usable is left,
    for a placeholder, and for the hash of one."""
    if len(text) >= _DIGEST_LENGTH and (known := _digest(text)):
        return _usable(known[1].lower())
    if text[:1] in STARTS and is_placeholder(text):
        return []
    digests, before = [], ""
    for normalise in normalisers:
        form = normalise(text)
        if form and form != before:  # two forms of a name are mostly the same
            digests.append(sha256(form.encode("utf-8", "replace")).hexdigest())
            before = form
    return digests


def in_clear(text: str) -> str:
    """`text`, trimmed, for a field that a vendor accepts in clear; "" for a hash, which is useless
    there."""
    text = text.strip()
    return "" if len(text) >= _DIGEST_LENGTH and _digest(text) else text


def addresses(user_data: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The addresses in ``user_data``, which has none, one or several."""
    found = user_data.get("address", [])
    return found if isinstance(found, list) else [found]


def _texts(value: Any) -> list[str]:
    if value is None:
        return []
    if isinstance(value, str):
        return [trimmed(value)]
    if isinstance(value, list):
        return [trimmed(text) if isinstance(text, str) else _digits(text) for text in value]
    return [_digits(value)]


def _digits(value: Any) -> str:
    """A whole number as text; "" for any other value."""
    number = to_whole_number(value)
    return "" if number is None else str(number)


def _lower(text: str) -> str:
    return normal_form("NFC", text).strip().lower()


class _Only(dict[int, int | None]):
    r"""A table for ``str.translate`` that keeps the characters in the general categories `kinds`:
    Letter, Mark, Number, Z space. A character is looked up when it first occurs.

    ``isalpha`` and ``\w`` exclude marks, and would break the names of half of Asia.
    """

    def __init__(self, kinds: str) -> None:
        self._kinds = kinds

    def __missing__(self, code: int) -> int | None:
        left = self[code] = code if category(chr(code))[0] in self._kinds else None
        return left

    def left_of(self, text: str) -> str:
        """The kept characters of `text`: all of them if it has only letters, like most names."""
        return text if text.isalpha() else text.translate(self)


_A_TO_Z = frozenset(ascii_lowercase)
_LETTERS, _LETTERS_SPACES = _Only("LM"), _Only("LMZ")
_LETTERS_NUMBERS, _LETTERS_NUMBERS_SPACES = _Only("LMN"), _Only("LMNZ")


_country_of_code = re.compile(r"^[a-z]{1,2}-(?=[0-9]{3})").sub
"""``D-`` and ``CH-``, which precede the postal code in international mail."""

_is_email = re.compile(
    r"""(?!\.)[^\s@<>()\[\],;:"\\]{1,64}(?<!\.)          # the mailbox
    @ (?:[^\W_][\w-]{0,62}\.)+                        # the domain
    (?:[^\W\d_]{2,63}|xn--[a-z0-9-]{1,59})           # which ends in letters
    """,
    re.VERBOSE,
).fullmatch
_NO_DOMAINS = (".invalid", ".localhost", ".local")
"""Domains without mailboxes. Sources: RFC 6761, RFC 6762"""

_in_brackets = re.compile(r"[^<>@]*<([^<>]*)>").fullmatch


def email(text: str) -> str:
    """Trimmed and lower case: Meta. Only the address of ``mailto:ada@example.com`` and
    ``Ada <ada@example.com>``; "" for several addresses, since any could be the person's, and for
    values that cannot be an address, such as ``none`` and ``guest@localhost``. Quotation marks
    around it, ``%40`` and the wide letters of East Asian keyboards are mended."""
    text = trimmed(text)
    if '"' in text:
        text = text.strip('"').strip()
    if "@" not in text and "%40" in text:
        text = unquote(text)
    if not text.isascii() and (plain := normal_form("NFKC", text)).isascii():
        text = plain
    if text[:7].lower() == "mailto:":
        text = unquote(text[7:].partition("?")[0]).strip()
    if text[-1:] == ">" and (named := _in_brackets(text)):
        text = named[1].strip()
    text = text.lower()
    usable = _is_email(text) and ".." not in text and not text.endswith(_NO_DOMAINS)
    return text if usable else ""


def email_without_gmail_dots(text: str) -> str:
    """Trimmed and lower case, no dots before ``@gmail.com`` and ``@googlemail.com``: GA4."""
    name, at, domain = email(text).rpartition("@")
    return (name.replace(".", "") if domain in ("gmail.com", "googlemail.com") else name) + (
        at + domain
    )


def email_without_spaces(text: str) -> str:
    """Lower case without white space: LinkedIn, Pinterest. Otherwise as `email`."""
    return email("".join(text.split()))


def google_email(text: str) -> str:
    """Trimmed and lower case, no dots and no ``+`` with what follows before ``@gmail.com`` and
    ``@googlemail.com``: Google Ads."""
    name, at, domain = email(text).rpartition("@")
    if domain in ("gmail.com", "googlemail.com"):
        name = name.partition("+")[0].replace(".", "")
    return name + at + domain if name else ""


def phone(region: str | None) -> Normaliser:
    """E.164 with ``+``: GA4. `region`: ISO 3166-1 alpha-2 of numbers without a country code."""
    return partial(e164, region=region)


def phone_digits(region: str | None) -> Normaliser:
    """Digits with the country code and no ``+``: Meta. `region`: as for `phone`."""
    return lambda text: e164(text, region).removeprefix("+")


PhoneForm = Callable[[str | None], Normaliser]
"""`phone` or `phone_digits`."""


def phone_numbers(event: Event, form: PhoneForm, default: str | None) -> list[str]:
    """The hashed phone numbers of the person in `event`. default: the country (ISO 3166-1 alpha-2)
    of numbers without a country code, if the event names none."""
    person = event.get("user_data", {})
    if person.keys().isdisjoint(_WITH_PHONES):
        return []
    name = phone_hashing(form, default).form
    return _hashing_of_region(form, _phone_region(event, default), name)([person])


_WITH_PHONES = ("phone_number", "sha256_phone_number", FORMS)


@lru_cache(1024)
def _hashing_of_region(form: PhoneForm, region: str | None, name: str) -> Hashing:
    return hashing("phone_number", form(region), form=name)


@lru_cache(1024)
def phone_hashing(form: PhoneForm, default: str | None) -> PhoneHashing:
    """`phone_numbers` with this `form` and `default`, as a `PhoneHashing`."""
    name = f"{_name_of(form)}:{default or ''}"
    return PhoneHashing(name, partial(phone_numbers, form=form, default=default))


def _phone_region(event: Event, default: str | None) -> str | None:
    """The country of the phone numbers in `event` without a country code: from the person's
    address, else from `event_location`, else `default`; ISO 3166-1 alpha-2."""
    holders = [*addresses(event.get("user_data", {})), event.get("event_location", {})]
    for holder in holders:
        stated = holder.get("country")
        if isinstance(stated, str) and is_region(region := country_code(stated)):
            return region
    return default


def trimmed_name(text: str) -> str:
    """Trimmed and lower case: facebook-business."""
    return _lower(text)


def bare_name(text: str) -> str:
    """Lower case without spaces and punctuation: capi-param-builder."""
    return _LETTERS_NUMBERS.left_of(_lower(text))


def city(text: str) -> str:
    """Lower case, letters alone: Meta."""
    return _LETTERS.left_of(_lower(text))


def latin_city(text: str) -> str:
    """Lower case, the letters a to z alone: capi-param-builder. "" where `city` is the same."""
    return "" if text.isascii() else "".join(filter(_A_TO_Z.__contains__, city(text)))


def state(text: str) -> str:
    """The two letters of a state of the USA or a province of Canada, else without spaces and
    punctuation: Meta. An ISO 3166-2 code, such as ``DE-BY``, loses its country first."""
    text = subdivision(text)
    code = us_state_code(text) or canadian_province_code(text)
    return code.lower() or _LETTERS_NUMBERS.left_of(_lower(text))


def postal_code(text: str) -> str:
    """Lower case without spaces, up to the first dash, which is not the one after a country: Meta.
    "" for fewer than two characters, as in capi-param-builder."""
    code = "".join(_lower(text).split())
    if "-" in code:
        code = _country_of_code("", code).partition("-")[0]
    return code if len(code) > 1 else ""


def country(text: str) -> str:
    """ISO 3166-1 alpha-2 in lower case: Meta."""
    return country_code(text).lower()


def gender(text: str) -> str:
    """``f`` or ``m``: Meta."""
    return _GENDERS.get(_lower(text), "")


def birth_date(text: str) -> str:
    """YYYYMMDD: Meta."""
    born = read_date(text)
    return f"{born:%Y%m%d}" if born else ""


def spaceless(text: str) -> str:
    """Lower case without white space: TikTok and Snapchat."""
    return "".join(_lower(text).split())


def external_id(text: str) -> str:
    """Lower case without white space: capi-param-builder."""
    return "".join(text.lower().split())


def words_of_letters(text: str) -> str:
    """Trimmed and lower case, without digits and symbols: GA4, names and places."""
    return _LETTERS_SPACES.left_of(_lower(text)).strip()


def street(text: str) -> str:
    """Trimmed and lower case, without symbols: GA4."""
    return _LETTERS_NUMBERS_SPACES.left_of(_lower(text)).strip()
