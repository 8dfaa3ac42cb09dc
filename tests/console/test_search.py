"""Searching for events: as data, as files, and in a browser."""

from __future__ import annotations

import csv
import json
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from gateway.console.personal import HIDDEN
from gateway.ledger.operator_log import OperatorLog
from tests.console.conftest import EVENTS, HOSTILE
from tests.support.console_server import ConsoleServer

VIEWER = {"x-role": "viewer"}
DENIED = ("denied", "warehouse", "withheld")
NAMES = {event["event_name"] for event in EVENTS}
"""Other tests send more to the same gateway."""


@pytest.fixture(scope="module")
def client(signed_in: ConsoleServer):
    with httpx.Client(base_url=signed_in.url, timeout=60) as client:
        yield client


def search(client: httpx.Client, **query: str) -> dict:
    answer = client.get("/events.json", params=query, headers=VIEWER)
    assert answer.status_code == 200
    return answer.json()


def ended(page: dict) -> set[tuple[str, str, str]]:
    return {
        (event["name"], each["destination"], each["ending"])
        for event in page["events"]
        for each in event["endings"]
        if event["name"] in NAMES
    }


def receipts(page: dict) -> list[str]:
    return [event["receipt"] for event in page["events"] if event["name"] in NAMES]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"event_name": "denied"}, {DENIED, ("denied", "crm", "withheld")}),
        ({"ending": "rejected", "destination": "crm"}, {("purchase", "crm", "rejected")}),
        ({"reason": "analytics_storage", "destination": "warehouse"}, {DENIED}),
        ({"ending": "withheld", "reason": "CONSENT", "destination": "warehouse"}, {DENIED}),
        ({"where": "currency=EUR", "destination": "crm"}, {("purchase", "crm", "delivered")}),
        ({"source": "nothing"}, set()),
        ({"until": "2020-01-01"}, set()),
    ],
)  # fmt: skip
def test_a_search(client: httpx.Client, query: dict[str, str], found: set) -> None:
    assert ended(search(client, **query)) == found


def test_pages_follow_each_other(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = receipts(search(client))
    monkeypatch.setattr("gateway.console.pages.search.PAGE", 3)
    url, found = "/events.json", []
    while url:
        page = client.get(url).json()
        assert sum(len(each["endings"]) for each in page["events"]) <= 3
        found += receipts(page)
        url = page["next"].replace("/events?", "/events.json?")
    assert list(dict.fromkeys(found)) == whole


def test_a_search_that_takes_long_says_so(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.ledger.search.SLICE", 2)
    monkeypatch.setattr("gateway.ledger.search.MAX_ROWS", 2)
    page = search(client, event_name="nothing")
    assert page["looked_since"] is not None
    assert "after=" in page["next"]
    assert "It has looked at events received since" in client.get("/events?event_name=no").text


def test_an_id_stands_in_no_url(client: httpx.Client) -> None:
    """Nor does a person's e-mail address, and only operators may search for one."""
    form = {"id": "Ada@Example.com", "event_name": "purchase", "csrf_token": "token"}
    answer = client.post("/events", data=form)
    assert answer.status_code == 303
    url = urlsplit(answer.headers["location"])
    assert set(parse_qs(url.query)) == {"event_name", "digest"}
    page = client.get(f"{url.path}.json?{url.query}").json()
    assert ended(page) == {("purchase", "crm", "delivered"), ("purchase", "warehouse", "delivered")}
    for typed in (form["id"], "+49 30 901820", "tel:4930901820", "ab" * 32):
        answer = client.post("/events", data={**form, "id": typed}, headers=VIEWER)
        assert answer.status_code == 403


def test_a_viewer_finds_no_hash_of_what_is_typed(client: httpx.Client) -> None:
    """Digits may be a person's phone number, which an event has only as a hash."""
    found = []
    for headers in (VIEWER, {}):
        answer = client.post("/events", data={"id": "4930901820"}, headers=headers)
        (digests,) = parse_qs(urlsplit(answer.headers["location"]).query)["digest"]
        found.append(set(digests.split("-")))
    of_viewer, of_operator = found
    assert of_viewer < of_operator


@pytest.mark.parametrize("typed", ["order-1001", "p-1", "1.2", " order-1001 "])
def test_an_event_is_found_by_each_id(client: httpx.Client, typed: str) -> None:
    answer = client.post("/events", data={"id": typed}, headers=VIEWER, follow_redirects=True)
    assert str(answer.url).count("digest=") == 1
    assert typed.strip() not in str(answer.url)
    assert "purchase" in answer.text


def test_a_receipt_leads_to_its_event(client: httpx.Client) -> None:
    receipt = search(client)["events"][0]["receipt"]
    answer = client.post("/events", data={"id": receipt})
    assert answer.headers["location"] == f"/events/{receipt}"


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"since": "soon"}, "Since is not a valid time: soon."),
        ({"since": "1h", "until": "2h"}, "The search ends before it begins"),
        ({"where": "currency"}, "is not FIELD=VALUE"),
        ({"where": "user_data.email_address=ada@example.com"}, "cannot be searched here"),
        ({"ending": "lost"}, "No event ends like this"),
        ({"digest": "x"}, "The digest in this URL is not one"),
        ({"after": "x"}, "The place in the list"),
    ],
)
def test_what_cannot_be_searched_is_said(client: httpx.Client, query: dict, words: str) -> None:
    assert any(words in each for each in search(client, **query)["mistakes"])
    assert "Nothing was searched" in client.get("/events", params=query).text
    assert client.get("/events.csv", params=query).status_code == 400


@pytest.mark.parametrize("text", ["\0", "'", "\ud7ff", "9" * 400, "%", "a" * 5000])
@pytest.mark.parametrize(
    "name", ["event_name", "reason", "where", "after", "since", "digest", "id"]
)
def test_odd_texts_are_answered(client: httpx.Client, name: str, text: str) -> None:
    assert client.get("/events", params={name: text}).status_code == 200
    assert client.post("/events", data={name: text}).status_code == 303


def test_nobody_sees_persons_unless_an_operator_asks(
    client: httpx.Client, signed_in: ConsoleServer
) -> None:
    for path in ("/events.ndjson", "/events.json", "/events", "/events.csv"):
        assert "ada@" not in client.get(path).text
    assert client.post("/events.ndjson", headers=VIEWER).status_code == 403
    lines = [json.loads(line) for line in client.get("/events.ndjson").text.splitlines()]
    persons = [(line["payload"] or {}).get("user_data", HIDDEN) for line in lines]
    assert {*persons} == {HIDDEN}
    whole = client.post("/events.ndjson?event_name=purchase")
    assert "ada@example.com" in whole.text
    last = json.loads([*OperatorLog.of(signed_in.settings).lines()][-1])
    assert (last["user"], last["command"]) == ("console:anna", "events export ndjson")


def test_a_file_of_csv(client: httpx.Client) -> None:
    answer = client.get("/events.csv?destination=crm")
    assert answer.headers["content-disposition"] == 'attachment; filename="events.csv"'
    rows = [*csv.DictReader(answer.text.splitlines())]
    assert {row["destination"] for row in rows} == {"crm"}
    assert {row["stage"] for row in rows if row["ending"] == "delivered"} == {""}


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_hostile_events_are_shown_harmlessly(open_tab, signed_in, dark: bool) -> None:
    tab = open_tab(dark=dark, base=signed_in.url)
    page = tab.open("/events")
    assert "<img src=x onerror=alert(1)" in page.locator(".events").inner_text()
    assert "\\u202e" in page.locator(".events").inner_text()
    assert tab.complaints() == []
    assert not any("hostile" in url or url.endswith("/x") for url in tab.requests)
    assert HOSTILE not in page.content()


def test_the_form_works_without_javascript(open_tab, signed_in) -> None:
    page = open_tab(javascript=False, base=signed_in.url).open("/events")
    page.get_by_label("Event name").fill("purchase")
    page.get_by_label("Destination").select_option("crm")
    page.get_by_role("button", name="Search", exact=True).click()
    page.wait_for_url("**/events?destination=crm&event_name=purchase")
    assert page.locator(".events > li").count() == 2
    assert page.get_by_label("Event name").input_value() == "purchase"
