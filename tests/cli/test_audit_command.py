"""`gateway audit`: says whether Redis, its streams and the ledger agree, also by its status."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis as SyncRedis

from gateway.cli import audit as module
from gateway.cli.audit import audit as command
from gateway.ledger.folder import LedgerFolder
from gateway.ledger.reading import LedgerReader
from gateway.ledger.totals import Totals
from gateway.queue.receipts import day_name, day_number
from gateway.redis_client.connect import connect_for_work
from tests.support.events import decide, make_event
from tests.support.keys import ADS, KEYS
from tests.support.ledger import Books
from tests.support.operator_commands import Run, runner, table_rows

TODAY = day_number(time.time())
CONFIG = """
sources: {site: {type: collect}}
redis: {data_dir: "DATA"}
destinations:
  ads: {type: webhook, url: "https://ads.example/"}
  books: {type: webhook, url: "https://books.example/"}
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "gateway.yaml"
    file.write_text(CONFIG.replace("DATA", str(tmp_path)))
    return file


@pytest.fixture
def run(redis_url: str, config: Path) -> Run:
    """Runs ``gateway audit *words``."""
    return runner(command, config, redis_url)


@pytest.fixture
def server(redis_url: str) -> Iterator[SyncRedis]:
    with SyncRedis.from_url(redis_url) as server:
        yield server


@pytest.fixture
def filled(redis_url: str, tmp_path: Path) -> None:
    """Two events are stored, one of them delivered; the record of a third is waiting."""

    async def fill() -> None:
        async with connect_for_work(redis_url) as redis:
            books = Books(redis, LedgerFolder(tmp_path / "ledger"))
            made = [decide(make_event(n), ["ads"], ["books"]) for n in range(3)]
            for each in made:
                each.received_at = TODAY * 86_400 + 43_200
            await books.append(*made[:2])
            await books.settle("ads", (await books.read("ads"))[:1], "delivered")
            await books.store()
            await books.append(made[2])
            books.writer.close()

    asyncio.run(fill())


@pytest.mark.usefixtures("filled")
def test_what_balances(run: Run) -> None:
    result = run()
    assert result.exit_code == 0, result.output
    rows = table_rows(result.output)
    assert rows[0] == ["ads", "Redis", "3", "0", "1", "0", "0", "0", "2", "ok"]
    assert rows[1] == ["ledger", "3", "0", "1", "0", "0", "0"]
    assert rows[2] == ["streams", "2"]
    assert rows[3][0] == "books"
    day = day_name(TODAY)
    assert rows[6] == ["ads", day, "3", "0", "1", "0", "0", "0", "2", "ok"]
    assert rows[7] == ["books", day, "3", "3", "0", "0", "0", "0", "0", "ok"]
    assert "Records that are still to be stored: 1." in result.output


@pytest.mark.usefixtures("filled")
def test_what_differs_is_said_and_is_the_status(run: Run, server: SyncRedis) -> None:
    server.hincrby(ADS.counts, "delivered", 1)
    server.hincrby(KEYS.counts, "feed_dropped", 1)
    result = run()
    assert result.exit_code == 1
    assert "ads: delivered: Redis counts 2, the ledger 1." in result.output
    assert "Redis counts 1 pending events, but 2 are in the stream or held." in result.output
    assert "Records that the ledger never got: 1." in result.output


@pytest.mark.usefixtures("filled")
def test_the_day_that_differs_is_named(run: Run, server: SyncRedis) -> None:
    server.hincrby(ADS.day(TODAY), "delivered", 1)
    result = run()
    assert result.exit_code == 1
    day = day_name(TODAY)
    assert f"ads, {day}: delivered: Redis counts 2, the ledger 1." in result.output
    rows = table_rows(result.output)
    assert rows[6][-1] == "differs"
    assert rows[7] == ["ledger", "3", "0", "1", "0", "0", "0"]
    read = json.loads(run("--json").output)
    assert not read["balanced"]
    assert read["destinations"]["ads"]["problems"] == []
    assert read["destinations"]["ads"]["days"][day]["problems"]
    assert not read["destinations"]["books"]["days"][day]["problems"]


@pytest.mark.usefixtures("filled")
def test_days_whose_counts_the_ledger_may_have_forgotten_are_left_out(
    run: Run, server: SyncRedis, config: Path
) -> None:
    server.hset(ADS.day(TODAY - 5), "accepted", 1)
    assert run().exit_code == 1
    config.write_text(config.read_text() + "ledger: {counts_keep_days: 4}\n")
    assert run().exit_code == 0


@pytest.mark.usefixtures("filled")
def test_as_json(run: Run, server: SyncRedis) -> None:
    read = json.loads(run("--json").output)
    assert (read["balanced"], read["records_waiting"], read["records_dropped"]) == (True, 1, 0)
    ads = read["destinations"]["ads"]
    assert ads["redis"] == ads["ledger"]
    assert (ads["pending"], ads["in_streams"], ads["problems"]) == (2, 2, [])
    server.hincrby(ADS.counts, "accepted", 1)
    result = run("--json")
    assert result.exit_code == 1
    read = json.loads(result.output)
    assert not read["balanced"]
    assert read["destinations"]["ads"]["problems"]
    assert not read["destinations"]["books"]["problems"]


@pytest.mark.usefixtures("filled")
def test_another_redis_is_one_that_the_ledger_does_not_know(run: Run, server: SyncRedis) -> None:
    server.flushall()
    result = run()
    assert result.exit_code == 1
    assert module.NOT_BEGUN in result.output


@pytest.mark.usefixtures("filled")
def test_it_looks_again_when_the_ledger_was_written_to(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "REST_SECONDS", 0)
    read, calls = LedgerReader.totals, []

    def restless(reader: LedgerReader, feed: str, since: float) -> Totals:
        calls.append(feed)
        totals = read(reader, feed, since)
        if len(calls) in (2, 3) or endless:
            totals.last_ids["another day"] = f"{len(calls)}-0"
        return totals

    monkeypatch.setattr(LedgerReader, "totals", restless)
    endless = False
    assert run().exit_code == 0
    assert len(calls) == 5
    endless = True
    result = run()
    assert result.exit_code == 1
    assert module.BUSY in result.output


@pytest.fixture
def replayed(redis_url: str, tmp_path: Path) -> None:
    """Two events were rejected; one of them is replayed and pending."""

    async def fill() -> None:
        async with connect_for_work(redis_url) as redis:
            books = Books(redis, LedgerFolder(tmp_path / "ledger"))
            made = [decide(make_event(n), ["ads"]) for n in range(2)]
            for each in made:
                each.received_at = TODAY * 86_400 + 43_200
            await books.append(*made)
            entries = await books.read("ads")
            await books.settle("ads", entries, "rejected")
            await books.replay("ads", entries[:1])
            await books.store()
            books.writer.close()

    asyncio.run(fill())


@pytest.mark.usefixtures("replayed")
def test_what_was_sent_again_has_a_row_of_its_own(run: Run, server: SyncRedis) -> None:
    rows = table_rows(run().output)
    assert rows[0] == ["ads", "Redis", "3", "0", "0", "2", "0", "0", "1", "ok"]
    assert rows[3] == ["later passages", "1", "0", "0", "0", "0", "0", "1", "ok"]
    assert (rows[7][:2], rows[8]) == (["ads", day_name(TODAY)], rows[3])
    read = json.loads(run("--json").output)["destinations"]["ads"]
    for each in (read["later_passes"], read["days"][day_name(TODAY)]["later_passes"]):
        assert (each["redis"]["accepted"], each["pending"], each["problems"]) == (1, 1, [])
    server.hincrby(ADS.counts, "again:rejected", 1)
    result = run()
    assert result.exit_code == 1
    assert "ads: later passages: rejected: Redis counts 1, the ledger 0." in result.output
    assert table_rows(result.output)[4] == ["ledger", "1", "0", "0", "0", "0", "0"]


@pytest.mark.usefixtures("filled")
def test_without_later_passes_nothing_is_said_of_them(run: Run) -> None:
    assert "later passages" not in run().output
    assert "later_passes" not in run("--json").output
