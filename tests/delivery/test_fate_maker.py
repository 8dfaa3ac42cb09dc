"""Fates: what the ledger learns about each entry, however it ends or is retried."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from destinations.base import DELIVERED, Outcome, Request, Response
from gateway.delivery.fate_maker import MAX_WORDS, FateMaker
from gateway.delivery.planning import Ended
from gateway.delivery.send import Attempt
from gateway.event.endings import WITH_WARNINGS
from gateway.queue.entry import Entry
from gateway.queue.fates import PENDING
from tests.support.scripted_vendor import Parcel

NOW = 1_795_000_000.0


class Secretive(Parcel):
    def secrets(self) -> Iterator[str]:
        yield "s3cret-token"


def entry(number: int, receipt: str = "receipt") -> Entry:
    origin = ("site", NOW, "v1", [], (), True, (), "", receipt)
    return Entry(b"%d-0" % number, number, {}, *origin, passage=2)  # type: ignore[arg-type]


def attempt(*outcomes: Outcome, status: int | None = 200, test: bool = False) -> Attempt:
    request = Request("POST", "https://vendor.test/events", {}, b"", (), test=test)
    response = Response(status) if status else None
    entries = [entry(number) for number in range(1, len(outcomes) + 1)]
    return Attempt(entries, request, response, outcomes, NOW)


def makes(**settings: Any) -> FateMaker:
    return FateMaker(Secretive(), **{"reports": True, **settings})


def test_a_fate_tells_of_an_entry_how_often_when_and_with_which_status_it_was_tried() -> None:
    delivered, retried = makes().of_results([attempt(DELIVERED, Outcome("retry", "busy"))])
    assert delivered == ("1-0", "receipt", 2, "delivered", NOW, 1, 200, "")
    assert retried == (PENDING, "receipt", 2, "retry", NOW, 2, 200, "busy")


@pytest.mark.parametrize(
    ("outcome", "result", "words"),
    [
        (Outcome("rejected", "no s3cret-token"), "rejected", "no ***"),
        (Outcome("rejected", "x" * 600), "rejected", "x" * MAX_WORDS),
        (Outcome("delivered", "taken", warnings=("old",)), WITH_WARNINGS, "old; taken"),
        (Outcome("submitted", "as job 1", ticket="1"), "submitted", "submitted: as job 1"),
    ],
)
def test_the_words_are_those_of_the_vendor(outcome: Outcome, result: str, words: str) -> None:
    (fate,) = makes().of_results([attempt(outcome)])
    assert (fate.result, fate.words) == (result, words)


def test_what_was_a_test_or_a_dry_run_is_named_so() -> None:
    (tested,) = makes().of_results([attempt(DELIVERED, test=True)])
    (dry,) = makes(dry_run=True).of_results([attempt(DELIVERED, status=None)])
    assert (tested.result, tested.words) == ("delivered", "sent as a test")
    assert (dry.result, dry.status) == ("dry run", None)


def test_an_entry_that_ends_unsent_has_no_status() -> None:
    expired = Ended(entry(1), Outcome("expired", "too old"), NOW)
    erased = Ended(entry(2), Outcome("rejected", "erased"), NOW, withheld=True)
    fates = makes().of_results([expired, erased])
    assert [(each.result, each.words, each.status) for each in fates] == [
        ("expired", "too old", None),
        ("withheld", "erased", None),
    ]
    assert makes().of_withheld([entry(2)], "erased", NOW) == fates[1:]


def test_a_verdict_has_the_status_of_the_response_that_brought_it() -> None:
    (fate,) = makes().of_verdicts([(entry(1), DELIVERED)], NOW, Response(207))
    assert (fate.result, fate.at, fate.status) == ("delivered", NOW, 207)


def test_nothing_is_told_without_a_ledger_or_of_an_entry_without_a_receipt() -> None:
    assert makes(reports=False).of_results([attempt(DELIVERED)]) == []
    assert makes().of_withheld([entry(1, receipt="")], "withdrawn", NOW) == []
