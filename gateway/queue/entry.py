"""Entries: an event that waits for one destination, as its stream stores it."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import orjson

from gateway.event import Event
from gateway.pipeline.decision import Decision
from gateway.queue.receipts import YEAR_10000, is_receipt
from gateway.stages.anonymise import ANONYMISED


class Entry(NamedTuple):
    """One event that waits for one destination.

    id: of the stream entry, bytes such as ``b"1795219200000-0"``. deliveries: how often it was
    handed to a drain, this time included. event: as the destination may have it. source,
    received_at (Unix seconds), version, applied, trusted: as in
    `gateway.pipeline.decision.Decision`. visitors: digests of the page and the visitor whose denial
    may stop it. stated: the consent types that a trusted sender stated itself. demo_browser: the
    browser in which the demo shop shows it. receipt, passage: as in `Decision`; an entry of an
    earlier version, or without a ledger, has no receipt. again: whether it was counted as in a
    later passage, which earlier versions did not do. unreadable: why it is not an event, if
    something other than the gateway has put it into the stream. size: in bytes, as counted in
    `pending_bytes`.
    """

    id: bytes
    deliveries: int
    event: Event
    source: str
    received_at: float
    version: str
    applied: list[str]
    visitors: Sequence[str] = ()
    trusted: bool = True
    stated: Sequence[str] = ()
    demo_browser: str = ""
    receipt: str = ""
    passage: int = 1
    again: bool = False
    unreadable: str = ""
    size: int = 0


MAX_UNREADABLE = 10_000
"""Maximum number of characters that a dead letter keeps of an unreadable entry."""

_MAX_PASSAGE = 1_000_000

_ORIGIN = 10
"""Number of parts that this version reads of an entry's origin (``from``)."""


MIN_SHARED = 16
"""Number of items from which their JSON is shared. Fewer are written as quickly as copied."""


def has_many_items(event: Event) -> bool:
    items = event.get("items")
    return type(items) is list and len(items) >= MIN_SHARED


def share_items(event: Event, written: dict[int, orjson.Fragment]) -> Event:
    """`event`, for `encode`, with its items as JSON if they are many.

    written: the JSON of lists of items, by `id(items)`; the forms of an event share it. Raises
    TypeError as `encode` does.
    """
    if not has_many_items(event):
        return event
    items = event["items"]
    if (known := written.get(id(items))) is None:
        known = written[id(items)] = orjson.Fragment(orjson.dumps(items))
    return {**event, "items": known}


def encode(decision: Decision, event: Event, applied: tuple[str, ...], receipt: str = "") -> bytes:
    """The stream entry of `event`, as a destination may have it after `decision`.

    Raises TypeError when it cannot be represented in JSON.
    """
    held = None if event.get(ANONYMISED) else decision.held_consent
    return encode_entry(
        event,
        decision.source,
        decision.received_at,
        decision.version,
        decision.applied + applied,
        held.visitors if held else (),
        decision.trusted,
        held.stated if held and decision.trusted else (),
        decision.demo_browser,
        receipt,
        decision.passage,
    )


def encode_entry(
    event: Event,
    source: str,
    received_at: float,
    version: str,
    applied: Sequence[str],
    visitors: Iterable[str],
    trusted: bool,
    stated: Iterable[str] = (),
    demo_browser: str = "",
    receipt: str = "",
    passage: int = 1,
) -> bytes:
    """A stream entry with these fields of an `Entry`. Raises TypeError as `encode` does.

    The origin (``from``) is a list without names, since there are many entries and they are kept in
    memory. Digests and types are one text each, separated by blanks; earlier versions wrote a
    single digest. An entry that does not state whether its sender is trusted has a trusted sender,
    or is from a version that did not write this. In a later passage, its number follows the receipt
    after a slash, and the entry also states that it is counted as in a later passage.
    """
    origin: tuple[Any, ...] = (source, received_at, version, applied)
    digests, types = " ".join(visitors), " ".join(stated)
    if receipt:
        passed = receipt if passage == 1 else f"{receipt}/{passage}"
        origin += (digests, trusted, types, demo_browser, passed)
        if passage > 1:
            origin += (True,)
    elif demo_browser:
        origin += (digests, trusted, types, demo_browser)
    elif digests and types:
        origin += (digests, trusted, types)
    elif not trusted:
        origin += (digests, False)
    elif digests:
        origin += (digests,)
    return orjson.dumps({"event": event, "from": origin})


def decode(entry_id: bytes, deliveries: int, data: bytes) -> Entry:
    """The entry that `encode` wrote, without fields that another version of the gateway added.

    Raises KeyError, TypeError or ValueError for anything else.
    """
    read = orjson.loads(data)
    origin = read["from"] if "from" in read else _earlier_origin(read)
    rest = (*_read_origin(*origin[:_ORIGIN]), "", len(data))
    entry = Entry(entry_id, deliveries, read["event"], *rest)
    if not _is_sound(entry):
        raise ValueError("not an entry of a destination's stream")
    return entry


_EVENT, _FROM = b'{"event":', b',"from":['
"""The texts before and after the event, as `encode_entry` writes them. The second one does not
occur again after the event, since the origin contains no object."""


def take_apart(data: bytes) -> tuple[Entry, bytes]:
    """The entry that `encode` wrote, with an empty event, and its event as JSON. It does not parse
    the event, which would be most of the work. Raises as `decode` does."""
    end = data.rfind(_FROM)
    if end < 0 or not data.startswith(_EVENT + b"{"):
        entry = decode(b"", 0, data)
        return entry._replace(event={}), orjson.dumps(entry.event)
    return decode(b"", 0, _EVENT + b"{}" + data[end:]), data[len(_EVENT) : end]


def take_content(data: bytes) -> tuple[tuple[Sequence[str], ...], bytes]:
    """What the ledger keeps of the entry that `encode` wrote: its `applied`, `visitors` and
    `stated`, and its event as JSON. Raises as `decode` does."""
    end = data.rfind(_FROM)
    origin: list[Any] = orjson.loads(data[end + len(_FROM) - 1 : -1]) if end > 0 else []
    if len(origin) == _WITH_RECEIPT and data.startswith(_EVENT + b"{"):
        _, _, _, applied, visitors, _, stated, *_ = origin
        if type(applied) is list and _TEXT.issuperset(map(type, (visitors, stated, *applied))):
            return (applied, visitors.split(), stated.split()), data[len(_EVENT) : end]
    entry, event = take_apart(data)
    return (entry.applied, entry.visitors, entry.stated), event


_WITH_RECEIPT = 9
"""Number of parts in the origin of an entry with a receipt in its first passage."""


def _read_origin(
    source: str,
    received_at: float,
    version: str,
    applied: list[str],
    visitors: str = "",
    trusted: bool = True,
    stated: str = "",
    demo_browser: str = "",
    passed: str = "",
    again: bool = False,
) -> tuple[Any, ...]:
    if not _TEXT.issuperset(map(type, (visitors, stated, demo_browser, passed))):
        raise ValueError("not an entry of a destination's stream")
    digests, types = visitors.split(), stated.split()
    receipt, _, passage = passed.partition("/")
    number = int(passage or 1)
    if not 0 < number <= _MAX_PASSAGE or (receipt and not is_receipt(receipt)):
        raise ValueError("not an entry of a destination's stream")
    came_from = source, received_at, version, applied, digests, trusted, types, demo_browser
    return (*came_from, receipt, number, again is True)


def unreadable_entry(entry_id: bytes, deliveries: int, data: bytes) -> Entry:
    """An entry for `data` that `decode` cannot read: with `data` as text, from an untrusted
    sender."""
    event: Any = {"unreadable": data.decode(errors="replace")[:MAX_UNREADABLE]}
    read_at = int(entry_id.partition(b"-")[0]) / 1000
    reason = "the stream entry is not an event written by the gateway"
    return Entry(
        entry_id,
        deliveries,
        event,
        "",
        read_at,
        "",
        [],
        trusted=False,
        unreadable=reason,
        size=len(data),
    )


def _is_sound(entry: Entry) -> bool:
    """Whether the fields of `entry`, read from JSON, have the right types and a possible time. The
    fields of the event are checked by destinations."""
    _, _, event, source, received_at, version, applied, _, trusted, *_ = entry
    return (
        type(event) is dict
        and source != ""
        and type(source) is type(version) is str
        and (type(received_at) is float or type(received_at) is int)
        and 0 <= received_at < YEAR_10000
        and type(applied) is list
        and _TEXT.issuperset(map(type, applied))
        and type(trusted) is bool
    )


_TEXT = frozenset({str})


def _earlier_origin(read: dict[str, Any]) -> list[Any]:
    """The origin of an entry of an earlier version, which wrote names; such entries may still be
    pending."""
    names = ("source", "received_at", "version", "applied")
    return [*(read[name] for name in names), read.get("visitor", "")]
