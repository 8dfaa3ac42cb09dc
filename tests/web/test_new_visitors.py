"""New visitors get different ids, however alike their requests are."""

from __future__ import annotations

import time
from types import SimpleNamespace

import pytest

from gateway.configuration.load import parse_settings
from tests.web.conftest import CONFIG, Open

CONSENT = (
    "consent: {default: {analytics_storage: granted}, regions: []}\n"
    "identity: {visitor_cookie: visitor_id}\n"
)


def test_two_at_one_address_in_the_same_millisecond_are_two(
    open_web: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.time()
    clock = SimpleNamespace(time=lambda: now, perf_counter=time.perf_counter)
    monkeypatch.setattr("gateway.web.intake.time", clock)
    web = open_web(settings=parse_settings(CONFIG + CONSENT))
    ids = set()
    for _ in range(2):
        answer = web.post("/collect", json={"event_name": "page_view"})
        ids.add(answer.cookies["visitor_id"])
        web.cookies.clear()
    assert len(ids) == 2
