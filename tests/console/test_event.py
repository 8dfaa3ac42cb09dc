"""The page of an event: what it shows, what it hides, and what an operator can do there."""

from __future__ import annotations

import errno
import json
import os
import time
from typing import Any

import httpx
import pytest

from gateway.ledger.operator_log import OperatorLog
from tests.console.conftest import GRANTED, HOSTILE, KEY
from tests.support import plain_http
from tests.support.console_server import ConsoleServer
from tests.support.gateway_process import Gateway, wait_for

VIEWER = {"x-role": "viewer"}


@pytest.fixture(scope="module")
def client(signed_in: ConsoleServer):
    with httpx.Client(base_url=signed_in.url, timeout=60) as client:
        yield client


def receipt_of(client: httpx.Client, typed: str) -> str:
    found = client.post("/events", data={"id": typed}).headers["location"]
    [event] = client.get(found.replace("/events?", "/events.json?")).json()["events"]
    receipt: str = event["receipt"]
    return receipt


def data_of(client: httpx.Client, typed: str, query: str = "") -> dict[str, Any]:
    answer = client.get(f"/events/{receipt_of(client, typed)}.json{query}", headers=VIEWER)
    assert answer.status_code == 200
    data: dict[str, Any] = answer.json()
    return data


def test_the_story_of_an_event(client: httpx.Client) -> None:
    data = data_of(client, "p-1")
    assert (data["name"], data["source"], data["trusted"]) == ("purchase", "backend", True)
    steps = data["destinations"]["crm"]["passages"][0]["steps"]
    assert [(step["what"], step["status"]) for step in steps] == [("delivered", 200)]
    decided = {each["type"]: each for each in data["consent"]["decided"]}
    assert decided["ad_storage"] == {"type": "ad_storage", "state": "granted", "by": "event"}
    assert data["event"]["currency"] == "EUR"
    assert "today" not in data["destinations"]["crm"]
    today = data_of(client, "p-1", "?today")["destinations"]["crm"]["today"]
    assert today["decision"] == "send"
    assert today["requests"][0]["method"] == "POST"


def test_what_each_stage_changed(client: httpx.Client) -> None:
    data = data_of(client, "p-1")
    [of_rules] = [each for each in data["stages"] if each["stage"] == "rules"]
    text = '{"when": {"event_name": "purchase"}, "set": {"margin": 2, "shipping": 4}}'
    assert of_rules["rules"] == [{"name": "margin", "does": text}]
    assert of_rules["changed"] == [
        {"field": "margin", "kind": "added", "after": "(hidden)"},
        {"field": "shipping", "kind": "added", "after": 4},
    ]
    crm, warehouse = (data["destinations"][name]["happened"] for name in ("crm", "warehouse"))
    assert {"field": "shipping", "kind": "removed", "before": 4} in warehouse["changed"]
    assert [rule["name"] for rule in warehouse["rules"]] == ["no shipping"]
    assert crm["rules"] == []
    text = client.get(f"/events/{receipt_of(client, 'p-1')}").text
    assert "What each stage changed" in text
    assert "Rule “no shipping”" in text
    assert "<del>− 4</del>" in text


def test_the_answer_of_a_vendor_is_told(client: httpx.Client) -> None:
    data = data_of(client, "p-2")
    step = data["destinations"]["crm"]["passages"][0]["steps"][-1]
    assert (step["what"], step["status"]) == ("rejected", 400)
    assert "unknown order" in step["words"]


def test_what_is_not_known_is_said(client: httpx.Client) -> None:
    [event] = client.get("/events.json?event_name=denied").json()["events"]
    text = client.get(f"/events/{event['receipt']}?today").text
    assert "Its content was not kept, since it was withheld from every destination." in text
    assert "Not known: its content was not stored" in text


@pytest.mark.parametrize("receipt", ["x", "0" * 28, "f" * 28, "0" * 27 + "'"])
def test_an_event_that_is_not_there(client: httpx.Client, receipt: str) -> None:
    assert client.get(f"/events/{receipt}").status_code == 404
    assert client.get(f"/events/{receipt}.json").status_code == 404
    for action in ("reveal", "replay"):
        answer = client.post(f"/events/{receipt}/{action}", data={"destination": "crm"})
        assert answer.status_code == 404


def test_a_person_is_shown_to_operators_who_ask(
    client: httpx.Client, signed_in: ConsoleServer
) -> None:
    receipt = receipt_of(client, "p-1")
    for path in (f"/events/{receipt}", f"/events/{receipt}?today", f"/events/{receipt}.json"):
        assert "ada@example.com" not in client.get(path).text
    assert client.post(f"/events/{receipt}/reveal", headers=VIEWER).status_code == 403
    text = client.post(f"/events/{receipt}/reveal").text
    assert text.count("ada@example.com") >= 2, "the content and the request"
    last = json.loads([*OperatorLog.of(signed_in.settings).lines()][-1])
    assert (last["user"], last["command"]) == ("console:anna", "events reveal")
    assert receipt not in str(last["arguments"]), "it names a person"


def test_related_events(client: httpx.Client, running: Gateway) -> None:
    for number in range(2):
        event = {
            "event_name": f"related {number}",
            "event_id": f"related-{number}",
            "client_id": "visitor-77",
            "consent": GRANTED,
        }
        assert plain_http.post(f"{running.url}/events", json=event, headers=KEY).is_success
    wait_for(lambda: "related 1" in client.get("/events.json").text, 60, "the ledger")
    wait_for(lambda: "related 0" in client.get("/events.json").text, 60, "the ledger")
    data = data_of(client, "related-0")
    [related] = data["related"]
    assert (related["event"]["name"], related["shares"]) == ("related 1", ["visitor"])
    digests = {each["of"]: each["digest"] for each in data["ids"]}
    page = client.get("/events.json", params={"digest": digests["visitor"]}).json()
    assert {event["name"] for event in page["events"]} == {"related 0", "related 1"}


def test_sending_again(client: httpx.Client, running: Gateway, signed_in: ConsoleServer) -> None:
    receipt = receipt_of(client, "p-1")
    url = f"/events/{receipt}/replay"
    assert client.post(url, data={"destination": "crm"}, headers=VIEWER).status_code == 403
    assert client.post(url, data={"destination": "nobody"}).status_code == 404
    unsure = client.post(url, data={"destination": "crm"})
    assert unsure.status_code == 409
    assert "tick the box" in unsure.text
    answer = client.post(url, data={"destination": "crm", "again": "on"})
    assert answer.headers["location"] == f"/events/{receipt}?replayed=crm"

    def passages() -> list[str]:
        data = client.get(f"/events/{receipt}.json").json()
        return [each["ending"] for each in data["destinations"]["crm"]["passages"]]

    wait_for(lambda: passages() == ["delivered", "delivered"], 60, "it to be sent again")
    last = json.loads([*OperatorLog.of(signed_in.settings).lines()][-1])
    assert (last["command"], last["counts"]) == ("replay", {"events": 1})


def test_an_event_that_was_sent_is_not_said_to_be_left_for_want_of_a_log(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(OperatorLog, "append", fails)
    url = f"/events/{receipt_of(client, 'p-1')}/replay"
    answer = client.post(url, data={"destination": "warehouse", "again": "on"})
    assert answer.status_code == 500
    assert "The event was sent again." in answer.text
    assert "cannot be written: No space left on device" in answer.text
    assert "not done" not in answer.text


def test_what_was_withheld_for_want_of_consent_is_not_sent(client: httpx.Client) -> None:
    [event] = client.get("/events.json?event_name=denied").json()["events"]
    answer = client.post(f"/events/{event['receipt']}/replay", data={"destination": "crm"})
    assert answer.status_code == 409
    assert "It was not sent: no consent for analytics_storage." in answer.text


def test_a_page_is_made_quickly(client: httpx.Client) -> None:
    """The time is printed, but not asserted, since it depends on the machine."""
    receipt = receipt_of(client, "p-1")
    for query in ("", "?today"):
        began = time.perf_counter()
        for _ in range(10):
            assert client.get(f"/events/{receipt}{query}").is_success
        print(f"{(time.perf_counter() - began) * 100:.0f} ms a page{query}")


@pytest.mark.parametrize(
    ("width", "dark"),
    [
        (360, False),
        (1440, True),
        *(
            pytest.param(*shown, marks=pytest.mark.nightly)
            for shown in [(360, True), (768, False), (768, True), (1440, False)]
        ),
    ],
)
@pytest.mark.parametrize("typed", ["p-1", "hostile", "p-2"])
def test_the_page_in_a_browser(open_tab, client, signed_in, typed, width, dark) -> None:
    tab = open_tab(width, dark, base=signed_in.url)
    page = tab.open(f"/events/{receipt_of(client, typed)}?today")
    if folder := os.environ.get("SCREENSHOTS"):
        theme = "dark" if dark else "light"
        page.screenshot(path=f"{folder}/event-{typed}-{width}-{theme}.png", full_page=True)
    assert tab.complaints() == []
    assert not tab.is_too_wide()
    assert not any("hostile" in url.partition("?")[0] or url.endswith("/x") for url in tab.requests)
    assert HOSTILE not in page.content()
