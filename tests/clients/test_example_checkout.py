"""examples/checkout: a purchase reaches the gateway once, however often its sending is tried."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from checkout import outbox
from checkout.shop import create_app
from flask.testing import FlaskClient
from gateway_client import Client

from tests.clients.conftest import KEY, Running

ORDER = {
    "items": [{"item_id": "TIDE-350", "quantity": 2}],
    "email": "ada@example.com",
    "tracking": {
        "client_id": "482113.1795219200",
        "consent": {"analytics_storage": "granted"},
        "value": 0.01,
    },
}


@pytest.fixture
def database(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(tmp_path / "shop.db")) as connection:
        yield connection


@pytest.fixture
def client(running: Running) -> Iterator[Client]:
    with Client(running.events_url, KEY) as client:
        yield client


@pytest.fixture
def shop(database: sqlite3.Connection, client: Client, tmp_path: Path) -> FlaskClient:
    return create_app(str(tmp_path / "shop.db"), client).test_client()


def waiting(database: sqlite3.Connection) -> list[tuple[str, str | None]]:
    return database.execute("SELECT event_id, refused FROM outbox").fetchall()


def test_a_purchase_is_sent_once_after_its_order_is_committed(
    running: Running, shop: FlaskClient, client: Client, database: sqlite3.Connection
) -> None:
    answer = shop.post("/orders", json=ORDER, headers={"user-agent": "Browser/1"})
    order_id = answer.json["order_id"]
    event_id = f"purchase-{order_id}"
    assert waiting(database) == [(event_id, None)]

    away = httpx.MockTransport(lambda _: httpx.Response(503, headers={"retry-after": "3600"}))
    assert outbox.forward(database, Client(running.events_url, KEY, transport=away)) == 0
    assert waiting(database) == [(event_id, None)]

    row = database.execute("SELECT * FROM outbox").fetchone()
    assert outbox.forward(database, client) == 1
    assert outbox.forward(database, client) == 0
    assert waiting(database) == []

    # as if the process had ended before it deleted the row
    database.execute("INSERT INTO outbox VALUES (?, ?, ?, ?)", row)
    assert outbox.forward(database, client) == 1
    shop.post("/orders", json=ORDER)
    assert outbox.forward(database, client) == 1

    events = running.wait_for_events(2, lambda event: event["event_id"].startswith("purchase-T-"))
    assert [event["event_id"] for event in events].count(event_id) == 1
    (purchase,) = [event for event in events if event["event_id"] == event_id]
    assert (purchase["transaction_id"], purchase["value"]) == (order_id, 59.8)
    assert purchase["client_id"] == "482113.1795219200"
    assert (purchase["ip_override"], purchase["user_agent"]) == ("127.0.0.0", "Browser/1")


def test_no_order_leaves_no_purchase(shop: FlaskClient, database: sqlite3.Connection) -> None:
    bad = [{}, [], {"items": [{"item_id": "?", "quantity": 1}]}, {"items": [{}]}, {"items": 1}]
    assert {shop.post("/orders", json=order).status_code for order in bad} == {400}
    assert waiting(database) == []


def test_an_event_that_another_process_has_taken_is_left_to_it(
    shop: FlaskClient, client: Client, database: sqlite3.Connection
) -> None:
    shop.post("/orders", json=ORDER)
    assert len(outbox._take(database)) == 1
    assert outbox.forward(database, client) == 0
    assert len(waiting(database)) == 1


def test_a_refused_event_stays_with_the_reason(
    shop: FlaskClient, client: Client, database: sqlite3.Connection
) -> None:
    outbox.add(database, {"event_id": "nameless", "event_name": ""})
    assert outbox.forward(database, client) == 0
    ((event_id, reason),) = waiting(database)
    assert (event_id, bool(reason)) == ("nameless", True)
    assert outbox._take(database) == {}
