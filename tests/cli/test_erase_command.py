"""`gateway access` and `gateway erase` on the command line."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import Result
from redis import Redis

from gateway.ledger.folder import LedgerFolder
from gateway.operations import catching_up, erasing
from gateway.queue.append import Appender
from gateway.queue.pending_counts import PendingCounts
from gateway.queue.read import ensure_group
from gateway.queue.tombstones import read_tombstones
from gateway.redis_client.connect import connect_for_work
from tests.support.dead_letters import bury
from tests.support.drains import nobody
from tests.support.events import decide, make_event
from tests.support.keys import ADS, KEYS
from tests.support.ledger import Books

Run = Callable[..., Result]

CONFIG = """
server: {{hash_salt: a-salt-of-the-shop}}
sources: {{site: {{type: collect}}}}
redis: {{url: "{url}", data_dir: {data}}}
destinations:
  ads: {{type: webhook, url: "https://ads.example/"}}
"""
EMAIL = "anna@shop.example"
ESCAPE = "\x1b[31mred"


def theirs(number: int) -> dict[str, object]:
    return make_event(number, client_id="anna", user_data={"email_address": EMAIL}, x=ESCAPE)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erasing, "BLIND_SECONDS", 0)
    monkeypatch.setattr(erasing, "MARGIN_SECONDS", 0)


@pytest.fixture
def config(redis_url: str, tmp_path: Path) -> Path:
    """A gateway without a ledger, with two dead letters and two pending events. One of each is
    Anna's."""
    path = tmp_path / "gateway.yaml"
    path.write_text(CONFIG.format(url=redis_url, data=tmp_path))

    async def fill() -> None:
        async with connect_for_work(redis_url) as redis:
            await ensure_group(redis, ADS)
            appender = Appender(redis, KEYS, PendingCounts(), nobody)  # type: ignore[arg-type]
            await bury(redis, "ads", [theirs(0), make_event(1)], "rejected", "HTTP 400")
            await appender.append([decide(theirs(2), ["ads"]), decide(make_event(3), ["ads"])])

    asyncio.run(fill())
    return path


@pytest.mark.parametrize("wanted", [EMAIL, EMAIL.upper(), " anna "])
def test_access_shows_what_redis_has(run: Run, config: Path, wanted: str) -> None:
    result = run("access", wanted, "--json", "--config", config)
    assert result.exit_code == 0, result.output
    shown = json.loads(result.stdout)
    assert [each["event"]["event_id"] for each in shown["pending"]["ads"]] == ["event-2"]
    assert [each["event"]["event_id"] for each in shown["dead_letters"]["ads"]] == ["event-0"]
    assert "event-1" not in result.stdout
    assert "event-3" not in result.stdout


def test_access_in_words(run: Run, config: Path) -> None:
    result = run("access", EMAIL, "--config", config)
    assert result.exit_code == 0
    assert "pending for ads" in result.stdout
    assert "dead letter of ads" in result.stdout
    assert EMAIL in result.stdout
    assert "\x1b" not in result.stdout


def test_a_dry_run_and_a_no_change_nothing(run: Run, server: Redis, config: Path) -> None:
    before = {key: server.dump(key) for key in server.scan_iter()}
    result = run("erase", EMAIL, "--dry-run", "--config", config)
    assert (result.exit_code, EMAIL in result.output) == (0, False)
    assert "pending, ads" in result.stdout
    assert run("erase", EMAIL, "--config", config, input="n\n").exit_code == 1
    assert {key: server.dump(key) for key in server.scan_iter()} == before


def test_erase_removes_what_access_shows(run: Run, server: Redis, config: Path) -> None:
    result = run("erase", EMAIL, "--yes", "--config", config)
    assert result.exit_code == 0, result.output
    assert "Erased 2 records" in result.stdout
    assert "what vendors got is not known" in result.stdout
    assert EMAIL not in result.output
    assert server.hget(ADS.counts, "withheld") == server.hget(ADS.counts, "dropped") == b"1"
    assert (server.xlen(ADS.stream), server.xlen(ADS.dead)) == (1, 1)
    shown = json.loads(run("access", EMAIL, "--json", "--config", config).stdout)
    assert not any(shown.values())


def test_nothing_found_is_no_failure(run: Run, redis_url: str, config: Path) -> None:
    result = run("erase", "somebody-else", "--yes", "--config", config)
    assert result.exit_code == 0
    assert "Erased 0 records" in result.stdout

    async def written() -> int:
        async with connect_for_work(redis_url) as redis:
            return len((await read_tombstones(redis, KEYS)).written)

    assert asyncio.run(written()) > 0  # for events that are still on their way


@pytest.mark.parametrize("command", [["access"], ["erase", "--yes"]])
@pytest.mark.parametrize("wanted", ["", " "])
def test_an_empty_id_is_refused(
    run: Run, server: Redis, config: Path, command: list[str], wanted: str
) -> None:
    result = run(*command, wanted, "--config", config)
    assert (result.exit_code, "ID is empty" in result.stderr) == (2, True)
    assert not server.exists(KEYS.erased)


@pytest.mark.parametrize("command", [["access"], ["erase", "--yes"]])
def test_an_id_in_another_encoding_is_not_reported_as_unknown(
    run: Run, server: Redis, config: Path, command: list[str]
) -> None:
    result = run(*command, b"m\xfcller@shop.example".decode(errors="surrogateescape"))
    assert (result.exit_code, "not UTF-8" in result.stderr) == (2, True)
    assert not server.exists(KEYS.erased)


@pytest.mark.parametrize("command", ["access", "erase"])
def test_without_a_key_the_reason_is_said(run: Run, config: Path, command: str) -> None:
    config.write_text(config.read_text().replace("server: {hash_salt: a-salt-of-the-shop}", ""))
    result = run(command, EMAIL, "--config", config)
    assert result.exit_code == 2
    assert "server.hash_salt" in result.stderr


@pytest.fixture
def with_ledger(redis_url: str, tmp_path: Path, config: Path) -> Iterator[Path]:
    """A gateway with a ledger, and a thread that stores records in it."""
    config.write_text(CONFIG.format(url="embedded", data=tmp_path))
    ready, over = threading.Event(), threading.Event()

    async def work() -> None:
        async with connect_for_work(redis_url) as redis:
            books = Books(redis, LedgerFolder(tmp_path / "ledger"))
            await books.append(
                decide(theirs(10), ["ads"]), decide({**theirs(11), "client_id": "phone"}, ["ads"])
            )
            await books.settle("ads", (await books.read("ads"))[-1:], "delivered")
            ready.set()
            while not over.is_set():
                await books.store()
                await asyncio.sleep(0.01)
            books.writer.close()

    writing = threading.Thread(target=asyncio.run, args=[work()])
    writing.start()
    assert ready.wait(60)
    yield config
    over.set()
    writing.join(60)


def test_erase_with_a_ledger_names_the_vendors(run: Run, redis_url: str, with_ledger: Path) -> None:
    words = ("--config", with_ledger, "--redis-url", redis_url)
    result = run("erase", EMAIL, "--yes", *words)
    assert result.exit_code == 0, result.output
    assert "ads received 1 of these events" in result.stdout
    shown = json.loads(run("access", EMAIL, "--json", *words).stdout)
    assert not any(shown.values())


def test_a_form_without_the_id_is_found_by_its_receipt(
    run: Run, redis_url: str, tmp_path: Path, with_ledger: Path
) -> None:
    """`ads` may not have the client id, so it gets the event without that id."""

    async def append() -> None:
        async with connect_for_work(redis_url) as redis:
            books = Books(redis, LedgerFolder(tmp_path / "ledger"))
            decision = decide(make_event(20, client_id="cookie", value=1), ["ads"])
            verdict = decision.verdicts["ads"]
            less = {name: each for name, each in verdict.event.items() if name != "client_id"}
            decision.verdicts = {"ads": type(verdict)(less), "books": verdict}
            await books.append(decision)
            books.writer.close()

    asyncio.run(append())
    words = ("--config", with_ledger, "--redis-url", redis_url)
    said = run("erase", "cookie", "--yes", *words).stdout
    assert "pending, ads 1 " in " ".join(said.split())
    shown = json.loads(run("access", "event-20", "--json", *words).stdout)
    assert not any(shown.values())


@pytest.mark.parametrize("command", [("access", "cookie"), ("erase", "cookie", "--yes")])
def test_nothing_is_said_before_the_ledger_has_stored_all(
    run: Run,
    redis_url: str,
    server: Redis,
    config: Path,
    tmp_path: Path,
    command: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config.write_text(CONFIG.format(url="embedded", data=tmp_path))
    LedgerFolder(tmp_path / "ledger").key()
    monkeypatch.setattr(catching_up, "CATCH_UP_SECONDS", 0.3)
    server.xadd(KEYS.feed, {"w": "{}"})
    result = run(*command, "--config", config, "--redis-url", redis_url)
    assert result.exit_code == 1
    assert "the ledger has not stored what happened" in result.output


@pytest.fixture
def shared(redis_url: str, config: Path) -> Path:
    """One person's user id and another person's order have the same number."""

    async def fill() -> None:
        async with connect_for_work(redis_url) as redis:
            events = [make_event(7, user_id="1001"), make_event(8, transaction_id="1001")]
            await bury(redis, "ads", events, "rejected", "HTTP 400")

    asyncio.run(fill())
    return config


def test_an_id_of_two_people_is_erased_once_its_kind_is_said(
    run: Run, server: Redis, shared: Path
) -> None:
    result = run("erase", "1001", "--yes", "--config", shared)
    assert (result.exit_code, "nothing was erased" in result.stderr) == (2, True)
    words = " ".join(result.stdout.split())
    assert "the id belongs to a person in 1 and to an order in 1" in words
    assert not server.exists(KEYS.erased)
    result = run("erase", "1001", "--kind", "order", "--yes", "--config", shared)
    assert result.exit_code == 0, result.output
    assert "Erased 1 record." in result.stdout
    shown = json.loads(run("access", "1001", "--json", "--config", shared).stdout)
    assert [each["event"]["event_id"] for each in shown["dead_letters"]["ads"]] == ["event-7"]


def test_the_kinds_are_shown_before_the_question(run: Run, shared: Path) -> None:
    result = run("erase", "1001", "--config", shared, input="y\n")
    assert (result.exit_code, "Choose with --kind" in result.stdout) == (0, True)
    assert "Erased 2 records" in result.stdout
