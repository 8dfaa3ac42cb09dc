"""What an event can be found by in the ledger: keyed digests of its ids.

One id has one digest, whatever it is the id of. An e-mail address is hashed as vendors want it
before, so that an event which came with the hash alone is found as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b, sha256

from destinations.normalise import email
from gateway.event import Event

_BYTES = 12
_NAMES = ("event_id", "transaction_id", "client_id", "user_id")


class EventDigests:
    """key: as `gateway.ledger.folder.LedgerFolder.key` gives it."""

    def __init__(self, key: bytes) -> None:
        self._keyed = blake2b(digest_size=_BYTES, key=key[:64], person=b"ledger")

    def of_text(self, text: str) -> str:
        """Of an id as an operator types it: an event's, an order's, a client's or a user's, or an
        e-mail address."""
        return self._digest(_hashed_email(text) if "@" in text else text)

    def of_event(self, event: Event) -> list[str]:
        """Of all ids that `event` has."""
        return [self._digest(text) for text in _ids(event)]

    def of_withheld(self, event: Event) -> list[str]:
        """Of the event and its order alone: no person may be found by an event that no destination
        was allowed to have."""
        return [self._digest(text) for text in _texts(event, _NAMES[:2])]

    def _digest(self, text: str) -> str:
        keyed = self._keyed.copy()
        keyed.update(text.encode("utf-8", "surrogatepass"))
        return keyed.hexdigest()


def _ids(event: Event) -> list[str]:
    texts = _texts(event, _NAMES)
    user = event.get("user_data")
    if not isinstance(user, dict):
        return texts
    for name in ("email_address", "sha256_email_address"):
        found = user.get(name)
        for each in found if isinstance(found, list) else (found,):
            if isinstance(each, str) and each:
                texts.append(_hashed_email(each) if "@" in each else each.lower())
    return texts


def _texts(event: Event, names: Sequence[str]) -> list[str]:
    return [found for name in names if isinstance(found := event.get(name), str) and found]


def _hashed_email(text: str) -> str:
    return sha256((email(text) or text).encode("utf-8", "surrogatepass")).hexdigest()
