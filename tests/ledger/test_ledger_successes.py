"""Which events the ledger keeps after they have succeeded."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.event.endings import WITH_WARNINGS
from gateway.ledger.day_rows import DayRows
from gateway.ledger.successes import may_be_forgotten, succeeded
from gateway.ledger.tables import EVENT_TABLES
from gateway.pipeline.decision import Decision, Verdict
from gateway.queue.admission import Full
from gateway.queue.append import Retention
from gateway.queue.bounds import Closed
from gateway.queue.receipts import new_receipt
from tests.ledger.conftest import Open
from tests.support.events import decide, make_event
from tests.support.ledger import Books

anyio = pytest.mark.anyio


@pytest.fixture
def books(open_books: Open) -> Books:
    return open_books(successes="counts", retention=Retention(dedupe=600))


def rows(books: Books) -> int:
    return sum(len(books.rows(table)) for table in EVENT_TABLES)


@anyio
@pytest.mark.parametrize("together", [True, False], ids=["one batch", "a batch for each step"])
async def test_an_event_goes_when_its_last_destination_has_it(books: Books, together: bool) -> None:
    await books.append(decide(make_event(0), send=["ads", "books"], withhold=["other"]))
    for name in ("ads", "books"):
        entries = await books.read(name)
        await books.settle(name, entries, "retry", "HTTP 503")
        if not together:
            await books.store()
            assert len(books.rows("events")) == 1
        await books.settle(name, entries, "delivered")
    await books.store()
    assert rows(books) == 0
    assert books.counts("ads") == books.counts("books") == {"accepted": 1, "delivered": 1}
    assert books.counts("other") == {"accepted": 1, "withheld": 1}


@anyio
async def test_an_event_goes_without_a_destination_that_refused_it(books: Books) -> None:
    """Its sender repeats it for the destination that refused it."""
    books.appender.closed = Closed({"other": "other is full"})
    with pytest.raises(Full):
        await books.append(replace(decide(make_event(0), send=["ads", "other"]), has_own_id=True))
    await books.settle("ads", await books.read("ads"), "delivered")
    await books.store()
    assert rows(books) == 0


@anyio
@pytest.mark.parametrize("result", ["rejected", "expired", "retry"])
async def test_an_event_stays_that_failed_or_is_pending_somewhere(
    books: Books, result: str
) -> None:
    await books.append(decide(make_event(0), send=["ads", "books"]))
    await books.settle("ads", await books.read("ads"), "delivered")
    await books.settle("books", await books.read("books"), result, "no")
    await books.store()
    (story,) = books.reader.stories(books.digests.of_text("event-0"), 10)
    assert [each.ending for each in story.endings] == [
        "delivered",
        "pending" if result == "retry" else result,
    ]
    assert story.payload is not None


@anyio
async def test_a_failure_stays_when_it_is_delivered_in_a_second_pass(books: Books) -> None:
    await books.append(decide(make_event(0), send=["ads"]))
    (entry,) = await books.read("ads")
    await books.settle("ads", [entry], "rejected", "HTTP 400")
    await books.store()
    await books.replay("ads", [entry])
    await books.store()
    await books.settle("ads", await books.read("ads"), "delivered")
    await books.store()
    assert books.ended() == [("ads", "delivered"), ("ads", "rejected")]


@anyio
async def test_one_that_is_withheld_from_all_stays(books: Books) -> None:
    await books.append(decide(make_event(0), withhold=["ads", "books"]))
    await books.store()
    assert books.ended() == [("ads", "withheld"), ("books", "withheld")]


@anyio
async def test_one_that_waits_for_consent_stays_until_it_has_ended(books: Books) -> None:
    event = make_event(0)
    held = {"ads": Verdict(None, "hold"), "books": Verdict(event)}
    await books.append(replace(decide(event), verdicts=held))
    await books.settle("books", await books.read("books"), "delivered")
    await books.store()
    (story,) = books.reader.stories(books.digests.of_text("event-0"), 10)
    assert [each.ending for each in story.endings] == ["held", "delivered"]
    released = Decision(event, {"ads": Verdict(event)}, (), "site", 0.0, "v")
    released.receipt, released.received_at = story.receipt, story.at
    await books.append(released)
    await books.settle("ads", await books.read("ads"), "delivered")
    await books.store()
    assert rows(books) == 0


@anyio
async def test_repetitions_and_dry_runs_are_successes(books: Books) -> None:
    for _ in range(2):
        await books.append(decide(make_event(0), send=["ads"], trusted=True))
    await books.settle("ads", await books.read("ads"), "dry run")
    await books.store()
    assert rows(books) == 0
    assert books.counts("ads") == {"accepted": 1, "dry run": 1, "repeated": 1}


@anyio
async def test_records_that_come_again_bring_nothing_back(books: Books) -> None:
    await books.append(decide(make_event(0), send=["ads"]))
    await books.settle("ads", await books.read("ads"), "delivered")
    records = await books.records()
    await books.store()
    books.writer.store(records, await books.feed.name(""))
    assert rows(books) == 0
    assert books.counts("ads") == {"accepted": 1, "delivered": 1}


@anyio
async def test_all_events_stay_unless_another_setting_says_so(open_books: Open) -> None:
    books = open_books()
    await books.append(decide(make_event(0), send=["ads"]))
    await books.settle("ads", await books.read("ads"), "delivered")
    await books.store()
    assert books.ended() == [("ads", "delivered")]


def test_a_sample_is_one_in_a_hundred_and_always_the_same() -> None:
    receipts = [bytes.fromhex(new_receipt(1_795_219_200.0)) for _ in range(20_000)]
    ended = DayRows(endings=[(each, "ads") for each in receipts])
    gone = may_be_forgotten(ended, "sampled")
    assert gone == may_be_forgotten(ended, "sampled")
    assert 100 < len(receipts) - len(gone) < 320  # 200 is expected; beyond eight deviations
    assert may_be_forgotten(ended, "counts") == sorted(receipts)
    assert may_be_forgotten(ended, "all") == []


KEPT = {"rejected", "expired", WITH_WARNINGS}
ENDINGS = ("delivered", "dry run", "repeated", "withheld", *sorted(KEPT))


@given(
    going_to=st.dictionaries(st.sampled_from("abc"), st.sampled_from(["send", "held", "send/2"])),
    ended=st.dictionaries(
        st.tuples(st.sampled_from("abc"), st.integers(1, 2)), st.sampled_from(ENDINGS), min_size=1
    ),
)
def test_what_succeeded(going_to: dict[str, str], ended: dict[tuple[str, int], str]) -> None:
    text = "{" + ",".join(f'"{name}":"{state}"' for name, state in going_to.items()) + "}"
    found = succeeded((b"r", text, None, *key, ending) for key, ending in ended.items())
    passages = {(name, 2 if state == "send/2" else 1) for name, state in going_to.items()}
    assert found == (
        [b"r"]
        if passages <= ended.keys()
        and not KEPT & {*ended.values()}
        and {*ended.values()} != {"withheld"}
        else []
    )
