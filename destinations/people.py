"""The person of an event in the form that several vendors share: hashes, and ids as they are."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from destinations import normalise
from destinations.base import Event
from destinations.hashed_forms import FORMS, Hashing, Needs, PersonalData
from destinations.mapping import Hasher
from destinations.normalise import Normaliser, digests_of, hasher, hashing
from destinations.paths import as_text
from destinations.placeholders import is_no_user, is_placeholder
from destinations.remarks import remark

_PERSON_FIELDS = {"em": "email_address", "ge": "gender", "db": "date_of_birth"}
_ADDRESS_FIELDS = {
    "fn": "first_name",
    "ln": "last_name",
    "ct": "city",
    "st": "region",
    "zp": "postal_code",
    "country": "country",
}
"""Our fields, by the names that Meta, Snapchat and Pinterest give their hashes."""

Normalisers = Mapping[str, tuple[Normaliser, ...]]
"""The forms of each hashed field, by the vendor's name for it."""

_is_zeros = re.compile(r"\s*[0-]{8,}\s*").fullmatch

_STATED_IDS = ("external_id", "sha256_external_id", FORMS)


class ExternalIds:
    """Hashes the ids of the person, of the user and, unless consent is denied, of the visitor.

    forms: the forms in which an id is hashed. hashing: hashes the ids of a person, which may be
    numbers.
    """

    def __init__(self, *forms: Normaliser) -> None:
        self._forms = forms
        self._hash_texts = hashing("external_id", *forms)
        self.hashing = self._hash_texts._replace(hashed=self._hash_ids)

    def of(self, event: Event) -> list[str]:
        ids: list[str] = []
        person = event.get("user_data")
        if person and not person.keys().isdisjoint(_STATED_IDS):
            ids = self.hashing([person])
        if user_id := event.get("user_id"):
            ids += digests_of(user_id, self._forms)
        if (client_id := event.get("client_id")) and _may_join_visits(event):
            ids += digests_of(client_id, self._forms)
        return ids if len(ids) < 2 else list(dict.fromkeys(ids))

    def _hash_ids(self, holders: Iterable[Mapping[str, Any]]) -> list[str]:
        return self._hash_texts(
            {**holder, "external_id": _as_texts(holder.get("external_id"))} for holder in holders
        )


def _as_texts(stated: Any) -> list[str]:
    texts = map(as_text, stated if isinstance(stated, list) else [stated])
    return [text for text in texts if text is not None and not is_no_user(text)]


def _may_join_visits(event: Event) -> bool:
    consent = event.get("consent")
    return not consent or "denied" not in (consent.get("ad_storage"), consent.get("ad_user_data"))


class HashedPerson:
    """Hashes a person for a vendor with the field names of Meta, Snapchat and Pinterest.

    normalisers: for every hashed field except the phone number, whose form depends on the country.
    clear: names of the fields that are sent as they are. others: hashes of further fields.

    of_person, of_address: hashes of the fields of a person and of an address, by the vendor's
    names. external_ids: hashes of the ids.
    """

    def __init__(self, normalisers: Normalisers, clear: frozenset[str], *others: Hashing) -> None:
        self._normalisers = normalisers
        self.of_person = _hashings(_PERSON_FIELDS, normalisers)
        self.of_address = _hashings(_ADDRESS_FIELDS, normalisers)
        self.external_ids = ExternalIds(*normalisers["external_id"])
        hashed = [*self.of_person.values(), self.external_ids.hashing, *others]
        self._needs_of_person = Needs(hashed, clear)
        self._needs_of_address = Needs([*self.of_address.values()])

    def hashers(self, region: str | None) -> dict[str, Hasher]:
        """The functions that hash values which a mapping sets in ``user_data``, by path.

        region: ISO 3166-1 alpha-2 of phone numbers without a country code.
        """
        phone = (normalise.phone_digits(region),)
        return hashers_below("user_data", {**self._normalisers, "ph": phone})

    def personal_data(self, region: str | None) -> PersonalData:
        """The parts of ``user_data`` that are read. region: as for `hashers`, unless the event
        names a country."""
        phone = normalise.phone_hashing(normalise.phone_digits, region)
        return PersonalData(self._needs_of_person, self._needs_of_address, phone)


def _hashings(fields: Mapping[str, str], normalisers: Normalisers) -> dict[str, Hashing]:
    return {key: hashing(field, *normalisers[key]) for key, field in fields.items()}


def hashers_below(parent: str, normalisers: Normalisers) -> dict[str, Hasher]:
    """Functions that hash values which a mapping sets in the vendor's object `parent`, by path."""
    paths = {f"{parent}.{key}": forms for key, forms in normalisers.items()}
    return {path: hasher(path, *forms) for path, forms in paths.items()}


def single_hashers_below(parent: str, normalisers: Normalisers) -> dict[str, Hasher]:
    """As `hashers_below`, for fields that hold one hash: the first."""
    found = hashers_below(parent, normalisers)
    return {path: _first_of(hash_all) for path, hash_all in found.items()}


def _first_of(hash_all: Hasher) -> Hasher:
    return lambda value: next(iter(hash_all(value)), "")


def add_hashes(
    data: dict[str, Any], hashings: Mapping[str, Hashing], holders: Sequence[Mapping[str, Any]]
) -> None:
    """Adds the hashes of `holders` to `data`, the vendor's person."""
    for key, each in hashings.items():
        if found := each.hashed(holders):
            data[key] = found


def clear_ids(person: Mapping[str, Any], names: Collection[str]) -> dict[str, str | int]:
    """The fields of `person` among `names` that are ids, as they are."""
    return {key: person[key] for key in person if key in names and _is_id(key, person[key])}


def _is_id(key: str, value: Any) -> bool:
    if isinstance(value, str) and _is_zeros(value):
        remark(f"user_data.{key}: removed because it has zeros alone, as where tracking is limited")
        return False
    if isinstance(value, str) and is_placeholder(value.strip()):
        remark(f"user_data.{key}: removed because it is a placeholder, not an id")
        return False
    return value != "" and isinstance(value, (str, int)) and not isinstance(value, bool)
