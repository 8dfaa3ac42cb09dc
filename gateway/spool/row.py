"""Rows of a spool file: the append batch of one request in each."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import orjson

from gateway.queue.append_batch import AppendBatch


@dataclass(frozen=True, slots=True)
class Row:
    """One append batch. events: how many events the request contained. data: see `of`."""

    events: int
    data: bytes

    @classmethod
    def of(cls, batch: AppendBatch) -> Row:
        """A line of JSON that says which destination gets what, and a line for each payload."""
        return cls(batch.events, b"\n".join((orjson.dumps(batch.head), *batch.payloads)))

    @property
    def checksum(self) -> int:
        return zlib.crc32(self.data, self.events & 0xFFFFFFFF)

    def batch(self) -> AppendBatch:
        """The batch that was given to `of`. Raises ValueError, LookupError or TypeError for other
        data."""
        head, *payloads = self.data.split(b"\n")
        return AppendBatch.of(orjson.loads(head), payloads)


def sound_row(events: object, checksum: object, data: object) -> Row:
    """The row of these columns. Raises TypeError or ValueError if they are not as written."""
    if not isinstance(events, int) or not isinstance(data, bytes):
        raise TypeError
    row = Row(events, data)
    if row.checksum != checksum:
        raise ValueError
    return row
