"""Dead letters and the quarantine: groups, single events, dry runs, work and its log."""

import html
import os
import signal
import time

import httpx
import pytest

from tests.support import plain_http
from tests.support.gateway_process import wait_for

VIEWER = {"x-role": "viewer"}
ADA = "ada@example.com"


@pytest.fixture(scope="package")
def anna(signed_in):
    with httpx.Client(base_url=signed_in.url, timeout=60) as client:
        yield client


@pytest.fixture
def rejected(running, anna):
    """Makes dead letters of both destinations, with event ids that begin with `order`. Returns the
    row of the last one at `crm`."""

    def reject(order, number=1, **more):
        for n in range(number):
            event = {
                "event_name": "purchase",
                "event_id": f"{order}-{n}",
                "transaction_id": "refuse-me",
                "timestamp": time.time(),
                "client_id": "77.88",
                "user_data": {"email_address": ADA},
                "consent": {"ad_storage": "granted", "analytics_storage": "granted"},
                **more,
            }
            key = {"authorization": "Bearer a-long-enough-key-for-tests"}
            assert plain_http.post(f"{running.url}/events", json=event, headers=key).is_success
        for n in range(number):
            for destination in ("warehouse", "crm"):
                query = {"destination": destination, "event_id": f"{order}-{n}"}
                rows = wait_for(lambda of=query: rows_of(anna, of), 60, "a dead letter")
        return rows[0]

    return reject


def rows_of(anna, query):
    return anna.get("/dead-letters.json", params=query).json()["rows"]


def log_of(anna):
    return [line["command"] for line in anna.get("/actions.json").json()["actions"]]


def done(anna, response):
    assert response.status_code == 303, response.text
    page = f"{response.headers['location']}.json"

    def ended():
        data = anna.get(page).json()
        return data if data["ended"] else None

    return wait_for(ended, 60, "the work to end")


def test_dead_letters_are_grouped_by_reason(rejected, anna):
    rejected("grouped", 3)
    found = anna.get("/dead-letters.json?destination=crm&event_name=purchase").json()
    group = found["groups"][0]
    assert group["values"] == ["crm", "rejected", "purchase"]
    assert group["count"] >= 3
    assert "400" in group["reason"]
    again = anna.get(group["url"].replace("/dead-letters?", "/dead-letters.json?")).json()
    assert again["groups"][0]["count"] == group["count"]


def test_a_filter_that_cannot_be_read_is_said_and_nothing_is_shown(anna):
    found = anna.get("/dead-letters.json?since=sometimes").json()
    assert "'sometimes' is no time" in found["mistakes"][0]
    assert found["groups"] == found["rows"] == []
    assert "ends before" in anna.get("/dead-letters.json?since=1d&until=2d").json()["mistakes"][0]
    assert anna.get("/dead-letters.json?destination=nowhere").status_code == 404
    assert anna.get("/dead-letters/send?since=sometimes").status_code == 422


def test_personal_data_is_hidden_until_an_operator_asks(rejected, anna):
    row = rejected("hidden")
    page, data = anna.get(row["url"]), anna.get(f"{row['url']}.json")
    for each in (page, data, anna.get("/dead-letters"), anna.get("/dead-letters.json")):
        assert ADA not in each.text
        assert "77.88" not in each.text
    assert data.json()["event"]["transaction_id"] == "refuse-me"
    assert ADA in anna.post(f"{row['url']}/reveal").text
    assert log_of(anna)[0] == "dead-letters show"


@pytest.mark.parametrize("path", ["reveal", "edit", "edit/look", "edit/send"])
def test_viewers_may_not_see_or_edit_one(rejected, anna, path):
    row = rejected("viewed")
    response = anna.post(f"{row['url']}/{path}", headers=VIEWER, data={"event": "{}"})
    assert response.status_code == 403
    assert ADA not in response.text


@pytest.mark.parametrize("area", ["dead-letters", "quarantine"])
@pytest.mark.parametrize("work", ["send", "drop"])
def test_viewers_may_not_send_or_drop(anna, area, work):
    assert anna.get(f"/{area}/{work}", headers=VIEWER).status_code == 403
    assert anna.post(f"/{area}/{work}", headers=VIEWER).status_code == 403


def test_a_replay_is_planned_done_and_logged(rejected, anna):
    rejected("replayed", 2)
    plan = anna.get("/dead-letters/send.json?destination=crm&event_id=replayed-0").json()
    assert (plan["found"], plan["total"]) == (1, 1)
    fields = dict(plan["fields"])
    ended = done(anna, anna.post("/dead-letters/send", data=fields | {"rate": "100"}))
    assert (ended["total"], ended["succeeded"], ended["trouble"]) == (1, 1, "")
    assert log_of(anna)[0] == "dead-letters replay"
    # the vendor refuses it again
    wait_for(
        lambda: anna.get("/dead-letters.json?event_id=replayed-0").json()["rows"], 60, "its return"
    )


def test_what_was_stored_after_the_dry_run_is_not_meant(rejected, anna):
    row = rejected("early")
    plan = anna.get("/dead-letters/drop.json?destination=crm&event_name=later").json()
    assert plan["total"] == 0
    rejected("late", event_name="later")
    fields = dict(plan["fields"])
    assert float(fields["until"]) > row["at"]
    ended = done(anna, anna.post("/dead-letters/drop", data=fields))
    assert ended["succeeded"] == 0
    assert anna.get("/dead-letters.json?event_name=later").json()["rows"]


def test_dropped_events_are_gone(rejected, anna):
    rejected("dropped", 2, event_name="dropped")
    ended = done(anna, anna.post("/dead-letters/drop", data={"event_name": "dropped"}))
    assert ended["succeeded"] == 4  # at both destinations
    assert anna.get("/dead-letters.json?event_name=dropped").json()["rows"] == []
    assert log_of(anna)[0] == "dead-letters drop"


def test_one_work_at_a_time_on_a_destination(rejected, anna, signed_in):
    rejected("slow", 8, event_name="slow")
    fields = {"destination": "crm", "event_name": "slow", "rate": "1"}
    first = anna.post("/dead-letters/send", data=fields)
    assert first.status_code == 303
    second = anna.post("/dead-letters/send", data=fields)
    assert second.status_code == 409
    assert "is still at work" in second.text
    assert anna.post("/dead-letters/send", data={"event_name": "slow"}).status_code == 409
    page = anna.get(first.headers["location"])
    assert "You may leave this page" in page.text
    part = anna.get(f"{first.headers['location']}/part")
    assert "hx-" not in part.text
    assert done(anna, first)["succeeded"] == 8
    assert anna.get(f"{first.headers['location']}/part").headers["hx-refresh"] == "true"


@pytest.mark.parametrize(
    ("event", "words"),
    [
        ("{", "This is not JSON"),
        ("[]", "An event is a JSON object."),
        ('{"event_name": "purchase", "event_id": "another"}', "an event keeps its id"),
    ],
)
def test_an_edit_that_cannot_be_is_explained(rejected, anna, event, words):
    row = rejected("wrong")
    response = anna.post(f"{row['url']}/edit/look", data={"event": event})
    assert response.status_code == 422
    assert words in response.text


@pytest.mark.parametrize("action", ["edit", "edit/look", "edit/send"])
def test_an_edit_at_a_destination_that_was_removed_is_answered(anna, action):
    response = anna.post(f"/dead-letters/nowhere/1-0/{action}", data={"event": "{}"})
    assert response.status_code == 404
    assert "nowhere" in response.text


def test_an_edited_event_is_sent_again(rejected, anna, running, sink):
    row = rejected("edited")
    form = anna.post(f"{row['url']}/edit")
    assert ADA in form.text
    assert log_of(anna)[0] == "dead-letters show"
    event = anna.get(f"{row['url']}.json").json()["event"]
    assert event["transaction_id"] == "refuse-me"
    text = form.text.partition("<textarea")[2].partition(">")[2].partition("</textarea>")[0]
    text = html.unescape(text)
    mended = text.replace("refuse-me", "order-77")
    look = anna.post(f"{row['url']}/edit/look", data={"event": mended})
    assert "transaction_id" in look.text
    assert "order-77" in look.text
    sent = anna.post(f"{row['url']}/edit/send", data={"event": mended})
    assert sent.status_code == 303
    assert log_of(anna)[0] == "dead-letters edit"
    assert wait_for(
        lambda: [each for each in sink.requests if "order-77" in str(each.body)], 60, "the event"
    )
    assert anna.get(row["url"]).status_code == 404


def test_the_quarantine_says_what_a_release_would_do(anna):
    found = anna.get("/quarantine.json").json()
    assert found["groups"][0]["values"][1] == "sign_up"
    row = found["rows"][0]
    assert "sign_up" in anna.get(row["url"]).text
    plan = anna.get("/quarantine/send.json").json()
    assert plan["total"] == 0
    assert plan["misfits"]
    plan = anna.get("/quarantine/send.json?anyway=on").json()
    assert plan["total"] >= 1
    assert plan["fates"]["crm"]["to send"] >= 1


def test_hostile_text_is_shown_as_text(open_tab, signed_in, rejected):
    from tests.console.conftest import HOSTILE

    rejected("hostile", event_name=HOSTILE, search_term=HOSTILE)
    tab = open_tab(base=signed_in.url)
    for path in ("/dead-letters", "/dead-letters/send", "/dead-letters/drop"):
        page = tab.open(path)
        assert "onerror=alert(1)" in page.locator("main").inner_text()
        assert tab.complaints() == []
    page = tab.open("/dead-letters")
    page.locator("#newest ~ div a").first.click()
    page.locator("#content").wait_for()
    page.get_by_role("button", name="Edit and send again").click()
    page.locator("textarea").wait_for()
    assert tab.complaints() == []
    assert not [each for each in tab.requests if "hostile" in each]


def test_work_ends_with_the_process_and_what_was_done_is_logged(rejected, anna, running, cookie):
    rejected("ended", 30, event_name="ended")
    with httpx.Client(
        base_url=running.console_url,
        cookies={cookie["name"]: cookie["value"]},
        headers={"sec-fetch-site": "same-origin"},
        timeout=60,
    ) as local:
        plan = local.get("/dead-letters/send?destination=crm&event_name=ended").text
        token = plan.partition('name="csrf_token" value="')[2].partition('"')[0]
        fields = {"destination": "crm", "event_name": "ended", "rate": "1", "csrf_token": token}
        started = local.post("/dead-letters/send", data=fields)
        page = started.headers["location"]
        wait_for(lambda: local.get(f"{page}.json").json()["succeeded"], 60, "the first event")
        (pid,) = running.pids(" console ")
        os.kill(pid, signal.SIGTERM)
        wait_for(lambda: pid not in running.pids(" console "), 60, "the console to end")
        newest = anna.get("/actions.json").json()["actions"][0]
        assert (newest["command"], newest["user"]) == ("dead-letters replay", "console:local")
        assert 1 <= newest["counts"]["events"] < 30
        wait_for(lambda: answers(local), 60, "the console to start again")
        gone = local.get(page)
        assert gone.status_code == 404
        assert "started again" in gone.text


def answers(client):
    try:
        return client.get("/actions").is_success
    except httpx.TransportError:
        return False
