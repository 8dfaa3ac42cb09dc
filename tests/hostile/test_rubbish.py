"""Rubbish in Redis or in the configuration file stops nothing next to it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis import Redis
from rq.exceptions import NoSuchJobError
from rq.serializers import JSONSerializer

from gateway.configuration.yaml_file import MAX_REPEATED, read_yaml
from gateway.queue.dead_letters import encode_dead_letter
from gateway.queue.entry import decode, encode_entry, unreadable_entry
from gateway.queue.wake import ForwardJob
from gateway.runtime.embedded import embedded_url
from tests.hostile.payloads import CRAFTED_JOBS, RUBBISH_ENTRIES, entry, levels_of_aliases, slip_in
from tests.support import plain_http
from tests.support.gateway_process import Gateway, wait_for
from tests.support.keys import KEYS

CONFIG = """
enrichment: []
sources: {site: {type: collect}}
destinations:
  hook: {type: webhook, url: "http://127.0.0.1:9/", consent: [], dry_run: true}
"""
STREAM = KEYS.destination("hook").stream


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with Gateway(tmp_path_factory.mktemp("rubbish"), CONFIG) as running:
        yield running


@pytest.fixture
def embedded(gateway: Gateway) -> Iterator[Redis]:
    url = embedded_url(gateway.folder / "data")
    assert url
    with Redis.from_url(url) as redis:
        yield redis


def send_as_a_neighbour(gateway: Gateway) -> None:
    answer = plain_http.post(f"{gateway.url}/collect", json={"event_name": "page_view"})
    assert answer.status_code == 204


def nothing_was_restarted(gateway: Gateway) -> bool:
    return "restarting it" not in gateway.log.read_text()


NOW = time.time()
DEEP = b"[" * 500 + b"]" * 500
ODD_EVENTS = [
    entry(event={}, at=NOW),
    entry(event={"event_name": 5, "items": "x", "user_data": []}, at=NOW),
    entry(event={"event_name": "page_view", "timestamp": "never"}, at=NOW),
    b'{"event": {"x": %b}, "from": ["site", %f, "v", []]}' % (DEEP, NOW),
    b'{"event": {"x": %b}, "from": ["site", 1.5, "v", []]}' % DEEP,
]


def test_a_rubbish_entry_becomes_a_dead_letter_next_to_events_that_are_delivered(
    gateway: Gateway, embedded: Redis
) -> None:
    before = gateway.outcomes("hook")
    for data in RUBBISH_ENTRIES:
        embedded.xadd(STREAM, {"e": data})
    embedded.xadd(STREAM, {"other": "field"})
    for data in ODD_EVENTS:
        embedded.xadd(STREAM, {"e": data})
    send_as_a_neighbour(gateway)
    wait_for(lambda: embedded.xlen(STREAM) == 0, 60, "the stream to be empty")
    after = gateway.outcomes("hook")
    assert after["delivered"] >= before["delivered"] + 1
    assert after["rejected"] + after["expired"] >= len(RUBBISH_ENTRIES) + 1
    letters: Any = embedded.xrange(KEYS.destination("hook").dead)
    kept = [json.loads(fields[b"d"]) for _, fields in letters]
    assert {"unreadable": "not JSON"} in [letter["event"] for letter in kept]
    assert {"unreadable": "nested too deeply"} in [letter["event"] for letter in kept]
    assert nothing_was_restarted(gateway)


def test_a_crafted_job_ends_no_worker(gateway: Gateway, embedded: Redis) -> None:
    for crafted in CRAFTED_JOBS:
        slip_in(embedded, crafted)
    wait_for(lambda: embedded.llen(KEYS.queue_key) == 0, 60, "the queue to be empty")
    send_as_a_neighbour(gateway)
    wait_for(lambda: embedded.xlen(STREAM) == 0, 60, "the stream to be empty")
    assert nothing_was_restarted(gateway)
    assert "Traceback" not in gateway.log.read_text()


def test_a_crafted_job_that_is_scheduled_does_not_end_the_scheduler(
    gateway: Gateway, embedded: Redis
) -> None:
    job_id = slip_in(embedded, CRAFTED_JOBS[0])
    scheduled = f"rq:scheduled:{KEYS.queue}"
    embedded.zadd(scheduled, {job_id: time.time() - 1})
    wait_for(lambda: embedded.zscore(scheduled, job_id) is None, 60, "the schedule to be empty")
    assert nothing_was_restarted(gateway)


@pytest.mark.parametrize("crafted", CRAFTED_JOBS, ids=str)
def test_a_crafted_job_is_as_none(server: Redis, crafted: dict[str, Any]) -> None:
    job_id = slip_in(server, crafted)
    with pytest.raises(NoSuchJobError):
        ForwardJob.fetch(job_id, connection=server, serializer=JSONSerializer)
    assert ForwardJob.fetch_many([job_id], server, JSONSerializer) == [None]


@given(st.binary() | st.recursive(st.none() | st.text(), st.lists).map(orjson.dumps))
def test_whatever_is_in_an_entry_it_can_be_kept_as_a_dead_letter(data: bytes) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        decode(b"5-0", 1, data)
    kept = unreadable_entry(b"5-0", 1, data)
    letter = orjson.loads(encode_dead_letter(kept, "rejected", kept.unreadable, 1.0, None))
    assert set(letter["event"]) == {"unreadable"}


def test_an_unreadable_entry_that_is_replayed_is_unreadable_again() -> None:
    kept = unreadable_entry(b"5-0", 1, b"rubbish")
    event, trusted = kept.event, kept.trusted
    again = encode_entry(event, kept.source, kept.received_at, kept.version, [], "", trusted)
    with pytest.raises(ValueError, match="not an entry"):
        decode(b"6-0", 1, again)


@pytest.mark.parametrize("each", ["{alias}", "k{key}: {alias}"], ids=["lists", "mappings"])
@pytest.mark.parametrize("levels", [6, 40])
def test_aliases_of_aliases_are_refused_before_they_multiply(levels: int, each: str) -> None:
    file = read_yaml(levels_of_aliases(levels, each), {})
    assert file.data is None
    (problem,) = file.problems
    assert str(MAX_REPEATED) in problem.message
    assert "alias" in problem.message


def test_aliases_as_people_use_them_are_taken() -> None:
    text = "common: &common {a: 1, b: [2, 3]}\nall:\n" + "  - *common\n" * 500
    file = read_yaml(text, {})
    assert not file.problems
    assert file.data["all"] == [{"a": 1, "b": [2, 3]}] * 500


def test_a_file_with_too_many_aliases_is_told_by_its_name_and_line(tmp_path: Path) -> None:
    from gateway.configuration.load import load_settings
    from gateway.configuration.mistakes import ConfigurationError

    path = tmp_path / "gateway.yaml"
    path.write_text(levels_of_aliases(9, "{alias}"))
    with pytest.raises(ConfigurationError, match=r"gateway\.yaml:2: aliases"):
        load_settings(path)
