"""`gateway trace`, `events` and `stats`: the ledger on the command line."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import Result

from gateway.cli import events
from gateway.ledger.answers import Ending, Listed, Wanted
from gateway.ledger.csv_rows import csv_row
from gateway.ledger.folder import LedgerFolder
from gateway.ledger.reading import LedgerReader
from gateway.queue.erasure import pending_entries
from gateway.redis_client.connect import connect_for_work
from tests.support.events import decide, make_event
from tests.support.keys import ADS
from tests.support.ledger import Books

Run = Callable[..., Result]

CONFIG = """
sources: {{site: {{type: collect}}}}
redis: {{data_dir: {data}}}
destinations:
  ads: {{type: webhook, url: "https://ads.example/"}}
"""
ESCAPE = "\x1b[31mred"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "gateway.yaml"
    path.write_text(CONFIG.format(data=tmp_path))
    return path


@pytest.fixture
def filled(redis_url: str, tmp_path: Path, config: Path) -> Path:
    """The configuration of a gateway that has three events in its ledger."""

    async def fill() -> None:
        async with connect_for_work(redis_url) as redis:
            books = Books(redis, LedgerFolder(tmp_path / "ledger"))
            events = [
                make_event(0, transaction_id="T-1", value=5),
                {**make_event(1), "event_name": f"=cmd|{ESCAPE}"},
                make_event(2, client_id="1.2"),
            ]
            made = [decide(event, ["ads"]) for event in events]
            for number, decision in enumerate(made):
                decision.received_at += number / 100 - 1
            await books.append(*made)
            first, second, _ = await books.read("ads")
            await books.settle("ads", [first], "delivered")
            await books.settle("ads", [second], "rejected", f"HTTP 400: {ESCAPE}")
            await books.store()
            books.writer.close()

    asyncio.run(fill())
    return config


@pytest.mark.parametrize("wanted", ["event-0", "T-1"])
def test_trace_tells_the_story_of_an_event(run: Run, filled: Path, wanted: str) -> None:
    result = run("trace", wanted, "--config", filled)
    assert result.exit_code == 0
    assert "purchase, received" in result.stdout
    assert "delivered" in result.stdout
    assert "204" in result.stdout


def test_trace_shows_what_has_not_ended(run: Run, filled: Path) -> None:
    result = run("trace", "1.2", "--config", filled)
    assert "pending" in result.stdout


def test_trace_as_json(run: Run, filled: Path) -> None:
    (story,) = json.loads(run("trace", "T-1", "--json", "--config", filled).stdout)
    assert story["payload"]["transaction_id"] == "T-1"
    assert story["endings"][0]["ending"] == "delivered"


def test_trace_finds_an_event_by_its_receipt(run: Run, filled: Path) -> None:
    (story,) = json.loads(run("trace", "T-1", "--json", "--config", filled).stdout)
    again = json.loads(run("trace", story["receipt"], "--json", "--config", filled).stdout)
    assert again == [story]


@pytest.mark.parametrize("wanted", [f"T-{ESCAPE}", "f" * 28], ids=["order", "no receipt"])
def test_what_is_not_found_is_said(run: Run, filled: Path, wanted: str) -> None:
    result = run("trace", wanted, "--config", filled)
    assert result.exit_code == 1
    assert "no event has the id" in result.stderr
    assert "ledger.successes" not in result.stderr


def test_what_is_not_kept_is_said(run: Run, filled: Path) -> None:
    filled.write_text(filled.read_text() + "ledger: {successes: counts}\n")
    result = run("trace", "T-unknown", "--config", filled)
    assert result.exit_code == 1
    assert "does not keep all events that were delivered (ledger.successes)" in result.stderr
    assert "\x1b" not in result.stderr


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ((), [f"=cmd|{ESCAPE}", "purchase"]),
        (("--ending", "rejected"), [f"=cmd|{ESCAPE}"]),
        (("--destination", "ads", "--where", "value=5"), ["purchase"]),
        (("--since", "1h", "--limit", "1"), [f"=cmd|{ESCAPE}"]),
        (("--until", "yesterday"), []),
        (("--event-name", "purchase"), ["purchase"]),
        (("--reason", "http 400"), [f"=cmd|{ESCAPE}"]),
    ],
)
def test_list_as_json_has_an_ending_in_each_line(
    run: Run, filled: Path, words: tuple[str, ...], names: list[str]
) -> None:
    result = run("events", "list", "--json", *words, "--config", filled)
    assert result.exit_code == 0
    assert [json.loads(line)["name"] for line in result.stdout.splitlines()] == names


def test_nothing_that_strangers_wrote_reaches_the_terminal_unescaped(
    run: Run, filled: Path
) -> None:
    for words in (
        ("events", "list"),
        ("events", "list", "--json"),
        ("events", "list", "--csv"),
        ("trace", "event-1"),
    ):
        result = run(*words, "--config", filled)
        assert result.exit_code == 0
        assert "\x1b" not in result.stdout


def test_tail_prints_each_ending_once_and_reads_only_what_ended_of_late(
    run: Run, filled: Path, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks, endings = [], LedgerReader.endings

    def read(reader: LedgerReader, wanted: Wanted) -> Iterator[Listed]:
        looks.append(wanted.ended_since or 0.0)
        return endings(reader, wanted)

    async def deliver() -> None:
        async with connect_for_work(redis_url) as redis:
            books = Books(redis, LedgerFolder(filled.parent / "ledger"))
            async for entry in pending_entries(redis, ADS):
                await books.settle("ads", [entry], "delivered")
            await books.store()
            books.writer.close()

    def rest(seconds: float) -> None:
        if len(looks) == 3:
            raise KeyboardInterrupt
        if len(looks) == 1:
            asyncio.run(deliver())

    monkeypatch.setattr(LedgerReader, "endings", read)
    monkeypatch.setattr(events, "time", SimpleNamespace(time=time.time, sleep=rest))
    result = run("events", "tail", "--since", "1h", "--json", "--config", filled)
    assert result.exit_code == 0
    found = [json.loads(line)["ending"] for line in result.stdout.splitlines()]
    assert [each["ending"] for each in found] == ["delivered", "rejected", "delivered"]
    assert looks[0] < time.time() - 3000
    assert min(looks[1:]) > time.time() - 300


def test_csv_holds_no_formula(run: Run, filled: Path) -> None:
    result = run("events", "list", "--csv", "--config", filled)
    header, bad, good = csv.reader(io.StringIO(result.stdout))
    assert header[:5] == ["received_at", "event_name", "source", "destination", "passage"]
    assert bad[1].startswith("'=cmd")
    assert good[1] == "purchase"


@pytest.mark.parametrize("name", ["x;=1+1;y", 'x;"=1+1;y', 'x; ""@SUM(1)', "x;＝1", "=1;-1"])
@pytest.mark.parametrize("delimiter", [",", ";"])
def test_csv_holds_no_formula_where_a_semicolon_ends_a_cell(name: str, delimiter: str) -> None:
    text = io.StringIO()
    ending = Ending("ads", 1, "rejected", reason=name)
    csv.writer(text).writerow(csv_row(Listed("0a", name, "site", False, 0.0, None, ending)))
    (row,) = csv.reader(io.StringIO(text.getvalue()), delimiter=delimiter)
    assert not [cell for cell in row if cell.strip().startswith(("=", "+", "-", "@", "＝"))]


def test_stats_counts_by_destination_and_by_name(run: Run, filled: Path) -> None:
    shown = run("stats", "--config", filled).stdout
    assert "ads" in shown
    rows = json.loads(run("stats", "--by", "event-name", "--json", "--config", filled).stdout)
    purchase = {"event-name": "purchase", "destination": "ads"}
    assert {**purchase, "ending": "accepted", "events": 2} in rows
    assert {**purchase, "ending": "delivered", "events": 1} in rows


def test_stats_puts_the_rest_together(run: Run, filled: Path) -> None:
    shown = run("stats", "--by", "event-name", "--top", "1", "--config", filled).stdout
    assert "purchase" in shown
    assert "(others)" in shown


@pytest.mark.parametrize(
    "words",
    [
        ("events", "list", "--since", "1h", "--until", "2h"),
        ("events", "list", "--where", "value"),
        ("events", "list", "--json", "--csv"),
        ("stats", "--since", "1h", "--until", "2h"),
        ("events", "list", "--limit", "9" * 30),
        ("events", "list", "--event-name", "K\udce4ufe"),
        ("events", "list", "--where", "currency=\udce4"),
        ("trace", "m\udcfcller"),
    ],
)
def test_what_makes_no_sense_is_refused(run: Run, filled: Path, words: tuple[str, ...]) -> None:
    assert run(*words, "--config", filled).exit_code == 2


@pytest.mark.parametrize("words", [("trace", "x"), ("events", "list"), ("stats",)])
def test_without_a_ledger_the_reason_is_said(
    run: Run, config: Path, words: tuple[str, ...]
) -> None:
    result = run(*words, "--config", config)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "the ledger is empty" in result.stderr
    config.write_text(config.read_text() + "ledger: {enabled: false}\n")
    result = run(*words, "--config", config)
    assert result.exit_code == 2
    assert "keeps no ledger" in result.stderr


def test_a_list_that_is_read_in_part_ends_without_a_word(filled: Path) -> None:
    command = [sys.executable, "-m", "gateway", "events", "list", "--json", "--config", filled]
    read, write = os.pipe()
    os.close(read)  # like `head` after its last line
    ended = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, timeout=120)
    os.close(write)
    assert ended.stderr == b""
    assert ended.returncode == 1
