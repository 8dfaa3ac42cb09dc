"""What an event can be found by in the ledger: keyed digests of its ids.

An id has the same digest in every field: a user id that is an e-mail address has the digest of the
address. An e-mail address is first hashed as vendors want it, so that an event that came with only
the hash is found too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from hashlib import blake2b, sha256

from destinations.normalise import digests_of, email
from gateway.event import Event

DIGEST_BYTES = 12
DIGEST = re.compile(rf"[0-9a-f]{{{2 * DIGEST_BYTES}}}")
"""A digest as it is written."""

_HEX_DIGITS = 64
"""Of a SHA-256 digest."""

_EMAILS = ("email_address", "sha256_email_address")

_REMEMBERED = 2000
"""Ids of persons of which the digests are remembered: most visitors send several events."""


class EventDigests:
    """key: as `gateway.ledger.folder.LedgerFolder.key` gives it."""

    def __init__(self, key: bytes) -> None:
        self._keyed = blake2b(digest_size=DIGEST_BYTES, key=key[:64], person=b"ledger")
        self._of_person = lru_cache(_REMEMBERED)(self.of_text)

    def of_text(self, text: str) -> str:
        """Of an id as an operator types it, or as an event has it: an event's, an order's, a
        client's or a user's, or an e-mail address or its SHA-256 digest."""
        keyed = self._keyed.copy()
        keyed.update(_one_spelling(text).encode("utf-8", "surrogatepass"))
        return keyed.hexdigest()

    def of_event(self, event: Event) -> list[str]:
        """Of all ids that `event` has."""
        return self.of_decided(event, (event,))

    def of_decided(self, event: Event, forms: Iterable[Event]) -> list[str]:
        """Of the ids that a destination may have: an id that was denied to all leaves no digest. Of
        an event that no destination may have those of the event and its order alone: no person may
        be found by it.

        forms: the event as destinations may have it.
        """
        get = event.get
        texts = [get("event_id"), get("transaction_id")]
        persons: list[object] = []
        emails: list[str] = []
        users: list[object] = []
        for form in forms:
            get = form.get
            if form is not event:
                texts += get("event_id"), get("transaction_id")
            persons += get("client_id"), get("user_id")
            user = get("user_data")
            if isinstance(user, dict) and user not in users:  # forms share most of what they have
                users.append(user)
                emails += _emails(user)
        digests = [*map(self.of_text, _known(texts))]
        digests += map(self._of_person, _known((*persons, *emails)))
        return [*dict.fromkeys(digests)]


def _emails(user: Mapping[str, object]) -> list[str]:
    texts: list[str] = []
    for name in _EMAILS:
        found = user.get(name)
        many = found if isinstance(found, list) else (found,)
        texts += [each for each in many if isinstance(each, str) and each]
    return texts


def _known(found: Iterable[object]) -> list[str]:
    """The texts of `found`, each once."""
    return [*dict.fromkeys([each for each in found if isinstance(each, str) and each])]


def _one_spelling(text: str) -> str:
    """The same for every spelling of an id: of an e-mail address its SHA-256 digest, of such a
    digest the hex digits in lower case; any other id as it is."""
    if "@" in text:
        address = email(text) or text.strip().lower()
        return sha256(address.encode("utf-8", "surrogatepass")).hexdigest()
    if len(text) >= _HEX_DIGITS and (known := digests_of(text.strip(), ())):
        return known[0]
    return text
