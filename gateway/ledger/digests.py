"""The keyed digests of ids by which events are found in the ledger.

Ids of persons, orders and events have different digests: a search for the order 1001 does not find
the user 1001. Within a kind, an id has the same digest in every field: a user id that is an e-mail
address has the digest of the address. An e-mail address is first hashed as vendors require it, so
that an event with only the hash is found too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b

from destinations.casts import to_whole_number
from destinations.hashed_forms import FORMS
from gateway.event import Event
from gateway.ledger.id_spellings import (
    earlier_spelling,
    gmail_spelling,
    has_at,
    phone_spelling,
    spelling,
)
from gateway.ledger.sought import DIGEST_BYTES, KINDS, Kind, Sought
from gateway.ledger.typed_ids import TypedIds
from gateway.system.bounded_cache import BoundedCache

_LONGEST_REMEMBERED = 256
"""Maximum length of a person's id whose digests are cached: most visitors send several events."""

_EARLIER = "earlier"
"""The kind of digests that earlier versions made, for ids of all kinds."""

_IDS = ("event_id", "transaction_id", "client_id", "user_id")
_ANY_SPELLING = TypedIds()


class EventDigests:
    """Computes digests. key: as `gateway.ledger.folder.LedgerFolder.key` returns it. typed: finds
    the spellings of ids that operators type."""

    def __init__(self, key: bytes, typed: TypedIds = _ANY_SPELLING) -> None:
        self._typed = typed
        self._keyed: dict[str, blake2b] = {
            kind: blake2b(digest_size=DIGEST_BYTES, key=key[:64], person=f"ledger {kind}".encode())
            for kind in KINDS
        }
        self._keyed[_EARLIER] = blake2b(digest_size=DIGEST_BYTES, key=key[:64], person=b"ledger")
        self._of_person = BoundedCache(self._digests_of_person, _is_short)
        self._of_phone = BoundedCache(self._digests_of_phone, _is_short)

    def sought(self, typed: str, only: Kind | None = None) -> Sought:
        """The digests that find events with an id that an operator types: an event id, order id,
        client id or user id, an e-mail address, a phone number, or the SHA-256 digest of one.

        only: the kind of id that is meant, None for any.
        """
        known = self._typed.spellings_of(typed)
        person = [self._digest("person", each) for each in known.person]
        order = [self._digest("order", each) for each in known.other]
        event = [self._digest("event", each) for each in known.other]
        earlier = [self._earlier(each) for each in (*known.person, *known.other)]
        if known.is_contact and only is None:
            person, order, event = [*person, *order, *event], [], []
        names = dict.fromkeys([self.name_of(typed), *earlier])
        return Sought(person, order, event, [*names], only)

    def may_be_contact(self, typed: str) -> bool:
        """Whether `typed` may be an e-mail address, a phone number or the hash of one."""
        return self._typed.spellings_of(typed).may_be_contact

    def of_text(self, typed: str) -> Sequence[str]:
        """All digests that an id may have, as an operator types it."""
        return self.sought(typed).all

    def of_id(self, typed: str) -> Sequence[str]:
        """The digests of `typed` itself as an id of each kind, without those of its hashed forms
        and of the phone number that digits may be."""
        text = spelling(typed)
        return [*(self._digest(kind, text) for kind in KINDS), self.name_of(typed)]

    def name_of(self, text: str) -> str:
        """The digest that stands for an id in the log of operators."""
        return self._earlier(text.strip())

    def of_event(self, event: Event) -> list[str]:
        """The digests of all ids that `event` has."""
        return self.of_decided(event, (event,))

    def of_decided(self, event: Event, forms: Iterable[Event]) -> list[str]:
        """The digests of the ids that some destination may have: an id that was denied to all
        leaves no digest. An event that no destination may have only gets the digests of its event
        id and order id, so that it cannot be found by a person's id.

        forms: the event as destinations may have it.
        """
        digests: list[str] = []
        named: list[object] = []
        users: list[object] = []
        for each in (event, *forms):  # forms share most of what they have
            get = each.get
            names = get("event_id"), get("transaction_id")
            if names not in named:
                named.append(names)
                digests += self._of_names(*names)
        for form in forms:
            get = form.get
            ids = get("client_id"), get("user_id"), get("user_data")
            if ids not in users:
                users.append(ids)
                digests += self._of_ids(*ids)
        return [*dict.fromkeys(digests)]

    def with_earlier(self, event: Event) -> list[str]:
        """The digests of `of_event` and those that an earlier version made, which the ledger and
        tombstones may still contain."""
        texts: list[object] = [event.get(name) for name in _IDS]
        user = event.get("user_data")
        if isinstance(user, dict):
            texts += _held(user, "email_address", "sha256_email_address")
        return [*self.of_event(event), *map(self._earlier, _known(texts))]

    def _of_names(self, event_id: object, order_id: object) -> Iterator[str]:
        if isinstance(event_id, str) and event_id:
            yield self._digest("event", spelling(event_id))
        if isinstance(order_id, str) and order_id:
            yield self._digest("order", spelling(order_id))

    def _of_ids(self, client_id: object, user_id: object, user: object) -> list[str]:
        digests: list[str] = []
        texts, phones = [client_id, user_id], []
        if isinstance(user, dict):
            texts += _held(user, "email_address", "sha256_email_address")
            phones = _held(user, "phone_number", "sha256_phone_number")
        for text in texts:
            if isinstance(text, str) and text:
                digests += self._of_person[text]
        for text in map(_phone_text, phones):
            if text:
                digests += self._of_phone[text]
        return digests

    def _digests_of_person(self, text: str) -> Sequence[str]:
        spellings = [spelling(text)]
        if has_at(text) and (mailbox := gmail_spelling(text)):
            spellings.append(mailbox)
        return [self._digest("person", each) for each in dict.fromkeys(spellings)]

    def _digests_of_phone(self, text: str) -> Sequence[str]:
        digits = phone_spelling(text)
        return [self._digest("person", digits)] if digits else ()

    def _digest(self, kind: str, text: str) -> str:
        """kind: of `KINDS`, or `_EARLIER`."""
        keyed = self._keyed[kind].copy()
        keyed.update(text.encode("utf-8", "surrogatepass"))
        return keyed.hexdigest()

    def _earlier(self, text: str) -> str:
        return self._digest(_EARLIER, earlier_spelling(text))


def _held(user: Mapping[str, object], field: str, hashed: str) -> list[object]:
    """The values that `user` has of `field`: in clear, `hashed`, and in the forms of
    `hash_at_ingest`."""
    values = [user.get(field), user.get(hashed)]
    forms = user.get(FORMS)
    if isinstance(forms, dict) and isinstance(forms.get(field), dict):
        values += forms[field].values()
    held: list[object] = []
    for each in values:
        if isinstance(each, list):
            held += each
        elif each is not None:
            held.append(each)
    return held


def _is_short(text: str) -> bool:
    return len(text) <= _LONGEST_REMEMBERED


def _phone_text(value: object) -> str:
    if isinstance(value, int | float):
        number = to_whole_number(value)
        return "" if number is None else str(number)
    return value if isinstance(value, str) else ""


def _known(found: Iterable[object]) -> list[str]:
    """The texts of `found`, each once."""
    return [*dict.fromkeys([each for each in found if isinstance(each, str) and each])]
