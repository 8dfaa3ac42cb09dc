"""The Big List of Naughty Strings: each string in every text field, sent to a webhook and to a
vendor that repeats the event in its refusal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from gateway.event.ids import is_no_id
from gateway.event.schema import Address, Consent, EventFields, Id, Item, Text, Texts, UserData
from tests.corpora import naughty_strings
from tests.support import plain_http
from tests.support.gateway_process import Gateway, wait_for
from tests.support.sink_server import Received, Sink

STRINGS = naughty_strings()
CONFIG = """
redis: {{data_dir: "${{DATA_DIR}}"}}
pii_guard: {{enabled: false}}
enrichment: []
sources: {{backend: {{type: events, keys: [test-key]}}}}
destinations:
  all: {{type: webhook, url: "{url}/all", consent: [], allow_private_addresses: true, ip: full}}
  angry: {{type: webhook, url: "{url}/angry", consent: [], allow_private_addresses: true}}
"""
KEY = {"authorization": "Bearer test-key"}
OWN_RULES = {"event_id", "ip_override"}
"""Fields without free text: the id, which the tests find the event by, and an address."""


def fields_of(fields: type, *kinds: Any) -> list[str]:
    return [
        name
        for name, kind in fields.__annotations__.items()
        if kind in kinds and name not in OWN_RULES
    ]


TEXTS = fields_of(EventFields, Text)
IDS = fields_of(EventFields, Id)


def event_of(serial: int, text: str) -> dict[str, Any]:
    return {
        "event_name": text if text.strip() else "page_view",
        "event_id": f"event-{serial}",
        "consent": dict.fromkeys(Consent.__annotations__, "granted"),
        **dict.fromkeys([*TEXTS, *IDS], text),
        "items": [dict.fromkeys(fields_of(Item, Text), text)],
        "user_data": {
            **dict.fromkeys(fields_of(UserData, Texts), text),
            "address": dict.fromkeys(fields_of(Address, Text), text),
        },
        "user_properties": {"plan": text},
        "click_ids": {"gclid": text},
        "mine": {"name": text, text: "name", "list": [text]},
    }


class Run(NamedTuple):
    """answers: the answers to all requests. delivered: the webhook's events, by id. log: the log of
    all processes. letters: what `gateway dead-letters list` prints."""

    answers: list[dict[str, Any]]
    delivered: dict[str, dict[str, Any]]
    log: str
    letters: str


def reply(received: Received) -> tuple[int, bytes]:
    if received.path == "/angry":
        return 400, json.dumps(received.body, ensure_ascii=False).encode()
    return 204, b""


def batched(events: list[Any]) -> list[list[Any]]:
    """The events in batches below the limit of a body."""
    return [events[start : start + 50] for start in range(0, len(events), 50)]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    events = [event_of(serial, text) for serial, text in enumerate(STRINGS)]
    folder = tmp_path_factory.mktemp("naughty")
    with Sink(reply) as sink, Gateway(folder, CONFIG.format(url=sink.url)) as gateway:
        answers = [
            plain_http.post(f"{gateway.url}/events", json=part, headers=KEY, timeout=60).json()
            for part in batched(events)
        ]
        wait_for(lambda: gateway.outcomes("all")["delivered"] == len(events), 120, "deliveries")
        wait_for(lambda: gateway.outcomes("angry")["rejected"] == len(events), 120, "refusals")
        letters = subprocess.run(
            [
                *(sys.executable, "-m", "gateway", "dead-letters", "list"),
                *("--config", str(gateway.config), "--limit", "500"),
            ],
            env={**os.environ, "DATA_DIR": str(folder / "data")},
            capture_output=True,
            check=True,
        ).stdout.decode()
        delivered = {each.body["data"]["event_id"]: each.body["data"] for each in sink.requests}
        yield Run(answers, delivered, gateway.log.read_text(), letters)


def test_each_is_accepted(run: Run) -> None:
    assert sum(answer["accepted"] for answer in run.answers) == len(STRINGS)
    assert all(answer["refused"] == [] for answer in run.answers)


def test_each_comes_out_as_it_was(run: Run) -> None:
    for serial, text in enumerate(STRINGS):
        sent, event = event_of(serial, text), run.delivered[f"event-{serial}"]
        changed = {name for name in sent if event.get(name) != sent[name]}
        assert not changed - {"event_name", *IDS}, {name: event.get(name) for name in changed}


def test_only_blanks_around_names_and_ids_are_taken_off_and_placeholders_left_out(run: Run) -> None:
    for serial, text in enumerate(STRINGS):
        event = run.delivered[f"event-{serial}"]
        for name in ("event_name", *IDS):
            stays = text.strip() or event_of(serial, text)[name].strip()
            is_left_out = name in IDS and is_no_id(name, stays)
            assert event.get(name, "").strip() == ("" if is_left_out else stays)


def test_none_is_in_the_log_or_on_the_terminal_unescaped(run: Run) -> None:
    assert "angry" in run.letters
    for printed in (run.log, run.letters):
        assert all(line.isprintable() for line in printed.split("\n"))
