"""Personal data as it is stored with `hash_at_ingest`: hashes in the forms that destinations send.

A person, ``user_data`` or one of its addresses, holds two kinds of hashes then::

    sha256_email_address  those that a sender gave, and of each clear value the usual form
    hashed_forms          by field, the hashes in every other form that a destination needs:
                          {"email_address": {"email_without_gmail_dots": ["8c0f..."]}}

A field in ``hashed_forms`` was replaced: in a form that is missing there, it was not stored.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

FORMS = "hashed_forms"

USUAL_FORMS = {
    "email_address": "email",
    "phone_number": "phone:",
    "first_name": "trimmed_name",
    "last_name": "trimmed_name",
    "street": "street",
}
"""The forms in ``sha256_<field>``, of the fields that senders may give hashed: the name of the
normaliser, and for phone numbers the default country after the colon."""

_is_digest = re.compile("[0-9a-f]{64}").fullmatch


class Hashing(NamedTuple):
    """What hashes `field` of one or several holders, in one form or several that go together.

    form: the name of these forms. hashed: from holders to hashes in hex.
    """

    field: str
    form: str
    hashed: Callable[[Iterable[Mapping[str, Any]]], list[str]]

    def __call__(self, holders: Iterable[Mapping[str, Any]]) -> list[str]:
        return self.hashed(holders)


class PhoneHashing(NamedTuple):
    """As `Hashing`, of the phone numbers in an event, where it takes their country from."""

    form: str
    hashed: Callable[[dict[str, Any]], list[str]]


class Needs(NamedTuple):
    """What a destination reads of a holder. hashed: fields that it hashes. clear: names of fields
    that it sends as they are."""

    hashed: Sequence[Hashing] = ()
    clear: frozenset[str] = frozenset()


class PersonalData(NamedTuple):
    """What a destination reads of ``user_data``: of the person, of each address, and the phone
    numbers."""

    person: Needs = Needs()
    address: Needs = Needs()
    phone: PhoneHashing | None = None


def stored_hashes(holder: Mapping[str, Any], field: str, form: str) -> list[str] | None:
    """The hashes of `field` in `form` that `holder` stores under `FORMS`; None where `field` was
    not replaced, and for a form that is in ``sha256_<field>``."""
    forms = holder[FORMS]
    if not isinstance(forms, dict) or field not in forms or USUAL_FORMS.get(field) == form:
        return None
    stored = forms[field].get(form) if isinstance(forms[field], dict) else None
    texts = stored if isinstance(stored, list) else ()
    return [text for text in texts if isinstance(text, str) and _is_digest(text)]
