"""Marks: small keys that expire, by which a repeated event or a withdrawn consent is recognised.

`append.lua` writes them, and counts them for periods of an eighth of their lifetime. A count
expires with the marks that it counts, so the sum is the number of marks, or up to an eighth more.
"""

from collections.abc import Iterable, Sequence
from hashlib import blake2b

from gateway.pipeline.decision import Decision

Marks = tuple[str, ...]

PARTS = 8
"""Number of complete periods that are counted at a time; the current one comes in addition."""

MIN_WINDOW = 300
"""Shortest dedupe window, in seconds, if an append may succeed in part: then the sender repeats
it."""

WITHDRAWAL_SECONDS = 7 * 86_400
"""How long denials are remembered. Older events that a denial could have stopped are not sent."""

SEEN_BYTES, WITHDRAWAL_BYTES = 100, 240
"""The memory that a mark takes in Redis."""


def window_of(dedupe_window: int | None, in_parts: bool) -> int:
    """Seconds for which a marked event is recognised. in_parts: whether an append may succeed in
    part, as on a cluster."""
    return max(dedupe_window or MIN_WINDOW, MIN_WINDOW if in_parts else 0)


def count_keys(prefix: str, seconds: int, now: float) -> Sequence[str]:
    """The keys that count the marks that may exist at `now` (Unix seconds). prefix: of the names of
    these marks. seconds: their lifetime."""
    part = -(-1000 * seconds // PARTS)
    last = int(1000 * now) // part
    return [f"{prefix}#{number}" for number in range(last - PARTS, last + 2)]


def sum_counts(counts: Iterable[bytes | None]) -> int:
    """How many marks there are. counts: the values of `count_keys`."""
    return max(0, sum(int(count or 0) for count in counts))


def marks_of(decision: Decision) -> Marks:
    """The marks by which an event is recognised when repeated: its own mark first, then the marks
    of others that it would repeat.

    A mark is a digest of the event's name and its `event_id`; the name is part of it because a page
    may give one id to several events that belong together. The mark of a trusted sender's event
    applies to every sender. The mark of any other sender's event also contains the stated visitor,
    and applies only to that visitor.
    """
    text = f"{decision.event['event_name']}\0{decision.event['event_id']}"
    trusted = _digest(text, b"trusted")
    if decision.trusted:
        return (trusted,)
    return _digest(f"{text}\0{decision.stated_visitor}", b"visitor"), trusted


def _digest(text: str, sender: bytes) -> str:
    """sender: keeps the marks of the two kinds of senders apart, whatever `text` is."""
    data = text.encode("utf-8", "surrogatepass")
    return blake2b(data, digest_size=12, person=sender).hexdigest()


def read_marks(marks: list[str | list[str]] | None, payloads: int) -> list[Marks]:
    """The marks of a spooled batch. Earlier versions wrote no marks at all, or one text for each
    payload, "" for none."""
    if marks is None:
        return [()] * payloads
    return [(each,) * bool(each) if isinstance(each, str) else tuple(each) for each in marks]
