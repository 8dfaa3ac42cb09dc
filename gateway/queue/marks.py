"""Marks: small keys that expire, by which a repeated event or a withdrawn consent is recognised.

`append.lua` writes them, and counts them by the part of their lifetime in which they were written.
A count expires with the marks that it counts, so their sum is how many marks there are, or up to
an eighth more.
"""

from collections.abc import Iterable, Sequence
from hashlib import blake2b

from gateway.pipeline.decision import Decision

Marks = tuple[str, ...]

PARTS = 8
"""Counts of one kind of mark at a time, and one more for the part that has just begun."""

MIN_WINDOW = 300
"""Shortest dedupe window where an append may succeed in part, in seconds: the sender repeats it."""

WITHDRAWAL_SECONDS = 7 * 86_400
"""How long denials are remembered. What is older is not sent where one could have stopped it."""

SEEN_BYTES, WITHDRAWAL_BYTES = 100, 240
"""What a mark takes of the memory of Redis."""


def window_of(dedupe_window: int | None, in_parts: bool) -> int:
    """Seconds for which an event is recognised that is marked. in_parts: as on a cluster, where
    every event is."""
    return max(dedupe_window or MIN_WINDOW, MIN_WINDOW if in_parts else 0)


def count_keys(prefix: str, seconds: int, now: float) -> Sequence[str]:
    """The keys that count the marks which may exist at `now`, Unix seconds. prefix, seconds: what
    the names of these marks begin with, and their lifetime."""
    part = -(-1000 * seconds // PARTS)
    last = int(1000 * now) // part
    return [f"{prefix}#{number}" for number in range(last - PARTS, last + 2)]


def sum_counts(counts: Iterable[bytes | None]) -> int:
    """How many marks there are, by the values of `count_keys`."""
    return max(0, sum(int(count or 0) for count in counts))


def marks_of(decision: Decision) -> Marks:
    """What an event is recognised by when it is repeated: its own mark first, then that of others
    which it would repeat.

    A mark is a digest of the event's name and its `event_id`; the name is part of it because a page
    may give several events that belong together one id. The mark of a trusted sender holds against
    every sender. That of any other sender contains the stated visitor too, and holds against that
    visitor alone.
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
    """Those of a batch that was stored. Earlier versions wrote no marks at all, or one text for
    each payload, "" for none."""
    if marks is None:
        return [()] * payloads
    return [(each,) * bool(each) if isinstance(each, str) else tuple(each) for each in marks]
