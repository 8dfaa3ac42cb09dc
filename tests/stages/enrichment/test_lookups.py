"""Lookups: the operator's tables, what they may contain, and what they add to events."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from redis.asyncio import Redis

from gateway.event import Received
from gateway.stages.enrichment import LookupSettings, Tables, lookup
from gateway.stages.enrichment.lookup import ReadTable
from gateway.stages.enrichment.redis_hash import KeptHash
from gateway.stages.enrichment.table_mistake import TableMistake
from tests.support.enrichments import adding

RECEIVED = Received("site", 0.0)

CSV = "sku,margin,item_category,supplier\nA1,0.35,Shoes,Acme\nA2,12,501,\n007,0.1,,Bolt\n"


def look_up(folder: Path, text: str, event: dict[str, Any], **settings: Any) -> Any:
    """The event after a lookup in the table `text`, CSV or JSON."""
    name = "table.json" if text[:1] in ("{", "[") else "table.csv"
    (folder / name).write_text(text)
    settings = {"file": name, "key": "items.*.item_id", "add": ["margin"], **settings}
    load = adding(lookup.load(LookupSettings.model_validate(settings), Tables(folder)))
    return load({"event_name": "purchase", **event}, RECEIVED)


def items(*ids: Any) -> dict[str, Any]:
    return {"items": [{"item_id": item_id} for item_id in ids]}


def test_what_is_found_is_written_beside_each_item(tmp_path: Path) -> None:
    event = {"items": [{"item_id": "A1", "price": 5}, {"item_id": "X"}, {"price": 1}]}
    found = look_up(tmp_path, CSV, event, add=["margin", "supplier"])
    assert found["items"] == [
        {"item_id": "A1", "price": 5, "margin": 0.35, "supplier": "Acme"},
        {"item_id": "X"},
        {"price": 1},
    ]
    assert event["items"][0] == {"item_id": "A1", "price": 5}


@pytest.mark.parametrize(
    ("text", "more"),
    [
        (CSV, {}),
        (CSV.replace(",", ";"), {}),
        (CSV.replace(",", "\t"), {}),
        ("\ufeff" + CSV.replace("\n", "\r\n"), {}),
        ('margin,sku\n"0.35","A1"\n\n , \n', {"column": "sku"}),
        ('{"A1": {"margin": 0.35, "supplier": "Acme"}, "A2": {}}', {}),
        ('{"A1": 0.35}', {}),
        ('[{"sku": "A1", "margin": 0.35}, {"margin": 9}]', {"column": "sku"}),
    ],
)
def test_ways_to_write_a_table(text: str, more: dict[str, Any], tmp_path: Path) -> None:
    found = look_up(tmp_path, text, items("A1"), **more)
    assert found["items"] == [{"item_id": "A1", "margin": 0.35}]


@pytest.mark.parametrize(
    ("item_id", "column", "value"),
    [
        ("A1", "margin", 0.35),
        ("A2", "margin", 12),
        ("A2", "item_category", "501"),
        ("007", "supplier", "Bolt"),
        ("A2", "supplier", None),
        ("007", "item_category", None),
        ("7", "supplier", None),
        (" A1", "margin", None),
        ("a1", "margin", None),
    ],
)
def test_values_come_in_the_types_of_their_fields(
    item_id: str, column: str, value: Any, tmp_path: Path
) -> None:
    found = look_up(tmp_path, CSV, items(item_id), add=[column])["items"][0].get(column)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", 12),
        ("-0.5", -0.5),
        ("0", 0),
        ("007", "007"),
        ("1e5", "1e5"),
        ("1,5", "1,5"),
        ("12345678901234567890", "12345678901234567890"),
        ("nan", "nan"),
    ],
)
def test_plain_decimals_are_numbers(text: str, value: object, tmp_path: Path) -> None:
    table = f'user_id,score\nu1,"{text}"\n'
    found = look_up(tmp_path, table, {"user_id": "u1"}, key="user_id", add=["score"])
    assert found["score"] == value
    assert type(found["score"]) is type(value)


@pytest.mark.parametrize(
    ("key", "event", "expected"),
    [
        ("user_id", {"user_id": "A1"}, {"user_id": "A1", "margin": 1}),
        ("number", {"number": 7}, {"number": 7, "margin": 7}),
        ("number", {"number": 7.0}, {"number": 7.0, "margin": 7}),
        ("member", {"member": True}, {"member": True, "margin": 2}),
        (
            "event_location.country",
            {"event_location": {"country": "A1"}},
            {"event_location": {"country": "A1", "margin": 1}},
        ),
        ("items.0.item_id", items("A1", "A1"),
         {"items": [{"item_id": "A1", "margin": 1}, {"item_id": "A1"}]}),
        ("a.*.b.c", {"a": [{"b": {"c": "A1"}}, 5]}, {"a": [{"b": {"c": "A1", "margin": 1}}, 5]}),
    ],
)  # fmt: skip
def test_any_field_can_be_the_key(
    key: str, event: dict[str, Any], expected: Any, tmp_path: Path
) -> None:
    text = '{"A1": 1, "7": 7, "true": 2}'
    assert look_up(tmp_path, text, event, key=key) == {"event_name": "purchase", **expected}


@pytest.mark.parametrize(
    ("key", "event"),
    [
        ("items.*.item_id", {}),
        ("items.*.item_id", items("X")),
        ("items.*.item_id", {"items": []}),
        ("user_id", {"user_id": "X"}),
        ("a.b", {"a": "A1"}),
        ("a.b", {"a": {"b": ["A1"]}}),
        ("a.b", {"a": {"b": None}}),
        ("a.b.c", {"a": {"b": {"c": "A1", "margin": 0}}}),
        ("user_id", {"user_id": "A1", "margin": 9}),
    ],
)
def test_nothing_found_and_nothing_to_add_change_nothing(
    key: str, event: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "t.json").write_text('{"A1": 1}')
    settings = LookupSettings(key=key, add=["margin"], file=Path("t.json"))
    load = adding(lookup.load(settings, Tables(tmp_path)))
    event = {"event_name": "x", **event}
    assert load(event, RECEIVED) is event


@pytest.mark.parametrize("event", [{}, {"user_id": ""}, {"user_id": None}])
def test_a_missing_or_empty_field_finds_no_row(event: dict[str, Any], tmp_path: Path) -> None:
    table = '{"": {"tier": "gold"}, "u1": {"tier": "silver"}}'
    found = look_up(tmp_path, table, event, key="user_id", add=["tier"])
    assert "tier" not in found


def test_an_empty_text_is_not_said(tmp_path: Path) -> None:
    event = {"items": [{"item_id": "A1", "margin": ""}]}
    assert look_up(tmp_path, CSV, event)["items"] == [{"item_id": "A1", "margin": 0.35}]


@pytest.mark.parametrize(
    ("text", "settings", "message"),
    [
        ("", {}, "table.csv has no column 'margin' in its first line"),
        (CSV, {"add": ["marge"]}, "has no column 'marge' in its first line"),
        (CSV, {"column": "id"}, "has no column 'id' in its first line"),
        (CSV + "A1,1,2,3\n", {}, "has a duplicate key in line 5"),
        (CSV + "A3,1\n", {}, "has 2 cells in line 5, not 4"),
        ('sku,margin\nA1,"secret\n', {}, "is not CSV: .*line 2"),
        ("sku,price\nA1,secret\n", {"add": ["price"]}, "has a price with the wrong type for items"),
        ("{", {}, "table.json is not JSON: line 1"),
        ("[1]", {}, "is a list; set `column` to the name of the key column"),
        ("[1]", {"column": "sku"}, "has no object in entry 1"),
        ('[{"sku": 1, "price": "secret"}]', {"column": "sku", "add": ["price"]},
         r"has a price with the wrong type for items.\*.price, entry 1"),
        ('{"A": 1}', {"add": ["a", "b"]}, "has a single value where 2 are to be added"),
        ('{"A": {"b": 1}}', {}, "has no 'margin' in any entry"),
    ],
)  # fmt: skip
def test_tables_that_are_mistakes(
    text: str, settings: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(TableMistake, match=message) as raised:
        look_up(tmp_path, text, {}, **settings)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize("name", ["none.csv", "table.xlsx"])
def test_files_that_cannot_be_tables(name: str, tmp_path: Path) -> None:
    (tmp_path / "table.xlsx").write_bytes(b"PK\x03\x04")
    with pytest.raises(TableMistake, match=r"cannot be read|is neither \.csv nor \.json"):
        lookup.load(LookupSettings(key="user_id", add=["a"], file=Path(name)), Tables(tmp_path))


def test_a_table_in_another_encoding_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_bytes("sku,margin\nSchuhgröße,1\n".encode("latin-1"))
    settings = LookupSettings(key="user_id", add=["margin"], file=Path("table.csv"))
    with pytest.raises(TableMistake, match=r"table.csv is not UTF-8"):
        lookup.load(settings, Tables(tmp_path))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"key": "user_id", "add": ["a"]}, "needs either `file` or `redis_hash`"),
        ({"key": "user_id", "add": ["a"], "file": "a.csv", "redis_hash": "h"}, "needs either"),
        (
            {"key": "user_id", "add": ["a"], "redis_hash": "h", "column": "b"},
            "can only be used with `file`",
        ),
        ({"key": "user_id", "add": [], "file": "a.csv"}, "at least 1 item"),
        ({"key": "user_id", "add": ["a.b"], "file": "a.csv"}, "should match pattern"),
        ({"key": "items.item_id", "add": ["a"], "file": "a.csv"}, r"items.\*"),
        ({"key": "items.*", "add": ["a"], "file": "a.csv"}, "an element of a list"),
        ({"key": "page_location.query.sku", "add": ["a"], "file": "a.csv"}, "part of a URL"),
        (
            {"key": "consent.ad_storage", "add": ["ad_user_data"], "file": "a.csv"},
            "consent.ad_user_data cannot be looked up; only visitors give consent",
        ),
        ({"key": "user_id", "add": ["consent"], "file": "a.csv"}, "consent cannot be looked up"),
        ({"key": "a..b", "add": ["a"], "file": "a.csv"}, "is not a path"),
        ({"key": "user_id", "add": ["a"], "file": "a.csv", "default": 1}, "Extra inputs"),
    ],
)
def test_settings_that_are_mistakes(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        LookupSettings.model_validate(settings)


CRM = (
    "id,email,phone,first_name,segment,birthday\n"
    "u1,ada@example.com,4915112345678,Ada,gold,1815-12-10\n"
)
ADA = {
    "email_address": "ada@example.com",
    "phone_number": "4915112345678",
    "date_of_birth": "1815-12-10",
    "address": {"first_name": "Ada"},
}


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ({}, ADA),
        ({"user_data": {"own": 1}}, {**ADA, "own": 1}),
        (
            {"user_data": {"email_address": "e@x.example", "address": {"city": "Bonn"}}},
            {
                **ADA,
                "email_address": "e@x.example",
                "address": {"city": "Bonn", "first_name": "Ada"},
            },
        ),
        (
            {"user_data": {"sha256_email_address": "f" * 64, "address": [{"city": "Bonn"}]}},
            {
                "sha256_email_address": "f" * 64,
                "phone_number": "4915112345678",
                "date_of_birth": "1815-12-10",
                "address": [{"city": "Bonn"}],
            },
        ),
    ],
)
@pytest.mark.parametrize("key", ["user_id", "user_data.member"])
def test_the_columns_of_a_person_are_in_user_data(
    event: dict[str, Any], expected: dict[str, Any], key: str, tmp_path: Path
) -> None:
    columns = ["email", "phone", "first_name", "segment", "birthday"]
    member = {"member": "u1"} if key == "user_data.member" else {}
    event = {**event, "user_id": "u1", "user_data": {**event.get("user_data", {}), **member}}
    found = look_up(tmp_path, CRM, event, key=key, add=columns, column="id")
    holder = found["user_data"] if member else found
    assert holder.pop("segment") == "gold"
    assert found["user_data"] == {**expected, **member}
    assert found.keys() == {"event_name", "user_id", "user_data"}


def test_what_is_beside_other_things_is_not_the_visitors(tmp_path: Path) -> None:
    event = {"seller": {"id": "u1"}}
    found = look_up(tmp_path, CRM, event, key="seller.id", add=["email"], column="id")
    assert found["seller"] == {"id": "u1", "email": "ada@example.com"}
    assert "user_data" not in found


HASH = {"key": "user_id", "add": ["segment"], "redis_hash": "segments"}


@pytest.mark.anyio
async def test_a_redis_hash_is_copied_and_events_are_looked_up_in_the_copy(redis: Redis) -> None:
    await redis.hset("segments", mapping={"u1": "gold", "u2": '{"segment": 7, "more": 1}'})
    tables = Tables()
    load = adding(lookup.load(LookupSettings.model_validate(HASH), tables))
    event = {"event_name": "x", "user_id": "u1"}
    assert load(event, RECEIVED) is event
    await tables.refresh(redis)
    assert load(event, RECEIVED)["segment"] == "gold"
    assert load({**event, "user_id": "u2"}, RECEIVED)["segment"] == 7
    assert "more" not in load({**event, "user_id": "u2"}, RECEIVED)


@pytest.mark.anyio
async def test_the_copy_is_made_again_when_it_is_due(redis: Redis) -> None:
    now = 100.0
    row = ReadTable("user_id", ("segment",)).hash_row()
    kept = KeptHash("segments", 60, row, clock=lambda: now)
    for second, size, seen in [(100.0, 1, 1), (159.0, 2, 1), (160.0, 2, 2), (161.0, 3, 2)]:
        now = second
        await redis.hset("segments", f"u{size}", "gold")
        await kept.refresh(redis)
        assert len(kept.value) == seen
    await redis.delete("segments")
    now = 220.0
    await kept.refresh(redis)
    assert kept.value == {}


@pytest.mark.anyio
async def test_more_than_one_answer_is_copied_whole(redis: Redis) -> None:
    await redis.hset("segments", mapping={f"u{number}": number for number in range(5_000)})
    kept = KeptHash("segments", 60, ReadTable("user_id", ("segment",)).hash_row())
    await kept.refresh(redis)
    assert kept.value == {f"u{number}": {"segment": number} for number in range(5_000)}


@pytest.mark.anyio
async def test_entries_that_cannot_be_used_are_left_out_and_counted_once(
    redis: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    await redis.hset("segments", mapping={"u1": "gold", "u2": "{secret", b"\xff": "x"})
    kept = KeptHash("segments", 0, ReadTable("user_id", ("segment",)).hash_row())
    for _ in range(3):
        await kept.refresh(redis)
    assert kept.value == {"u1": {"segment": "gold"}}
    assert caplog.messages == ["the Redis hash segments has 2 unusable entries, which are ignored"]


@pytest.mark.anyio
async def test_while_redis_cannot_give_the_hash_the_last_copy_stays(
    redis: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    await redis.hset("segments", "u1", "gold")
    kept = KeptHash("segments", 0, ReadTable("user_id", ("segment",)).hash_row())
    await kept.refresh(redis)
    await redis.set("segments", "no hash")
    for _ in range(3):
        await kept.refresh(redis)
    assert kept.value == {"u1": {"segment": "gold"}}
    assert caplog.messages == ["the Redis hash segments cannot be read: ResponseError"]
    await redis.delete("segments")
    await redis.hset("segments", "u1", "silver")
    await kept.refresh(redis)
    assert kept.value == {"u1": {"segment": "silver"}}


@pytest.mark.anyio
async def test_what_redis_could_not_give_is_asked_for_again_soon(redis: Redis) -> None:
    now = 100.0
    row = ReadTable("user_id", ("segment",)).hash_row()
    kept = KeptHash("segments", 86_400, row, clock=lambda: now)
    await redis.set("segments", "no hash")
    await kept.refresh(redis)
    await redis.delete("segments")
    await redis.hset("segments", "u1", "gold")
    for second, seen in [(104.0, 0), (105.0, 1)]:
        now = second
        await kept.refresh(redis)
        assert len(kept.value) == seen


def test_json_and_csv_of_one_table_say_the_same(tmp_path: Path) -> None:
    rows = {"A1": {"margin": 0.35, "supplier": "Acme"}, "A2": {"margin": 12}}
    read = ReadTable("items.*.item_id", ("margin", "supplier"))
    (tmp_path / "a.json").write_text(json.dumps(rows))
    (tmp_path / "a.csv").write_text("id,margin,supplier\nA1,0.35,Acme\nA2,12,\n")
    assert read(tmp_path / "a.csv") == read(tmp_path / "a.json") == rows
