"""Personal data as it is stored with `hash_at_ingest`: hashes in the forms that destinations send.

A holder (``user_data`` or one of its addresses) then has two kinds of hashes::

    sha256_email_address  hashes from the sender, and each clear value hashed in its usual form
    hashed_forms          by field, the hashes in every other form that a destination needs:
                          {"email_address": {"email_without_gmail_dots": ["8c0f..."]}}

A field in ``hashed_forms`` was replaced. It was not stored in forms that are missing there.
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
"""The form in ``sha256_<field>`` for each field that senders may hash: the name of the normaliser,
for phone numbers followed by a colon and the default country."""

_is_digest = re.compile("[0-9a-f]{64}").fullmatch


class Hashing(NamedTuple):
    """Hashes `field` of one or several holders, in one form or several that are sent together.

    form: the name of these forms. hashed: from holders to hashes in hex.
    """

    field: str
    form: str
    hashed: Callable[[Iterable[Mapping[str, Any]]], list[str]]

    def __call__(self, holders: Iterable[Mapping[str, Any]]) -> list[str]:
        return self.hashed(holders)


class PhoneHashing(NamedTuple):
    """As `Hashing`, for the phone numbers of an event, which may also name their country."""

    form: str
    hashed: Callable[[dict[str, Any]], list[str]]


class Needs(NamedTuple):
    """The fields of a holder that a destination reads. hashed: fields that it hashes. clear: names
    of fields that it sends as they are."""

    hashed: Sequence[Hashing] = ()
    clear: frozenset[str] = frozenset()


class PersonalData(NamedTuple):
    """The parts of ``user_data`` that a destination reads: fields of the person and of each
    address, and the phone numbers."""

    person: Needs = Needs()
    address: Needs = Needs()
    phone: PhoneHashing | None = None


def stored_hashes(holder: Mapping[str, Any], field: str, form: str) -> list[str] | None:
    """The hashes of `field` in `form` that `holder` stores under `FORMS`; None if `field` was not
    replaced, and for a form that is stored in ``sha256_<field>``."""
    forms = holder[FORMS]
    if not isinstance(forms, dict) or field not in forms or USUAL_FORMS.get(field) == form:
        return None
    stored = forms[field].get(form) if isinstance(forms[field], dict) else None
    texts = stored if isinstance(stored, list) else ()
    return [text for text in texts if isinstance(text, str) and _is_digest(text)]
