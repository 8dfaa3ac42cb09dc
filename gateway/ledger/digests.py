"""What an event can be found by in the ledger: keyed digests of its ids.

The digests of a person's ids, of an order's and of an event's differ: the user 1001 is not found by
the order 1001. Within a kind an id has the same digest in every field: a user id that is an e-mail
address has the digest of the address. An e-mail address is first hashed as vendors want it, so that
an event that came with only the hash is found too.
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
    phone_spelling,
    spelling,
)
from gateway.ledger.sought import DIGEST_BYTES, KINDS, Kind, Sought
from gateway.ledger.typed_ids import TypedIds
from gateway.system.bounded_cache import BoundedCache

_LONGEST_REMEMBERED = 256
"""Characters of the id of a person of which the digests are remembered: most visitors send several
events."""

_EARLIER = "earlier"
"""Of ids of all kinds, as earlier versions made digests."""

_IDS = ("event_id", "transaction_id", "client_id", "user_id")
_ANY_SPELLING = TypedIds()


class EventDigests:
    """key: as `gateway.ledger.folder.LedgerFolder.key` gives it. typed: what is known of the ids
    that operators type."""

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
        """What finds the events with an id that an operator types: an event's, an order's, a
        client's or a user's, or an e-mail address, a phone number or the SHA-256 digest of one.

        only: the kind that is meant.
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
        """Whether it may be an e-mail address, a phone number or the hash of one."""
        return self._typed.spellings_of(typed).may_be_contact

    def of_text(self, typed: str) -> Sequence[str]:
        """All digests that an id may have that an operator types."""
        return self.sought(typed).all

    def of_id(self, typed: str) -> Sequence[str]:
        """Those that it may have as an id, and none of its hashes: digits may be a phone number."""
        text = spelling(typed)
        return [*(self._digest(kind, text) for kind in KINDS), self.name_of(typed)]

    def name_of(self, text: str) -> str:
        """The digest that stands for an id in the log of operators."""
        return self._earlier(text.strip())

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
        events, orders = [get("event_id")], [get("transaction_id")]
        persons: list[object] = []
        phones: list[object] = []
        users: list[object] = []
        for form in forms:
            get = form.get
            if form is not event:
                events.append(get("event_id"))
                orders.append(get("transaction_id"))
            persons += get("client_id"), get("user_id")
            user = get("user_data")
            if isinstance(user, dict) and user not in users:  # forms share most of what they have
                users.append(user)
                persons += _held(user, "email_address")
                phones += _held(user, "phone_number")
        digests = [self._digest("event", spelling(each)) for each in _known(events)]
        digests += [self._digest("order", spelling(each)) for each in _known(orders)]
        for text in _known(persons):
            digests += self._of_person[text]
        for text in _known(map(_phone_text, phones)) if phones else ():
            digests += self._of_phone[text]
        return [*dict.fromkeys(digests)]

    def with_earlier(self, event: Event) -> list[str]:
        """As `of_event`, and with the digests that an earlier version made, which may stand in the
        ledger and in tombstones."""
        texts: list[object] = [event.get(name) for name in _IDS]
        user = event.get("user_data")
        texts += _held(user, "email_address") if isinstance(user, dict) else ()
        return [*self.of_event(event), *map(self._earlier, _known(texts))]

    def _digests_of_person(self, text: str) -> Sequence[str]:
        spellings = [spelling(text)]
        if "@" in text and (mailbox := gmail_spelling(text)):
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


def _held(user: Mapping[str, object], field: str) -> Iterator[object]:
    """What `user` has of `field`: in clear, hashed, and in the forms of `hash_at_ingest`."""
    held = [user.get(field), user.get(f"sha256_{field}")]
    forms = user.get(FORMS)
    if isinstance(forms, dict) and isinstance(forms.get(field), dict):
        held += forms[field].values()
    for each in held:
        if isinstance(each, list):
            yield from each
        elif each is not None:
            yield each


def _is_short(text: str) -> bool:
    return len(text) <= _LONGEST_REMEMBERED


def _phone_text(value: object) -> object:
    if isinstance(value, int | float):
        number = to_whole_number(value)
        return None if number is None else str(number)
    return value


def _known(found: Iterable[object]) -> list[str]:
    """The texts of `found`, each once."""
    return [*dict.fromkeys([each for each in found if isinstance(each, str) and each])]
