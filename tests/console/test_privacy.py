"""The page about consent and privacy."""

from __future__ import annotations

import time
from typing import Any

import pytest

from gateway.configuration.load import parse_settings
from gateway.ledger.operator_log import OperatorLog
from tests.console.conftest import EVENTS, HOSTILE
from tests.support import plain_http
from tests.support.gateway_process import Gateway

REQUESTS = "Requests that were answered"


@pytest.fixture(scope="module")
def shown(running: Gateway, cookie: dict[str, str]) -> dict[str, Any]:
    url = f"{running.console_url}/privacy.json?period=24h"
    answer = plain_http.get(url, cookies={cookie["name"]: cookie["value"]})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_shares_are_those_of_the_events_that_came_in(shown: dict[str, Any]) -> None:
    whole = shown["numbers"]["all"]
    events = whole["events"]
    assert events >= len(EVENTS)  # other tests send some to the same gateway
    assert whole == {"events": events, "ads": events, "analytics": events - 1}
    assert shown["numbers"]["countries"] == [{"country": "(unknown)", **whole}]
    assert sum(each["events"] for each in shown["numbers"]["days"]) == events


def test_what_decided_and_what_to_do_is_told(shown: dict[str, Any]) -> None:
    tables = {each["title"]: each["rows"] for each in shown["signals"]}
    (place,) = tables["Unknown places"]
    assert place["value"] == "backend: no address of a visitor"
    assert any("ip_override" in words for words in shown["attention"])


def test_the_data_map_is_that_of_the_configuration(shown: dict[str, Any]) -> None:
    warehouse = shown["data_map"]["warehouse"]
    assert warehouse["consent"] == ["analytics_storage"]
    assert warehouse["permissions"]["hosts"] == ["127.0.0.1"]
    assert warehouse["on_denied"] == "withhold"
    assert ["ad_storage"] in [each["denied"] for each in warehouse["covered"]]


def test_requests_of_persons_are_listed_harmlessly(open_tab: Any, running: Gateway) -> None:
    assert "order-1001" in running.command("access", "ada@example.com", "--json")
    tab = open_tab(360)
    settings = parse_settings(
        running.config.read_text().replace("${DATA_DIR}", str(running.folder / "data"))
    )
    before = tab.open("/privacy").get_by_role("region", name=REQUESTS).locator("tbody tr").count()
    OperatorLog.of(settings).append(
        {
            "at": time.time(),
            "user": HOSTILE,
            "command": "erase",
            "arguments": {"person": HOSTILE},
            "counts": {HOSTILE: 1},
        }
    )
    page = tab.open("/privacy")
    rows = page.get_by_role("region", name=REQUESTS).locator("tbody tr")
    assert before >= 1
    assert rows.count() == before + 1
    assert "erased" in rows.nth(0).inner_text()
    assert "<img src=x" in rows.nth(0).inner_text()
    assert "given access" in rows.nth(1).inner_text()
    assert " ledger" in rows.nth(1).inner_text()
    assert "ada@" not in page.content().replace("anna@", "")
    page.wait_for_timeout(200)
    assert not [url for url in tab.requests if "hostile" in url or url.endswith("/x")]
    assert tab.complaints() == []
    assert not tab.is_too_wide()


def test_it_can_be_read_without_javascript(open_tab: Any) -> None:
    page = open_tab(javascript=False).open("/privacy")
    assert page.get_by_role("heading", name="Where data may go").is_visible()
    page.get_by_text("Without ad_storage: ").first.click()
    assert page.get_by_text("click_ids").first.is_visible()
