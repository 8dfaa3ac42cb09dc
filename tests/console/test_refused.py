"""The page of refused requests and events."""

import pytest

from tests.console.conftest import HOSTILE, KEY
from tests.support import plain_http
from tests.support.gateway_process import wait_for


@pytest.fixture(scope="module")
def refused(running, signed_in):
    """A sample with some refused requests and events."""
    plain_http.post(f"{running.url}/events", json={"event_name": "a"})
    plain_http.post(f"{running.url}/events", json=[{"event_name": "a"}, {HOSTILE: 1}], headers=KEY)
    plain_http.post(f"{running.url}/collect", json={}, headers={"origin": "https://other.example"})
    plain_http.post(
        f"{running.url}/v1/track", json={"type": "track", "event": "a", "userId": "u-1"}
    )
    url = f"{signed_in.url}/refused.json"
    return wait_for(lambda: _has_all(url) and plain_http.get(url).json(), 60, "the sample")


def _has_all(url):
    data = plain_http.get(url).json()
    return data["events"] and len(data["groups"]) >= 3


def test_requests_are_grouped_by_reason_and_place(refused, signed_in):
    groups = {(each["reason"], each["place"]): each for each in refused["groups"]}
    assert groups["unauthorized", "backend"]["times"] >= 1
    assert groups["origin", "site"]["times"] >= 1
    (unclaimed,) = [place for reason, place in groups if reason == "no_source"]
    assert "Segment" in unclaimed
    group = groups["origin", "site"]
    alone = plain_http.get(f"{signed_in.url}{group['url'].replace('?', '.json?')}").json()
    assert {each["reason"] for each in alone["requests"]} == {"origin"}
    assert "allowed_origins" in alone["requests"][0]["hint"]
    assert alone["events"] == []


def test_an_event_is_shown_by_the_types_of_its_values(refused):
    (event,) = [each for each in refused["events"] if each["source"] == "backend"]
    assert "event_name" in event["reason"]


def test_what_strangers_sent_is_shown_as_text(refused, open_tab):
    tab = open_tab()
    page = tab.open("/refused")
    page.locator("summary").first.click()
    assert tab.complaints() == []
    assert not tab.is_too_wide()
    assert not [each for each in tab.requests if "hostile" in each]
