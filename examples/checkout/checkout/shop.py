"""The shop: orders, and the purchase of each in the outbox. `flask --app checkout.shop run`"""

import os
import sqlite3
import time
import uuid
from contextlib import closing
from typing import Any

from flask import Flask, Response, jsonify, request
from gateway_client import Client

from checkout import outbox

PRICES = {"TIDE-350": 29.9, "TIDE-250": 24.9}
FROM_THE_PAGE = ("client_id", "ga_session_id", "consent", "page_location", "fbp", "fbc")
"""What only the page knows. It sends this with the order."""


def create_app(database: str, client: Client) -> Flask:
    """database: the path of an SQLite file."""
    app = Flask("checkout")
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("CREATE TABLE IF NOT EXISTS orders (id TEXT PRIMARY KEY, total REAL)")
        connection.execute(outbox.SCHEMA)

    @app.post("/orders")
    def place_order() -> tuple[Response, int]:
        order_id = f"T-{uuid.uuid4().hex[:12]}"
        try:
            purchase = make_purchase(order_id, request.get_json())
        except (AttributeError, KeyError, TypeError, ValueError):
            return jsonify(error="send items, each with an item_id and a quantity"), 400
        with closing(sqlite3.connect(database)) as connection, connection:  # one transaction
            row = (order_id, purchase["value"])
            connection.execute("INSERT INTO orders (id, total) VALUES (?, ?)", row)
            outbox.add(connection, purchase)
        return jsonify(order_id=order_id), 201

    @app.cli.command("forward-events")
    def forward_events() -> None:
        """Sends what is in the outbox, now and every five seconds."""
        while True:
            with closing(sqlite3.connect(database)) as connection:
                outbox.forward(connection, client)
            time.sleep(5)

    return app


def make_purchase(order_id: str, order: dict[str, Any]) -> dict[str, Any]:
    """The event of an order. Prices are the shop's own, never the page's; the id is made from the
    order's, so that it is the same however often the event is sent."""
    items = [
        {
            "item_id": line["item_id"],
            "price": PRICES[line["item_id"]],
            "quantity": int(line["quantity"]),
        }
        for line in order["items"]
    ]
    from_the_page = order.get("tracking") or {}
    return {
        **{name: from_the_page[name] for name in FROM_THE_PAGE if name in from_the_page},
        "event_name": "purchase",
        "event_id": f"purchase-{order_id}",
        "timestamp": time.time(),
        "transaction_id": order_id,
        "value": round(sum(item["price"] * item["quantity"] for item in items), 2),
        "currency": "EUR",
        "items": items,
        "user_data": {"email_address": order.get("email")},
        "ip_override": request.remote_addr,
        "user_agent": request.user_agent.string,
    }


def app() -> Flask:
    """The shop with its settings from the environment."""
    client = Client(os.environ["GATEWAY_URL"], os.environ["GATEWAY_KEY"])
    return create_app(os.environ.get("DATABASE", "shop.db"), client)
