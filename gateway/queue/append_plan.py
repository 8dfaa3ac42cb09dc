"""The plan by which `append.lua` writes append batches, and their parts on a cluster."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from gateway.queue.append_batch import AppendBatch, Denials, add_denials
from gateway.queue.marks import Marks
from gateway.queue.quarantined_event import has_trusted_sender


def parts_of(group: Sequence[AppendBatch]) -> tuple[list[list[AppendBatch]], list[AppendBatch]]:
    """`group`, divided into what each destination gets and what goes to the gateway's own keys.

    The latter is empty unless a batch adds something to these keys, or concerns no destination.
    """
    parts: dict[str, list[AppendBatch]] = {}
    own: list[AppendBatch] = []
    for batch in group:
        concerned = {*batch.sent, *batch.withheld, *batch.held}
        for name in concerned:
            parts.setdefault(name, []).append(batch.part_of(name))
        part = batch.own_part()
        says = part.said or part.denied
        if not concerned or part.payloads or says or part.released:
            own.append(part)
    return list(parts.values()), own


class _Rows(dict[tuple[int, bool], list[Any]]):
    """The rows of one destination, by day and by whether the events are in a later passage."""

    def __missing__(self, key: tuple[int, bool]) -> list[Any]:
        day, again = key
        row: list[Any] = [day, {}, [], 0, again]
        self[key] = row
        return row


def plan_of(group: Sequence[AppendBatch]) -> tuple[list[str], list[bytes], dict[str, Any]]:
    """The destinations that `group` concerns, its payloads, and its part of the script's plan.

    For each destination the plan has a row for each day on which its events came in: the day, how
    many were withheld by reason, the numbers of the payloads that it gets, the change in the number
    of held events, and whether the events are in a later passage. Events in a later passage have
    rows of their own.
    """
    rows: defaultdict[str, _Rows] = defaultdict(_Rows)
    said: defaultdict[str, dict[str, str]] = defaultdict(dict)
    denied: defaultdict[str, Denials] = defaultdict(dict)
    waiting: list[tuple[str, int, list[str], int]] = []
    payloads: list[bytes] = []
    marks: list[Marks] = []
    quarantine: list[tuple[int, bool]] = []
    released: list[str] = []
    renewed: list[int] = []
    records: list[tuple[int, list[int], int, list[int]]] = []
    passages: dict[str, str] = {}
    for batch in group:
        offset, again = len(payloads), batch.again
        payloads += batch.payloads
        marks += batch.marks
        released += batch.released
        for name, withheld in batch.withheld.items():
            of_name = rows[name]
            for (day, reason), amount in withheld.items():
                reasons = of_name[day, again][1]
                reasons[reason] = reasons.get(reason, 0) + amount
        days = batch.days
        for name, numbers in batch.sent.items():
            of_name = rows[name]
            for number in numbers:
                of_name[days[number - 1], again][2].append(offset + number)
        for name, held in batch.held.items():
            for day, amount in held.items():
                rows[name][day, again][3] += amount
        for page in batch.said:
            said[page].update(batch.said[page])
        for each, denials in batch.denied.items():
            add_denials(denied[each], denials)
        for page, number, names in batch.waiting:
            day = days[number - 1]
            waiting.append((page, offset + number, names, day))
            for name in names:
                rows[name][day, again][3] += 0  # the script decides whether it may wait
        for number in batch.quarantine:
            quarantine.append((offset + number, has_trusted_sender(batch.payloads[number - 1])))
        for number in batch.renewed:
            renewed.append(offset + number)
        for number, passage in batch.passages.items():
            passages[str(offset + number)] = passage
        for record, numbers, waits, _, _, *rest in batch.records:
            held_number = offset + waits if waits else 0
            added = rest[0] if rest else numbers[1:]
            records.append(
                (
                    offset + record,
                    [offset + each for each in numbers],
                    held_number,
                    [each and offset + each for each in added],
                )
            )
    places = {name: place for place, name in enumerate(rows, 1)}
    plan = {
        "marks": marks,
        "quarantine": quarantine,
        "released": released,
        "renewed": renewed,
        "said": said,
        "denied": denied,
        "waiting": [
            (page, number, [places[name] for name in names], day)
            for page, number, names, day in waiting
        ],
        "destinations": [list(of_name.values()) for of_name in rows.values()],
        "records": records,
        "passages": passages,
        "names": list(rows) if records else [],
    }
    return list(rows), payloads, plan
