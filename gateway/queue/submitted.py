"""Submitted: entries that a vendor has taken and gives its verdict on later.

They stay in the stream, and so pending; they belong to the consumer `SUBMITTED` of the group, so
that no drain sends them again. A ticket is the vendor's name for one request. For each ticket, the
row of every entry in the request is stored, and when to ask next. `submit.lua` stores all this in
one step. `settle.lua` ends entries by the vendor's verdicts, and changes the ticket in the same
step.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from redis.asyncio import Redis

from gateway.queue.keys import GROUP, DestinationKeys
from gateway.queue.scripts import script

SUBMITTED = b"submitted"
"""The consumer; also in `submitted.lua`. No drain can have this name: theirs have dots."""

NO_ENTRY = b"-"
"""Stands for the id of an entry that has got its verdict."""


class Ticket(NamedTuple):
    """A ticket to ask about. name: in Redis. stored: its content in Redis. ticket: the vendor's
    name for it. rows: the id of the entry in each row of the request, or `NO_ENTRY`. age: seconds
    since the request. ends: whether it has to end without another question."""

    name: bytes
    stored: bytes
    ticket: str
    rows: Sequence[bytes]
    age: float
    ends: bool

    def without(self, ids: frozenset[bytes]) -> bytes:
        """The content to store once `ids` have got their verdicts; empty if none are left."""
        rows = [NO_ENTRY if each in ids else each for each in self.rows]
        if all(each == NO_ENTRY for each in rows):
            return b""
        return b"%b\n%b" % (self.ticket.encode(), b" ".join(rows))


class Resolved(NamedTuple):
    """What becomes of a ticket, and of its entries that do not end. left: its new content, empty to
    delete it. again_in: seconds until the next question. retries: entries that the drain `consumer`
    gets back to send them once more, each with its number of deliveries."""

    ticket: Ticket
    left: bytes
    again_in: float
    consumer: str
    retries: Sequence[tuple[bytes, int]] = ()

    def as_arguments(self) -> list[bytes | str | int]:
        """The arguments for `settle.lua`."""
        pairs = [value for pair in self.retries for value in pair]
        again_ms = max(0, round(1000 * self.again_in))
        of = self.ticket
        return [of.name, of.stored, self.left, again_ms, self.consumer, len(self.retries), *pairs]


class Tickets:
    """The tickets of one destination. consumer: the drain that sends and asks."""

    def __init__(self, redis: Redis, keys: DestinationKeys, consumer: str) -> None:
        self.consumer = consumer
        self._keys = keys
        self._submit = redis.register_script(script("submit", "submitted"))
        self._take = redis.register_script(script("take_ticket", "submitted"))

    async def submit(self, ticket: str, poll_after: float, rows: Sequence[bytes]) -> int:
        """Returns once it is durable that the vendor has the entries `rows`, in the order of the
        request. The result is how many were noted: entries that another drain has claimed are left
        alone. A repetition does nothing. poll_after: seconds until the vendor is first asked."""
        of = self._keys
        keys = [of.stream, of.counts, of.tickets, of.polls]
        wait_ms = max(0, round(1000 * poll_after))
        taken: int = await self._submit(keys, [GROUP, self.consumer, ticket, wait_ms, *rows])
        return taken

    async def take(
        self, reserved: float, spacing: float, deadline: float, most: int, most_bytes: int
    ) -> Ticket | None:
        """Takes the ticket to ask about now, and reserves it for `reserved` seconds; None if there
        is none.

        spacing: seconds between two questions of all drains together. deadline: seconds after which
        a ticket ends. most, most_bytes: how many entries may wait for a verdict, and how many bytes
        of them.
        """
        of = self._keys
        milliseconds = [round(1000 * each) for each in (reserved, spacing, deadline)]
        taken: Any = await self._take(
            [of.counts, of.tickets, of.polls, of.polled], [*milliseconds, most, most_bytes]
        )
        if not taken:
            return None
        name, stored, age_ms, ends = taken
        ticket, _, rows = stored.rpartition(b"\n")
        return Ticket(name, stored, ticket.decode(), rows.split(b" "), age_ms / 1000, bool(ends))


async def seconds_to_poll(redis: Redis, keys: DestinationKeys) -> float | None:
    """Seconds until the vendor has to be asked about a ticket; None without tickets."""
    ask = redis.register_script(script("next_poll"))
    milliseconds: int | None = await ask([keys.polls, keys.polled])
    return None if milliseconds is None else milliseconds / 1000


async def submitted_of(
    redis: Redis, keys: DestinationKeys, ids: Sequence[bytes]
) -> list[tuple[bytes, int, list[bytes]]]:
    """The entries among `ids` that wait for a verdict: the id, the number of deliveries, and names
    and values of the fields in turn."""
    read = redis.register_script(script("read_submitted", "submitted"))
    found: list[tuple[bytes, int, list[bytes]]] = await read([keys.stream], [GROUP, *ids])
    return found
