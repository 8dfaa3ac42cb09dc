"""Access and erasure without a command line: both are noted, and a survey erases nothing."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from redis.asyncio import Redis

from gateway.configuration.load import parse_settings
from gateway.ledger.feeding import build_digests
from gateway.operations import erasing
from gateway.operations.erasing import erase, survey_erasure
from gateway.operations.person import Person, as_data
from gateway.queue.tombstones import read_tombstones
from tests.support.dead_letters import bury
from tests.support.events import make_event
from tests.support.keys import ADS

pytestmark = pytest.mark.anyio

CONFIG = """
server: {{hash_salt: a-salt-of-the-shop}}
redis: {{url: "{url}", data_dir: "{data}"}}
sources: {{site: {{type: collect}}}}
destinations: {{ads: {{type: webhook, url: "https://ads.example/"}}}}
"""
EMAIL = "anna@shop.example"
HASHED = hmac.digest(b"a-salt-of-the-shop", b"customer-7", "sha256").hex()
FOUND = {"ledger": 0, "pending, ads": 0, "dead letters, ads": 1, "quarantine": 0}


@pytest.fixture
async def anna(redis: Redis, redis_url: str, tmp_path: Path) -> Person:
    """A person who has one of two dead letters."""
    events = [make_event(0, user_data={"email_address": EMAIL}), make_event(1)]
    await bury(redis, "ads", events)
    settings = parse_settings(CONFIG.format(url=redis_url, data=tmp_path))
    digests = build_digests(settings)
    assert digests is not None
    return Person(redis, settings, digests, digests.sought(EMAIL))


async def test_who_reads_it_is_noted(anna: Person) -> None:
    noted: list[Mapping[str, int]] = []
    found, stories = await anna.access(noted.append)
    data = as_data(found, stories)
    assert [each["event"]["event_id"] for each in data["dead_letters"]["ads"]] == ["event-0"]
    assert noted == [FOUND]


async def test_what_was_surveyed_is_erased_and_noted(
    anna: Person, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasing, "BLIND_SECONDS", 0)
    monkeypatch.setattr(erasing, "MARGIN_SECONDS", 0)
    noted: list[Mapping[str, int]] = []
    found = await survey_erasure(anna)
    assert await redis.xlen(ADS.dead) == 2
    erased = await erase(anna, found, embedded=False, note=noted.append)
    assert (erased.records, noted) == (1, [FOUND])
    assert any("backups" in line for line in erased.beyond_reach)
    assert await redis.xlen(ADS.dead) == 1
    assert dict((await survey_erasure(anna)).counts())["dead letters, ads"] == 0


@pytest.mark.parametrize("typed", ["customer-7", HASHED])
async def test_a_user_id_that_is_hashed_is_erased_by_itself_and_by_its_hash(
    anna: Person, redis: Redis, monkeypatch: pytest.MonkeyPatch, typed: str
) -> None:
    monkeypatch.setattr(erasing, "BLIND_SECONDS", 0)
    monkeypatch.setattr(erasing, "MARGIN_SECONDS", 0)
    await bury(redis, "ads", [make_event(2, user_id=HASHED)])
    person = replace(anna, sought=anna.digests.sought(typed))
    erased = await erase(person, await survey_erasure(person), False, lambda _: None)
    assert erased.records == 1


async def test_an_erasure_that_is_stopped_is_noted(
    anna: Person, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def stop(*_: object) -> None:
        raise asyncio.CancelledError

    monkeypatch.setattr(erasing, "BLIND_SECONDS", 0)
    monkeypatch.setattr(erasing, "MARGIN_SECONDS", 0)
    monkeypatch.setattr(erasing, "forget_recent", stop)
    noted: list[Mapping[str, int]] = []
    found = await survey_erasure(anna)
    with pytest.raises(asyncio.CancelledError):
        await erase(anna, found, embedded=False, note=noted.append)
    assert (await redis.xlen(ADS.dead), noted) == (1, [FOUND])


async def test_an_order_is_not_erased_with_the_user_of_the_same_number(
    anna: Person, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasing, "BLIND_SECONDS", 0)
    monkeypatch.setattr(erasing, "MARGIN_SECONDS", 0)
    await bury(redis, "ads", [make_event(2, user_id="1001"), make_event(3, transaction_id="1001")])
    both = replace(anna, sought=anna.digests.sought("1001"))
    found = await both.find()
    assert (found.kinds, found.is_ambiguous) == ({"person": 1, "order": 1}, True)
    user = replace(anna, sought=anna.digests.sought("1001", "person"))
    found = await survey_erasure(user)
    assert (found.kinds, found.is_ambiguous) == ({"person": 1}, False)
    await erase(user, found, embedded=False, note=lambda _: None)
    left = await both.find()
    assert [each.event["event_id"] for each in left.dead_letters["ads"]] == ["event-3"]
    tombstones = await read_tombstones(redis, user.keys)
    covered = {
        name: tombstones.cover(user.digests.with_earlier({name: "1001"}), 0)
        for name in ("user_id", "transaction_id")
    }
    assert covered == {"user_id": True, "transaction_id": False}


@pytest.mark.parametrize(
    ("ids", "is_ambiguous"),
    [
        ([{"user_id": "7"}, {"client_id": "7"}], False),
        ([{"user_id": "7", "transaction_id": "7"}, {"user_id": "7"}], False),
        ([{"user_id": "7"}, {"event_id": "7"}], True),
        ([{"event_id": "7"}, {"transaction_id": "7"}], True),
        ([], False),
    ],
)
async def test_records_of_one_kind_of_id_are_of_one_person(
    anna: Person, redis: Redis, ids: list[dict[str, str]], is_ambiguous: bool
) -> None:
    await bury(redis, "ads", [make_event(2 + number) | each for number, each in enumerate(ids)])
    found = await replace(anna, sought=anna.digests.sought("7")).find()
    assert found.is_ambiguous is is_ambiguous
