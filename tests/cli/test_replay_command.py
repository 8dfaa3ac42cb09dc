"""`gateway replay`: events of the ledger are sent again, each once, under today's rules."""

from __future__ import annotations

import asyncio
import signal
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from redis import Redis as SyncRedis

from gateway.cli.replay import replay as command
from gateway.event import Received
from gateway.event.words import counted
from gateway.ledger.folder import LedgerFolder
from gateway.operations import catching_up
from gateway.pipeline.decision import Decision, Verdict
from gateway.queue.append import Retention
from gateway.queue.dead_letters import find
from gateway.queue.dead_letters import replay as replay_letters
from gateway.queue.entry import Entry
from gateway.redis_client.connect import connect_for_work
from gateway.stages.held_consent import HeldConsent
from tests.support.events import decide, make_event
from tests.support.keys import ADS, KEYS
from tests.support.ledger import Books
from tests.support.operator_commands import Run, counts, runner, table_rows
from tests.support.terminal_session import TerminalSession

CONFIG = """
sources: {site: {type: collect}}
enrichment: []
redis: {data_dir: "DATA"}
consent: {regions: []}
rules: [{name: a rule, set: {seen: today}}]
destinations:
  ads: {type: webhook, url: "https://ads.example/", consent: [ad_storage]}
  new: {type: webhook, url: "https://new.example/", consent: [analytics_storage],
        when: {event_name: purchase}, rules: [{name: own, set: {own: 1}}]}
  trial: {type: webhook, url: "https://trial.example/", dry_run: true, consent: []}
"""
GRANTED = {"ad_storage": "granted", "analytics_storage": "granted"}
ALL = {**GRANTED, "ad_user_data": "granted"}
BY_VISITOR = "; ".join(f"{name} granted (event)" for name in GRANTED)
DAY = 86_400

Work = Callable[[Books], Awaitable[Any]]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "gateway.yaml"
    file.write_text(CONFIG.replace("DATA", str(tmp_path)))
    return file


@pytest.fixture
def run(redis_url: str, config: Path) -> Run:
    """Runs ``gateway replay *words``."""
    return runner(command, config, redis_url)


@pytest.fixture
def with_books(redis_url: str, tmp_path: Path) -> Callable[..., Any]:
    """Returns the result of `work`, after which the ledger stores all records."""

    def with_books(work: Work, **settings: Any) -> Any:
        async def act() -> Any:
            async with connect_for_work(redis_url) as redis:
                books = Books(redis, LedgerFolder(tmp_path / "ledger"), **settings)
                made = await work(books)
                await books.store()
                books.writer.close()
                return made

        return asyncio.run(act())

    return with_books


@pytest.fixture
def server(redis_url: str) -> Iterator[SyncRedis]:
    with SyncRedis.from_url(redis_url) as server:
        yield server


def granted(number: int, **fields: Any) -> dict[str, Any]:
    return make_event(number, **{"consent": GRANTED, **fields})


def received(decision: Decision, words: str = BY_VISITOR) -> Decision:
    """`decision` with a trace that says what decided its consent."""
    return replace(decision, trace=[("consent", decision.event, words)])


def rejected(count: int, **fields: Any) -> Work:
    """Work that appends `count` events, which `ads` rejects, with their dead letters."""

    async def work(books: Books) -> None:
        made = [received(decide(granted(n, **fields), ["ads"])) for n in range(count)]
        await books.append(*made)
        await books.settle("ads", await books.read("ads"), "rejected", "HTTP 400", buries=True)

    return work


def pending(with_books: Callable[..., Any], name: str = "ads") -> list[Entry]:
    """The entries of a destination that were not read yet."""
    entries: list[Entry] = with_books(lambda books: books.read(name))
    return entries


def test_a_rejected_event_is_sent_again_with_its_id_and_receipt(
    run: Run, with_books: Callable[..., Any], server: SyncRedis
) -> None:
    with_books(rejected(2))
    result = run("--destination", "ads", "--since", "1h", "--yes")
    assert result.exit_code == 0, result.output
    assert ["2", "rejected", "HTTP 400"] in table_rows(result.output)
    assert "Replayed 2 of 2 events." in result.output
    assert "a rule (2). They are not applied again." in result.output
    entries = pending(with_books)
    assert {entry.event["event_id"] for entry in entries} == {"event-0", "event-1"}
    assert {entry.passage for entry in entries} == {2}
    assert entries[0].applied == ["a rule"]
    assert "seen" not in entries[0].event
    assert server.xlen(ADS.dead) == 0
    assert counts(server) == {"accepted": 4, "rejected": 2, "replayed": 2}


def test_the_ledger_tells_that_it_is_pending_again(
    run: Run, with_books: Callable[..., Any]
) -> None:
    with_books(rejected(1))
    run("--destination", "ads", "--yes")

    async def passages(books: Books) -> list[tuple[int, str]]:
        await books.store()
        (story,) = books.reader.stories(books.digests.of_text("event-0"), 10)
        return [(each.passage, each.ending) for each in story.endings]

    assert with_books(passages) == [(1, "rejected"), (2, "pending")]


@pytest.mark.parametrize("ends", [False, True])
def test_a_second_run_sends_nothing(
    run: Run, with_books: Callable[..., Any], server: SyncRedis, ends: bool
) -> None:
    with_books(rejected(3))
    run("--destination", "ads", "--yes")

    async def end(books: Books) -> None:
        await books.settle("ads", await books.read("ads"), "delivered")

    async def wait(_: Books) -> None:
        return None

    with_books(end if ends else wait)
    result = run("--destination", "ads", "--yes")
    assert "No events to send to ads." in result.output
    assert counts(server)["accepted"] == 6


def test_it_leaves_a_line_in_the_log_of_operators_actions(
    run: Run, with_books: Callable[..., Any], tmp_path: Path
) -> None:
    with_books(rejected(3))
    run("--destination", "ads", "--yes")
    (line,) = (tmp_path / "ledger" / "operators.log").read_bytes().splitlines()
    told = orjson.loads(line)
    assert told["counts"] == {"events": 3}
    assert told["arguments"]["destination"] == "ads"


def test_even_if_the_ledger_has_not_heard_of_the_first_run(
    run: Run, with_books: Callable[..., Any], server: SyncRedis
) -> None:
    with_books(rejected(3))
    run("--destination", "ads", "--yes")
    server.delete(KEYS.feed)  # records are also left out when too many wait
    result = run("--destination", "ads", "--yes")
    assert "Replayed 0 of 3 events; 3 were sent" in result.output
    assert counts(server)["accepted"] == 6


def test_one_that_is_rejected_again_can_be_sent_a_third_time(
    run: Run, with_books: Callable[..., Any]
) -> None:
    with_books(rejected(1))
    run("--destination", "ads", "--yes")

    async def end(books: Books) -> None:
        await books.settle("ads", await books.read("ads"), "rejected", "again", buries=True)

    with_books(end)
    assert "Replayed 1 of 1 events." in run("--destination", "ads", "--yes").output
    assert [entry.passage for entry in pending(with_books)] == [3]


def test_two_operators_at_once_send_each_event_once(
    redis_url: str, config: Path, with_books: Callable[..., Any], server: SyncRedis
) -> None:
    with_books(rejected(40))
    words = ("replay", "--destination", "ads", "--rate", "40", "--yes")
    common = ("--config", str(config), "--redis-url", redis_url)
    with TerminalSession(*words, *common) as one, TerminalSession(*words, *common) as other:
        keep_storing = threading.Event()
        storing = threading.Thread(target=_store_until, args=(with_books, keep_storing))
        storing.start()
        try:
            assert (one.end(), other.end()) == (0, 0), one.screen + other.screen
        finally:
            keep_storing.set()
            storing.join()
    assert counts(server)["accepted"] == 80
    ids = [entry.event["event_id"] for entry in pending(with_books)]
    assert sorted(ids) == sorted(f"event-{n}" for n in range(40))


def _store_until(with_books: Callable[..., Any], over: threading.Event) -> None:
    async def nothing(_: Books) -> None:
        return None

    while not over.wait(0.1):
        with_books(nothing)


def test_a_dead_letter_is_replayed_by_one_command_alone(
    run: Run, with_books: Callable[..., Any], server: SyncRedis
) -> None:
    with_books(rejected(1))

    async def replay_its_letter(books: Books) -> int:
        return await replay_letters(
            books.redis, ADS, [each async for each in find(books.redis, ADS)]
        )

    assert with_books(replay_its_letter) == 1
    run("--destination", "ads", "--yes")
    assert counts(server)["accepted"] == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_replay_says_how_far_it_came_and_goes_on(
    run: Run,
    redis_url: str,
    config: Path,
    with_books: Callable[..., Any],
    server: SyncRedis,
    tmp_path: Path,
    number: int,
) -> None:
    with_books(rejected(40))
    words = ("replay", "--destination", "ads", "--rate", "10")
    with TerminalSession(*words, "--config", str(config), "--redis-url", redis_url) as session:
        session.wait_for("Replay 40 events? [y/N]")
        session.type("y\r")
        session.wait_for("4/40")
        session.interrupt(number)
        assert session.end() == 1
    sent = counts(server)["accepted"] - 40
    assert 0 < sent < 40
    assert f"Replayed {sent} of 40 events." in session.screen
    (line,) = (tmp_path / "ledger" / "operators.log").read_bytes().splitlines()
    assert orjson.loads(line)["counts"] == {"events": sent}
    assert len(pending(with_books)) == sent
    assert (
        f"Replayed {40 - sent} of {40 - sent} events."
        in run("--destination", "ads", "--yes").output
    )


def test_nothing_is_sent_unasked(
    run: Run, with_books: Callable[..., Any], server: SyncRedis
) -> None:
    with_books(rejected(2))
    assert "Replay 2 events? [y/N]" in run("--destination", "ads", answer="n\n").output
    assert ["2", "rejected", "HTTP 400"] in table_rows(
        run("--destination", "ads", "--dry-run").output
    )
    assert counts(server)["accepted"] == 2
    assert server.xlen(ADS.dead) == 2


def test_into_a_destination_that_was_added_later(
    run: Run, with_books: Callable[..., Any], server: SyncRedis
) -> None:
    refused = {**GRANTED, "analytics_storage": "denied"}

    async def work(books: Books) -> None:
        events = [granted(0), granted(1, event_name="view"), granted(2, consent=refused)]
        await books.append(*(received(decide(each, ["ads"])) for each in events))

    with_books(work)
    result = run("--destination", "new", "--yes")
    rows = table_rows(result.output)
    assert ["1", "missing", "no consent for analytics_storage"] in rows
    assert any(row[1] == "missing" and "event_name" in row[2] for row in rows if len(row) > 2)
    (entry,) = pending(with_books, "new")
    assert (entry.event["event_id"], entry.event["own"]) == ("event-0", 1)
    assert entry.applied == ["a rule", "own"]
    assert counts(server, "new") == {"accepted": 1}


@pytest.mark.parametrize("stage", ["consent", "integrations"])
def test_what_the_visitor_or_the_sender_refused_stays_refused(
    run: Run, with_books: Callable[..., Any], stage: Any
) -> None:
    async def work(books: Books) -> None:
        event = granted(0)
        verdicts = {"ads": Verdict(event), "trial": Verdict(None, stage, "refused then")}
        await books.append(received(replace(decide(event), verdicts=verdicts)))

    with_books(work)
    output = run("--destination", "trial", "--yes").output
    assert ["1", "withheld", "refused then"] in table_rows(output)
    assert "No events to send to trial." in output


def test_what_was_withdrawn_before_it_was_sent_stays_withheld(
    run: Run, with_books: Callable[..., Any]
) -> None:
    async def work(books: Books) -> None:
        await books.append(received(decide(granted(0), ["ads"])))
        await books.settle("ads", await books.read("ads"), "withheld", "withdrew")

    with_books(work)
    output = run("--destination", "ads", "--yes").output
    assert ["1", "withheld", "withdrew"] in table_rows(output)
    assert "No events to send to ads." in output


@pytest.mark.parametrize(
    ("days", "withdrawals", "is_sent"), [(6, True, True), (8, True, False), (8, False, True)]
)
def test_what_may_have_been_withdrawn_longer_ago_than_is_remembered(
    run: Run,
    config: Path,
    with_books: Callable[..., Any],
    days: int,
    withdrawals: bool,
    is_sent: bool,
) -> None:
    consent = f"consent: {{regions: [], withdrawals: {str(withdrawals).lower()}}}"
    text = config.read_text().replace(
        "consent: {regions: []}", f"server: {{hash_salt: s}}\n{consent}"
    )
    config.write_text(text.replace("[ad_storage]}", "[ad_storage], delivery: {max_age: 2592000}}"))

    async def work(books: Books) -> None:
        decision = received(decide(granted(0), ["ads"]))
        then = time.time() - days * DAY
        held = _held(["visitor-1"], {})
        await books.append(replace(decision, received_at=then, held_consent=held))
        await books.settle("ads", await books.read("ads"), "rejected")

    with_books(work)
    output = run("--destination", "ads", "--since", "20d", "--yes").output
    assert ("days for which withdrawals are remembered" in " ".join(output.split())) is not is_sent
    assert ("Replayed 1 " in output) is is_sent


def test_a_sender_that_excluded_some_is_not_sent_to_a_new_one(
    run: Run, with_books: Callable[..., Any]
) -> None:
    async def work(books: Books) -> None:
        event = granted(0)
        verdicts = {"ads": Verdict(event), "old": Verdict(None, "integrations", "excluded")}
        await books.append(received(replace(decide(event), verdicts=verdicts)))

    with_books(work)
    assert "its sender excluded destinations" in run("--destination", "new", "--yes").output


@pytest.mark.parametrize(
    ("words", "default", "is_sent"),
    [
        (BY_VISITOR, "denied", True),
        (BY_VISITOR.replace("(event)", "(default)"), "granted", True),
        (BY_VISITOR.replace("(event)", "(default)"), "denied", False),
        (BY_VISITOR.replace("(event)", "(default for DE)"), "denied", False),
    ],
)
def test_a_stricter_default_of_today_holds(
    run: Run,
    config: Path,
    with_books: Callable[..., Any],
    words: str,
    default: str,
    is_sent: bool,
) -> None:
    text = f"consent: {{regions: [], default: {{ad_storage: {default}}}}}"
    config.write_text(config.read_text().replace("consent: {regions: []}", text))

    async def work(books: Books) -> None:
        await books.append(received(decide(granted(0), ["ads"]), words))
        await books.settle("ads", await books.read("ads"), "rejected")

    with_books(work)
    output = run("--destination", "ads", "--dry-run").output
    assert ("1 event to send" in output) is is_sent
    assert ("no consent for ad_storage" in output) is not is_sent


def test_what_is_past_its_deadline_is_counted_and_not_sent(
    run: Run, with_books: Callable[..., Any]
) -> None:
    with_books(rejected(2, timestamp=time.time() - 8 * DAY))
    output = run("--destination", "ads", "--yes").output
    assert "Events past their deadline: 2. They are not sent" in output
    assert "No events to send to ads." in output


def test_delivered_events_are_sent_with_again_alone(
    run: Run, with_books: Callable[..., Any], config: Path
) -> None:
    async def work(books: Books) -> None:
        old = time.time() - 5 * DAY
        for number, at in enumerate((time.time(), old)):
            await books.append(
                received(decide(granted(number, timestamp=at, user_id="u", consent=ALL), ["ads"]))
            )
        await books.settle("ads", await books.read("ads"), "delivered")

    with_books(work)
    assert "No events to send to ads." in run("--destination", "ads", "--yes").output
    refused = run("--destination", "ads", "--ending", "delivered")
    assert refused.exit_code == 2
    assert "needs --again" in refused.output
    meta = '{type: meta, pixel_id: "1", access_token: x, consent: [ad_storage]}'
    text = config.read_text()
    start = text.index("  ads:")
    config.write_text(f"{text[:start]}  ads: {meta}\n{text[text.index('  new:') :]}")
    output = run("--destination", "ads", "--again", "--dry-run").output
    assert "Events that ads has taken before: 2, of which it may count 1 twice" in output


def test_what_repeats_an_event_that_was_taken_may_be_counted_twice(
    run: Run, with_books: Callable[..., Any]
) -> None:
    async def work(books: Books) -> None:
        for names in (["ads"], ["ads", "new"]):
            await books.append(received(decide(granted(0), names)))
        await books.settle("ads", await books.read("ads"), "delivered")

    with_books(work, retention=Retention(dedupe=300))
    output = run("--destination", "ads", "--again", "--dry-run").output
    assert ["1", "repeated"] in [row[:2] for row in table_rows(output)], output
    assert "Events that ads has taken before: 2, of which" in output


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"payload": "redacted"}, "only a part of its content was stored"),
        ({"payload": "none"}, "its content was not stored"),
    ],
)
def test_without_the_whole_content_nothing_is_sent(
    run: Run, with_books: Callable[..., Any], settings: dict[str, str], words: str
) -> None:
    with_books(rejected(2), **settings)
    result = run("--destination", "ads", "--yes")
    assert words in result.output
    assert "No events to send to ads." in result.output


@pytest.mark.parametrize(
    ("words", "number"),
    [
        (["--ending", "rejected"], 1),
        (["--ending", "expired"], 1),
        (["--ending", "expired", "--ending", "rejected"], 2),
        (["--reason", "http 400"], 1),
        (["--where", "value=7"], 1),
        (["--event-name", "view"], 0),
        (["--since", "1h"], 2),
        (["--until", "1h"], 0),
    ],
)
def test_filters(run: Run, with_books: Callable[..., Any], words: list[str], number: int) -> None:
    async def work(books: Books) -> None:
        made = [received(decide(granted(n, value=7 + n), ["ads"])) for n in range(2)]
        await books.append(*made)
        first, second = await books.read("ads")
        await books.settle("ads", [first], "rejected", "HTTP 400")
        await books.settle("ads", [second], "expired", "too old")

    with_books(work)
    output = run("--destination", "ads", "--dry-run", *words).output
    wanted = f"{counted(number, 'event')} to send" if number else "No events to send"
    assert wanted in output


def test_a_replayed_entry_has_its_visitors(run: Run, with_books: Callable[..., Any]) -> None:
    """The drain looks at the visitors of an entry, so that a later denial stops a replay too."""

    async def work(books: Books) -> None:
        decision = received(decide(granted(0), ["ads"], trusted=True))
        held = _held(["visitor-1"], {"ad_storage": "granted"})
        await books.append(replace(decision, held_consent=held))
        await books.settle("ads", await books.read("ads"), "rejected")

    with_books(work)
    run("--destination", "ads", "--yes")
    (entry,) = pending(with_books)
    assert (entry.visitors, entry.stated, entry.trusted) == (["visitor-1"], ["ad_storage"], True)


def _held(visitors: list[str], stated: dict[str, str]) -> HeldConsent:
    return HeldConsent("", visitors, stated, [], [], {}, Received("site", 0.0))


def test_a_full_destination_ends_the_replay(
    run: Run, config: Path, with_books: Callable[..., Any], server: SyncRedis
) -> None:
    with_books(rejected(2))
    text = config.read_text()
    ads = 'url: "https://ads.example/"'
    config.write_text(text.replace(ads, f"{ads}, delivery: {{max_pending: 10}}"))
    for _ in range(10):
        server.xadd(ADS.stream, {"e": "{}"})
    result = run("--destination", "ads", "--yes")
    assert result.exit_code == 1
    assert "replay stopped: limit reached: ads: 10 of 10 pending events" in result.output
    assert server.xlen(ADS.dead) == 2


def test_it_waits_for_the_ledger_and_says_so(
    run: Run, with_books: Callable[..., Any], server: SyncRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_books(rejected(1))
    monkeypatch.setattr(catching_up, "CATCH_UP_SECONDS", 0.3)
    server.xadd(KEYS.feed, {"w": orjson.dumps({"ended": []})})
    result = run("--destination", "ads", "--yes")
    assert result.exit_code == 1
    assert "the ledger has not stored what happened" in result.output


def test_an_unknown_destination(run: Run) -> None:
    result = run("--destination", "adz")
    assert result.exit_code == 2
    assert "did you mean 'ads'?" in result.output
