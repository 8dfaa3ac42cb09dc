"""The strict OpenAI refuses what OpenAI's page excludes."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import orjson
import pytest

from tests.vendors.openai_ads import PATH, OpenAIAds

NOW = 1795219260.0
DIGEST = "9b" * 32
GOOD = {
    "id": "o-1",
    "type": "order_created",
    "timestamp_ms": int(NOW * 1000),
    "action_source": "web",
    "source_url": "https://s.example/thanks",
    "user": {"emails_sha256": [DIGEST]},
    "data": {"type": "contents", "amount": 5990, "currency": "EUR"},
}
Change = Callable[[dict[str, Any]], Any]


@pytest.mark.parametrize(
    ("change", "status"),
    [
        (lambda e: None, 200),
        (lambda e: e.update(opt_out=True, oppref="op-1"), 200),
        (lambda e: e.update(id=""), 400),
        (lambda e: e.update(timestamp_ms=int(NOW)), 400),
        (lambda e: e.update(timestamp_ms=int(NOW * 1000) + 700_000), 400),
        (lambda e: e.pop("source_url"), 400),
        (lambda e: e.update(type="purchase"), 400),
        (lambda e: e.update(type="lead_created"), 400),
        (lambda e: e.update(type="custom", data={"type": "custom"}), 400),
        (lambda e: e.update(custom_event_name="x"), 400),
        (lambda e: e["data"].update(amount=59.9), 400),
        (lambda e: e["data"].pop("currency"), 400),
        (lambda e: e["user"].update(emails_sha256=["ada@example.com"]), 400),
        (lambda e: e["user"].update(email_sha256=DIGEST), 400),
        (lambda e: e["user"].update(countries=["Germany"]), 400),
    ],
)
def test_openai_refuses_what_its_page_excludes(change: Change, status: int) -> None:
    one = copy.deepcopy(GOOD)
    change(one)
    vendor = OpenAIAds(now=lambda: NOW)
    body = orjson.dumps({"events": [one]})
    assert vendor.answer("POST", PATH, {"authorization": "Bearer K"}, body).status == status
    assert len(vendor.events) == (status == 200)
