"""Each event of gateway.js arrives, and arrives once.

Every arrival counts, as at a gateway without deduplication (`dedupe_window: 0`).
"""

from collections import Counter
from dataclasses import dataclass

import pytest

from gateway.web.scripts import read_script
from tests.browser.conftest import wait_for, wait_until_known

NO_PAGE_VIEW = 'data-page-view="false"'
CLICKS = "addEventListener('click', () => gateway('event', 'click'));"
GOODBYE = "addEventListener('pagehide', () => gateway('event', 'goodbye'));"
EMPTY = "Object.keys(localStorage).every((key) => !key.startsWith('gateway:'))"


@dataclass
class Tally:
    """The numbers of a scenario's events. doubled: repeated arrivals."""

    sent: int
    arrived: int
    doubled: int
    lost: int


def arrivals_at(gateway):
    """How often each event arrived, without events of pages of the test before as they closed."""
    events = [each for each in gateway.accepted() if each["timestamp"] >= gateway.began]
    return Counter((each["event_name"], each["event_id"]) for each in events)


def tally(gateway, sent):
    """Waits until as many events have arrived as were sent. sent: their number, by name."""
    wait_for(lambda: len(arrivals_at(gateway)) >= sum(sent.values()), "the events", 60)
    arrivals = arrivals_at(gateway)
    arrived = Counter(name for name, _ in arrivals)
    return Tally(
        sum(sent.values()),
        sum(arrivals.values()),
        sum(arrivals.values()) - len(arrivals),
        sum((Counter(sent) - arrived).values()),
    )


def settled(page):
    """Returns once no page has anything left to send."""
    page.wait_for_function(EMPTY, timeout=60_000)


def next_page(page):
    page.click("a")
    page.wait_for_function("window.gateway?.ready === true", timeout=60_000)


@pytest.mark.parametrize("seconds", [0, 0.2, 1.5])
def test_clicks_that_leave_the_page(visitor, gateway, shop, seconds):
    gateway.seconds_to_answer = seconds
    shop.write(CLICKS + GOODBYE, path="/next")
    page = visitor.visit(CLICKS + GOODBYE)
    for _ in range(3):
        next_page(page)
    settled(page)
    gateway.wait_for_events(10)
    sent = {"page_view": 4, "click": 3, "goodbye": 3}
    assert tally(gateway, sent) == Tally(sent=10, arrived=10, doubled=0, lost=0)


@pytest.mark.parametrize("seconds", [0, 0.2, 1.5])
def test_denied_by_default_and_granted_at_once_on_each_page(visitor, gateway, shop, seconds):
    denied = "{ad_storage: 'denied', analytics_storage: 'denied'}"
    before = f"{CLICKS} gateway('consent', 'default', {denied});"
    shop.write(before, path="/next")
    gateway.seconds_to_answer = seconds
    page = visitor.visit(before)
    for count in (1, 2):
        wait_for(lambda count=count: len(gateway.accepted()) >= 2 * count - 1, "the view", 60)
        page.evaluate("gateway('consent', 'update', {analytics_storage: 'granted'})")
        next_page(page)
    settled(page)
    gateway.wait_for_events(5)
    sent = {"page_view": 3, "click": 2}
    assert tally(gateway, sent) == Tally(sent=5, arrived=5, doubled=0, lost=0)


@pytest.mark.parametrize("seconds", [0, 0.2, 1.5])
def test_two_tabs(visitor, gateway, shop, seconds):
    gateway.seconds_to_answer = seconds
    first = visitor.visit(CLICKS)
    first.evaluate("gateway('event', 'add_to_cart')")
    second = visitor.visit(CLICKS)
    second.evaluate("gateway('event', 'add_to_cart')")
    first.evaluate("gateway('event', 'begin_checkout')")
    first.goto(shop.empty_page())
    settled(visitor.visit())
    settled(second)
    gateway.wait_for_events(6)
    sent = {"page_view": 3, "add_to_cart": 2, "begin_checkout": 1}
    assert tally(gateway, sent) == Tally(sent=6, arrived=6, doubled=0, lost=0)


def test_what_another_tab_is_about_to_send_does_not_count_as_delivered(visitor, gateway):
    first = visitor.visit(attributes=NO_PAGE_VIEW)
    gateway.will_answer(204, after=1.5)
    first.evaluate("gateway('event', 'select_item')")
    gateway.wait_for_hits(1)
    first.evaluate("gateway('event', 'add_to_cart')")
    second = visitor.visit()
    gateway.wait_for_events(2)
    settled(second)
    sent = {"select_item": 1, "add_to_cart": 1, "page_view": 1}
    assert tally(gateway, sent) == Tally(sent=3, arrived=3, doubled=0, lost=0)


def test_what_another_tab_has_delivered_is_not_sent_again(visitor, gateway):
    gateway.will_answer(503, retry_after="3600")
    first = visitor.visit(attributes=NO_PAGE_VIEW)
    first.evaluate("gateway('event', 'add_to_cart')")
    wait_until_known(first)
    second = visitor.visit(attributes=NO_PAGE_VIEW)
    settled(second)
    settled(first)  # an entry that another process has removed is gone here a moment later
    first.evaluate("dispatchEvent(new Event('online')); gateway('event', 'purchase')")
    first.evaluate("dispatchEvent(new Event('online'))")
    gateway.wait_for_events(2)
    settled(first)
    sent = {"add_to_cart": 1, "purchase": 1}
    assert tally(gateway, sent) == Tally(sent=2, arrived=2, doubled=0, lost=0)


def test_what_the_gateway_refused_as_the_page_ended_is_sent_by_the_next_page(visitor, gateway):
    page = visitor.visit(attributes=NO_PAGE_VIEW)
    gateway.will_answer(503, retry_after="3600")
    page.evaluate("gateway('event', 'purchase')")
    wait_until_known(page)
    gateway.will_answer(503)
    visitor.shop.write(path="/next")
    next_page(page)
    settled(page)
    sent = {"purchase": 1, "page_view": 1}
    assert tally(gateway, sent) == Tally(sent=2, arrived=2, doubled=0, lost=0)


@pytest.mark.parametrize("how", ["away", "hangs"])
def test_what_was_handed_over_is_sent_again_when_the_next_page_meets_the_same_failure(
    visitor, gateway, shop, how
):
    shop.write(CLICKS, path="/next")
    page = visitor.visit(CLICKS)
    settled(page)
    if how == "away":
        gateway.stop()
        page.route("**/gateway.js", lambda route: route.fulfill(body=read_script("gateway.js")))
    else:
        for _ in range(2):
            gateway.will_hang()
    next_page(page)
    if how == "away":
        wait_until_known(page)
        gateway.start()
    settled(page)
    sent = {"page_view": 2, "click": 1}
    assert tally(gateway, sent) == Tally(sent=3, arrived=3, doubled=0, lost=0)


def test_a_page_that_comes_back_counts_again_and_repeats_nothing(visitor, gateway):
    """As from the back-forward cache, which Chromium does not use under remote control."""
    page = visitor.visit()
    settled(page)
    page.evaluate("""() => {
        dispatchEvent(new PageTransitionEvent('pagehide', {persisted: true}));
        gateway('event', 'goodbye');
    }""")
    gateway.wait_for_events(2)
    page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
    page.evaluate("gateway('event', 'hello')")
    gateway.wait_for_events(4)
    settled(page)
    sent = {"page_view": 2, "goodbye": 1, "hello": 1}
    assert tally(gateway, sent) == Tally(sent=4, arrived=4, doubled=0, lost=0)
    assert [hit.is_beacon for hit in gateway.hits].count(True) == 1


def test_a_burst_of_events_and_then_leaving(visitor, gateway, shop):
    shop.write(path="/next")
    page = visitor.visit(attributes=NO_PAGE_VIEW)
    page.evaluate("""() => {
        for (let i = 0; i < 120; i++) gateway('event', 'scroll', {i, padding: 'x'.repeat(600)});
        document.querySelector('a').click();
    }""")
    page.wait_for_url("**/next")
    gateway.wait_for_events(121)
    settled(page)
    sent = {"scroll": 120, "page_view": 1}
    assert tally(gateway, sent) == Tally(sent=121, arrived=121, doubled=0, lost=0)


def test_a_request_that_hangs_is_given_up_and_tried_again_with_later_events(visitor, gateway):
    page = visitor.visit(attributes=NO_PAGE_VIEW)
    gateway.will_hang()
    page.evaluate("gateway('event', 'one')")
    gateway.wait_for_hits(1)
    page.evaluate("gateway('event', 'two')")
    settled(page)
    assert [len(hit.events) for hit in gateway.hits] == [1, 2]
    assert tally(gateway, {"one": 1, "two": 1}) == Tally(sent=2, arrived=2, doubled=0, lost=0)


def test_a_site_that_may_not_send_stops_and_says_so_once(visitor, gateway):
    page = visitor.context.new_page()
    said = []
    page.on("console", lambda message: said.append(message.text))
    report = {"error": "pages of this origin may not send events here", "reason": "origin"}
    gateway.will_answer(403, report=report)
    page.goto(visitor.shop.write())
    settled(page)
    page.wait_for_function("window.gateway.ready")
    with page.expect_console_message(lambda message: "the end" in message.text):
        page.evaluate("gateway('event', 'one'); setTimeout(() => console.log('the end'), 500)")
    assert [text for text in said if text.startswith("gateway.js")] == [
        "gateway.js has stopped: pages of this origin may not send events here"
    ]
    assert len(gateway.hits) == 1
    assert visitor.waiting(page) == []


NAMES_THE_SECOND = [
    (400, {"accepted": 0, "refused": [{"index": 1, "reason": "..."}]}, ["two"], 0),
    (413, {"reason": "large", "events": [{"index": 1}]}, ["two"], 0),
    (400, {"error": "malformed", "reason": "malformed"}, ["one", "two", "three"], 0),
    (400, {"refused": [{"index": 9}, {"index": "x"}, None]}, ["one", "two", "three"], 0),
    (503, {"reason": "full", "events": [{"index": 1}]}, ["one", "three"], 0),
    (200, {"accepted": 2, "refused": [{"index": 1, "reason": "..."}]}, ["one", "two", "three"], 3),
]


@pytest.mark.parametrize(("status", "report", "removed", "accepted"), NAMES_THE_SECOND)
def test_an_answer_that_names_events_concerns_those_alone(
    visitor, gateway, status, report, removed, accepted
):
    page = visitor.visit(attributes=NO_PAGE_VIEW)
    gateway.will_answer(status, report=report)
    page.evaluate("for (const name of ['one', 'two', 'three']) gateway('event', name)")
    gateway.wait_for_hits(1)
    settled(page)
    again = [event["event_name"] for hit in gateway.hits[1:] for event in hit.events]
    assert again == [name for name in ("one", "two", "three") if name not in removed]
    assert len(gateway.accepted()) == accepted + len(again)


def test_an_answer_that_is_cut_short_may_have_named_some_events_so_all_are_sent_again(
    visitor, gateway
):
    page = visitor.visit(attributes=NO_PAGE_VIEW)
    gateway.will_answer(400, report={"refused": [{"index": 1}]}, content_length="999")
    page.evaluate("for (const name of ['one', 'two']) gateway('event', name)")
    settled(page)
    assert tally(gateway, {"one": 1, "two": 1}) == Tally(sent=2, arrived=2, doubled=0, lost=0)
