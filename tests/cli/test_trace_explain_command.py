"""`gateway trace --explain`: the decision then, and the decision of today's configuration."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from gateway.configuration.load import load_settings
from gateway.configuration.masked_text import without_secrets
from gateway.ledger.folder import LedgerFolder
from gateway.redis_client.connect import connect_for_work
from tests.support.events import decide, make_event
from tests.support.ledger import Books

Run = Callable[..., Result]

CONFIG = """
sources: {site: {type: collect}}
enrichment: []
consent: {regions: []}
redis: {data_dir: "DATA"}
rules: [{name: a rule, set: {seen: true}}]
destinations:
  ads:
    type: webhook
    url: https://ads.example/
    secret: whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw
    consent: []
"""
ESCAPE = "\x1b[31mred"


@pytest.fixture
def config(redis_url: str, tmp_path: Path) -> Path:
    """A gateway whose ledger has the delivered event T-1 and the configuration that decided it."""
    path = tmp_path / "gateway.yaml"
    path.write_text(CONFIG.replace("DATA", str(tmp_path)))
    settings = load_settings(path)

    async def fill() -> None:
        async with connect_for_work(redis_url) as redis:
            books = Books(redis, LedgerFolder(tmp_path / "ledger"))
            event = make_event(0, transaction_id="T-1", title=ESCAPE)
            await books.append(replace(decide(event, ["ads"]), version=settings.version))
            await books.settle("ads", await books.read("ads"), "delivered")
            text = without_secrets(settings)
            books.writer.keep_configuration(settings.version, text, 0.0)
            await books.store()
            books.writer.close()

    asyncio.run(fill())
    return path


def test_the_same_decision_is_said_in_one_line(run: Run, config: Path) -> None:
    result = run("trace", "T-1", "--explain", "--config", config)
    assert result.exit_code == 0, result.output
    assert "ads: send, then and today\n" in result.stdout
    assert "rules for every event that were applied: a rule\n" in result.stdout
    assert "POST https://ads.example/" in result.stdout
    assert '"transaction_id": "T-1"' in result.stdout


def test_another_decision_says_what_was_changed(run: Run, config: Path) -> None:
    text = config.read_text().replace("name: a rule", "name: another")
    config.write_text(f"{text}    when: {{event_name: refund}}\n")
    shown = run("trace", "T-1", "--explain", "--config", config).stdout
    assert "since then: rule 'a rule' was removed\n" in shown
    assert "ads: then send\n" in shown
    assert 'today withheld at when: "when" matches only if' in shown
    assert "since then: when was added" not in shown
    assert "since then: when was changed\n" in shown


def test_nothing_secret_and_nothing_unprintable_is_shown(run: Run, config: Path) -> None:
    for words in ((), ("--json",)):
        result = run("trace", "T-1", "--explain", *words, "--config", config)
        assert result.exit_code == 0
        assert "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" not in result.stdout
        assert "\x1b" not in result.stdout


def test_as_json_the_explanation_is_part_of_the_story(run: Run, config: Path) -> None:
    def told(*words: str) -> dict[str, Any]:
        (story,) = json.loads(run("trace", "T-1", *words, "--json", "--config", config).stdout)
        return dict(story)

    story = told("--explain")
    explanation = story.pop("explanation")
    assert story == told()
    assert explanation["then"]["version"] == explanation["today"]["version"]
    assert explanation["destinations"]["ads"]["same"] is True
    assert explanation["destinations"]["ads"]["today"]["requests"][0]["method"] == "POST"


def test_without_the_configuration_of_then_this_is_said(run: Run, config: Path) -> None:
    with sqlite3.connect(config.parent / "ledger" / "counts.sqlite") as kept:
        kept.execute("DELETE FROM configurations")
    kept.close()
    config.write_text(config.read_text().replace("a rule", "another"))
    shown = run("trace", "T-1", "--explain", "--config", config).stdout
    assert "that configuration is no longer stored" in shown
    assert "rules that were applied: a rule\n" in shown
    assert "ads: send, then and today" in shown
