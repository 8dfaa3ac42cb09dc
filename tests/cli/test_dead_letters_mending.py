"""Dead letters are mended: by rules that were not applied yet, or one by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from redis import Redis as SyncRedis

from gateway.cli.dead_letters import dead_letters
from gateway.event import Event
from tests.support.dead_letters import bury_now
from tests.support.events import make_event
from tests.support.keys import ADS, KEYS
from tests.support.operator_commands import Run, counts, runner, table_rows

CONFIG = """
redis: {data_dir: ./nowhere}
sources: {site: {type: collect}}
rules:
  - {name: a rule, set: {seen_twice: true}}
  - {name: euro, when: {currency: {exists: false}}, set: {currency: EUR}}
  - {set: {nameless: true}}
  - {name: no tests, when: {event_name: test}, drop: true}
  - {name: sneaky, set: {consent.analytics_storage: denied, event_id: new,
     email_address: a@b.example, user_data: {literal: {email_address: a@b.example}},
     ip_override: 203.0.113.77}}
destinations:
  ads:
    type: webhook
    url: https://ads.example/
    rules: [{name: rounded, round: {value: 0}}]
  books: {type: webhook, url: "https://books.example/"}
"""
DENIED = {"ad_storage": "denied", "ad_user_data": "denied", "analytics_storage": "granted"}


@pytest.fixture
def run(redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "gateway.yaml"
    file.write_text(CONFIG)
    return runner(dead_letters, file, redis_url)


def replayed(server: SyncRedis, name: str = "ads") -> list[dict[str, Any]]:
    rows: Any = server.xrange(KEYS.destination(name).stream)
    return [json.loads(fields[b"e"]) for _, fields in rows]


def events(server: SyncRedis, name: str = "ads") -> list[Event]:
    return [entry["event"] for entry in replayed(server, name)]


class TestRules:
    def test_those_that_were_not_applied_yet_are(
        self, run: Run, redis_url: str, server: SyncRedis
    ) -> None:
        bury_now(redis_url, "ads", [make_event(1, value=59.9)])
        output = run("replay", "--apply-rules", "--yes").output
        (entry,) = replayed(server)
        event = entry["event"]
        assert (event["currency"], event["value"]) == ("EUR", 60)
        assert "seen_twice" not in event, "that rule was applied before"
        assert "nameless" not in event
        assert entry["from"][3] == ["a rule", "euro", "sneaky", "rounded"]
        assert "Rules without a name are not applied" in output
        assert counts(server) == {"accepted": 2, "rejected": 1, "replayed": 1}

    def test_without_the_option_none_is(self, run: Run, redis_url: str, server: SyncRedis) -> None:
        event = make_event(1, value=59.9)
        bury_now(redis_url, "ads", [event])
        run("replay", "--yes")
        assert events(server) == [event]

    def test_the_id_and_the_consent_stay_and_what_consent_removes_does_not_come_back(
        self, run: Run, redis_url: str, server: SyncRedis
    ) -> None:
        bury_now(redis_url, "ads", [make_event(1, consent=DENIED)])
        run("replay", "--apply-rules", "--yes")
        (event,) = events(server)
        assert (event["event_id"], event["consent"]) == ("event-1", DENIED)
        assert "user_data" not in event
        assert event["ip_override"] == "203.0.113.0", "of a webhook's, the network alone"

    def test_what_a_rule_drops_stays(self, run: Run, redis_url: str, server: SyncRedis) -> None:
        bury_now(redis_url, "ads", [make_event(1, event_name="test"), make_event(2)])
        result = run("replay", "--apply-rules", "--yes")
        assert "Events that a rule drops: 1. They stay dead letters." in result.output
        assert "Replayed 1 of 1 events." in result.output
        assert [event["event_id"] for event in events(server)] == ["event-2"]
        assert server.xlen(ADS.dead) == 1

    def test_a_dry_run_changes_nothing(self, run: Run, redis_url: str, server: SyncRedis) -> None:
        bury_now(redis_url, "ads", [make_event(1)])
        output = run("replay", "--apply-rules", "--dry-run").output
        assert table_rows(output)[0][:2] == ["1", "ads"]
        assert (server.xlen(ADS.dead), server.xlen(ADS.stream)) == (1, 0)


class TestEdit:
    def test_the_event_is_shown_then_put_back(
        self, run: Run, redis_url: str, server: SyncRedis
    ) -> None:
        event = make_event(1, value=1.0, coupon="A")
        bury_now(redis_url, "ads", [event])
        server.delete(ADS.wake)
        words = ("edit", "event-1", "--set", "value=59.9", "--unset", "coupon")
        output = run(*words, answer="y\n").output
        assert '"value": 59.9' in output
        assert "Send the event again like this? [y/N]" in output
        assert output.endswith("Edited the event and put it back into the queue.\n")
        del event["coupon"]
        assert events(server) == [{**event, "value": 59.9}]
        assert counts(server) == {"accepted": 2, "rejected": 1, "replayed": 1}
        assert server.xlen(ADS.dead) == 0
        assert server.llen(KEYS.queue_key) == 1, "the destination is woken"

    @pytest.mark.parametrize(("words", "answer"), [(["--dry-run"], None), ([], "n\n"), ([], "")])
    def test_nothing_happens_unasked(
        self, run: Run, redis_url: str, server: SyncRedis, words: list[str], answer: str | None
    ) -> None:
        bury_now(redis_url, "ads", [make_event(1)])
        run("edit", "event-1", "--set", "value=1", *words, answer=answer)
        assert (server.xlen(ADS.dead), server.xlen(ADS.stream)) == (1, 0)

    def test_what_consent_does_not_allow_is_left_out_and_said(
        self, run: Run, redis_url: str, server: SyncRedis
    ) -> None:
        bury_now(redis_url, "ads", [make_event(1, consent=DENIED)])
        words = ("--set", "user_data.email_address=a@b.example", "--set", "fbp=fb.1.1.1", "--yes")
        output = run("edit", "event-1", *words).output
        assert "Some fields are not sent to ads: " in output
        assert "user_data removed" in output.replace("fbp, user_data", "user_data")
        (event,) = events(server)
        assert not {"user_data", "fbp"} & {*event}

    @pytest.mark.parametrize(
        ("words", "status", "said"),
        [
            (["event-1"], 2, "Nothing would change"),
            (["event-1", "--set", "value=much"], 2, "value"),
            (["event-1", "--set", "event_id=other"], 2, "keeps its id and its consent"),
            (["event-1", "--unset", "coupon"], 2, "coupon is not in the event"),
            (["event-9", "--set", "value=1"], 1, "no dead letter has the event id or the id"),
            (["event-2", "--set", "value=1"], 1, "several dead letters have this event id"),
        ],
    )
    def test_mistakes_are_named_and_change_nothing(
        self,
        run: Run,
        redis_url: str,
        server: SyncRedis,
        words: list[str],
        status: int,
        said: str,
    ) -> None:
        bury_now(redis_url, "ads", [make_event(1), make_event(2)])
        bury_now(redis_url, "books", [make_event(2)])
        result = run("edit", *words, "--yes")
        assert result.exit_code == status
        assert said in result.output
        assert (server.xlen(ADS.dead), server.xlen(ADS.stream)) == (2, 0)

    def test_one_of_several_is_chosen_by_its_destination(
        self, run: Run, redis_url: str, server: SyncRedis
    ) -> None:
        bury_now(redis_url, "ads", [make_event(2)])
        bury_now(redis_url, "books", [make_event(2)])
        run("edit", "event-2", "--destination", "books", "--set", "value=1", "--yes")
        assert (server.xlen(ADS.stream), len(events(server, "books"))) == (0, 1)
