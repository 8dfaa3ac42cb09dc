"""Fates: what became of entries in an attempt, as the ledger's feed describes it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import compress
from typing import Any, NamedTuple, Self

import orjson

SUBMITTED = "submitted"
"""The result for an event that the vendor has taken and gives its verdict on later. It has not
ended."""
SUBMITTED_WORDS = f"{SUBMITTED}: "
"""The words of such an attempt begin with this."""

PENDING = ""
"""Stands for the id of an entry that has not ended."""


class Fate(NamedTuple):
    """What became of one entry in one attempt, or without one.

    entry_id: of the stream entry, `PENDING` if it has not ended. receipt, passage: of its event.
    at: Unix seconds. result: delivered, `WITH_WARNINGS`, rejected, expired, withheld, ``dry run``,
    `SUBMITTED` or retry. tries: how often it was handed to a drain. status: of the response, None
    without one. words: the reason and the warnings, secrets masked.
    """

    entry_id: str
    receipt: str
    passage: int
    result: str
    at: float
    tries: int
    status: int | None
    words: str


class Alike(NamedTuple):
    """Fates that differ only in the entry and the time. ids, receipts, times: the `entry_id`,
    `receipt` and `at` of each. Others: as in `Fate`."""

    passage: int
    result: str
    tries: int
    status: int | None
    words: str
    ids: Sequence[str]
    receipts: Sequence[str]
    times: Sequence[float]

    @property
    def has_ended(self) -> bool:
        return self.result not in ("retry", SUBMITTED)

    def chosen(self, chosen: Sequence[bool]) -> Self:
        """Only the fates for which `chosen` is true."""
        if all(chosen):
            return self
        return self._replace(
            ids=[*compress(self.ids, chosen)],
            receipts=[*compress(self.receipts, chosen)],
            times=[*compress(self.times, chosen)],
        )


class Fates(NamedTuple):
    """The fates in a record of the feed. version: of the configuration that sent the entries.
    again: the ids of the entries that are in a later passage."""

    destination: str
    version: str
    again: frozenset[str]
    alike: Sequence[Alike]


def encode_fates(
    destination: str, version: str, fates: Iterable[Fate], again: Sequence[str] = ()
) -> bytes:
    """Encodes `fates`, and what many of them have in common only once. version, again: as in
    `Fates`."""
    alike: dict[tuple[Any, ...], tuple[list[str], list[str], list[float]]] = {}
    for entry_id, receipt, passage, result, at, tries, status, words in fates:
        kind = passage, result, tries, status, words
        found = alike.get(kind)
        if found is None:
            found = alike[kind] = [], [], []
        found[0].append(entry_id)
        found[1].append(receipt)
        found[2].append(at)
    told = {"destination": destination, "version": version}
    rows = [(*kind, *columns) for kind, columns in alike.items()]
    return orjson.dumps({**told, "alike": rows} | ({"again": again} if again else {}))


def read_fates(fields: Mapping[str, bytes]) -> Fates:
    """Reads what `encode_fates` wrote, without the entries that another drain had ended before.
    fields: of the record. Raises KeyError, TypeError or ValueError for what the gateway has not
    written."""
    read = orjson.loads(fields["s"])
    destination, version = read["destination"], read["version"]
    again = frozenset(read.get("again", ()))
    if "alike" in read:
        alike = [Alike(*each) for each in read["alike"]]
    else:
        alike = [*_earlier(read["fates"])]
    if any(not len(each.ids) == len(each.receipts) == len(each.times) for each in alike):
        raise ValueError("not as many times as entries")
    if "o" in fields:
        others = frozenset(fields["o"].decode().split())
        alike = [each.chosen([one not in others for one in each.ids]) for each in alike]
    elif "a" in fields:
        known = frozenset((*fields["a"].decode().split(), PENDING))
        alike = [each.chosen([one in known for one in each.ids]) for each in alike]
    return Fates(destination, version, again, alike)


def _earlier(fates: Iterable[Sequence[Any]]) -> Iterator[Alike]:
    """Fates as an earlier version wrote them: one by one."""
    for entry_id, receipt, passage, result, at, tries, status, words in fates:
        yield Alike(passage, result, tries, status, words, [entry_id], [receipt], [at])
