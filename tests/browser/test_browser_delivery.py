"""How gateway.js gets events through failures, the end of a page and blocked storage."""

import json
import time

import pytest

from gateway.stages.page_token import read_page_token
from tests.browser.conftest import wait_until_known

NO_PAGE_VIEW = 'data-page-view="false"'
A_MOMENT = 0.3
"""Seconds in which a request that must not come would have come."""


def names(events):
    return [event["event_name"] for event in events]


def ids(events):
    return [event["event_id"] for event in events]


def fail_to_send(page, name):
    """Sends an event, and returns once the snippet knows that it was not accepted."""
    page.evaluate(f"gateway('event', '{name}')")
    wait_until_known(page)


TO_NOWHERE = """() => {
    const { sendBeacon } = Navigator.prototype;
    Navigator.prototype.sendBeacon = function (_, body) {
        return sendBeacon.call(this, 'http://nowhere.example/', body);
    };
}"""


def close(page):
    """Closes a tab while the gateway is away. Its last beacon goes to a host that does not exist,
    so that it cannot arrive later."""
    page.evaluate(TO_NOWHERE)
    page.close()


def delivered(page):
    page.wait_for_function("localStorage.length === 0")


def test_what_is_delivered_is_forgotten(visitor, gateway):
    page = visitor.visit()
    delivered(page)
    page.reload()
    delivered(page)
    assert names(gateway.accepted()) == ["page_view", "page_view"]


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_a_failure_that_may_pass_is_repeated_and_each_event_arrives_once_in_order(
    visitor, gateway, status
):
    page = visitor.visit(attributes=NO_PAGE_VIEW)
    for _ in range(2):  # Chromium repeats a request by itself after the first 408
        gateway.will_answer(status)
    page.evaluate("gateway('event', 'one')")
    failed = gateway.wait_for_hits(1)[0]
    page.evaluate("gateway('event', 'two'); gateway('event', 'three')")
    delivered(page)
    assert names(gateway.accepted()) == ["one", "two", "three"]
    assert ids(gateway.accepted())[:1] == ids(failed.events)


@pytest.mark.parametrize("status", [400, 403, 404, 413])
def test_a_refused_event_is_not_repeated_and_holds_nothing_up(visitor, gateway, status):
    page = visitor.visit(attributes=NO_PAGE_VIEW)
    gateway.will_answer(status)
    page.evaluate("gateway('event', 'bad')")
    delivered(page)
    page.evaluate("gateway('event', 'good')")
    delivered(page)
    page.reload()
    time.sleep(A_MOMENT)
    assert [hit.status for hit in gateway.hits] == [status, 204]


@pytest.fixture
def slow_motion(visitor):
    """A visitor whose pages' clocks stand still until a test moves them. No jitter."""
    visitor.context.clock.install()
    visitor.context.clock.pause_at(time.time() + 3600)
    visitor.context.add_init_script("Math.random = () => 0")
    return visitor


def test_the_pauses_between_attempts_double(slow_motion, gateway):
    page = slow_motion.visit(attributes=NO_PAGE_VIEW)
    for _ in range(4):
        gateway.will_answer(503)
    page.evaluate("gateway('event', 'one')")
    page.clock.run_for(1)
    for attempt, pause in enumerate((1000, 2000, 4000, 8000), 1):
        gateway.wait_for_hits(attempt)
        wait_until_known(page)
        page.clock.run_for(pause - 50)
        time.sleep(A_MOMENT)
        assert len(gateway.hits) == attempt
        page.clock.run_for(50)
    assert names(gateway.wait_for_events(1)) == ["one"]


def test_a_pause_is_never_longer_than_five_minutes(slow_motion, gateway):
    page = slow_motion.visit(attributes=NO_PAGE_VIEW)
    failures = 10
    for _ in range(failures):
        gateway.will_answer(503)
    page.evaluate("gateway('event', 'one')")
    page.clock.run_for(1)
    for attempt in range(failures):
        gateway.wait_for_hits(attempt + 1)
        wait_until_known(page)
        if attempt + 1 < failures:
            page.clock.run_for(min(1000 * 2**attempt, 300_000))
    page.clock.run_for(299_000)
    time.sleep(A_MOMENT)
    assert len(gateway.hits) == failures
    page.clock.run_for(1_000)
    gateway.wait_for_events(1)


def test_the_gateway_may_ask_for_an_hour_at_most(slow_motion, gateway):
    page = slow_motion.visit(attributes=NO_PAGE_VIEW)
    gateway.will_answer(503, retry_after="86400")
    page.evaluate("gateway('event', 'one')")
    page.clock.run_for(1)
    gateway.wait_for_hits(1)
    wait_until_known(page)
    page.clock.run_for(3_590_000)
    time.sleep(A_MOMENT)
    assert len(gateway.hits) == 1
    page.clock.run_for(10_000)
    gateway.wait_for_events(1)


def test_the_gateway_may_ask_for_a_longer_pause(slow_motion, gateway):
    page = slow_motion.visit(attributes=NO_PAGE_VIEW)
    gateway.will_answer(503, retry_after="60")
    page.evaluate("gateway('event', 'one')")
    page.clock.run_for(1)
    gateway.wait_for_hits(1)
    wait_until_known(page)
    page.clock.run_for(30_000)
    page.evaluate("gateway('event', 'two')")
    page.clock.run_for(29_000)
    time.sleep(A_MOMENT)
    assert len(gateway.hits) == 1
    page.clock.run_for(1_000)
    assert names(gateway.wait_for_events(2)) == ["one", "two"]


def test_back_on_line_ends_the_pause(visitor, gateway):
    page = visitor.visit(attributes=NO_PAGE_VIEW)
    gateway.will_answer(503, retry_after="3600")
    fail_to_send(page, "one")
    visitor.context.set_offline(True)
    visitor.context.set_offline(False)
    assert names(gateway.wait_for_events(1)) == ["one"]


def test_gateway_away_tab_closed_the_next_page_sends_what_was_left(visitor, gateway):
    page = visitor.visit(attributes=NO_PAGE_VIEW)
    gateway.stop()
    fail_to_send(page, "one")
    page.evaluate("gateway('event', 'two', {value: 1})")
    left = visitor.waiting(page)
    close(page)
    assert names(left) == ["one", "two"]

    gateway.start()
    delivered(visitor.visit())
    *sent_again, page_view = gateway.accepted()
    assert sent_again == left
    assert page_view["event_name"] == "page_view"


def test_the_gateway_comes_back_while_the_page_is_open(visitor, gateway):
    page = visitor.visit(attributes=NO_PAGE_VIEW)
    gateway.stop()
    with page.expect_event("requestfailed"):
        page.evaluate("gateway('event', 'one')")
    gateway.start()
    delivered(page)
    assert names(gateway.accepted()) == ["one"]


def test_leaving_the_page_sends_by_beacon_what_waits(visitor, gateway, shop):
    page = visitor.visit(attributes=NO_PAGE_VIEW)
    gateway.will_answer(503, retry_after="3600")
    fail_to_send(page, "one")
    page.evaluate("gateway('event', 'two')")
    page.goto(shop.empty_page())
    assert names(gateway.wait_for_events(2)) == ["one", "two"]
    assert [hit.is_beacon for hit in gateway.hits] == [False, True]
    assert gateway.hits[1].headers["content-type"] == "text/plain;charset=UTF-8"


def test_an_event_of_the_last_moment_is_sent_by_beacon(visitor, gateway):
    page = visitor.visit(attributes=NO_PAGE_VIEW)
    page.evaluate("""() => {
        addEventListener('pagehide', () => gateway('event', 'goodbye'));
        gateway('event', 'click');
        location.href = 'about:blank';
    }""")
    assert sorted(names(gateway.wait_for_events(2))) == ["click", "goodbye"]
    [last] = [hit for hit in gateway.hits if "goodbye" in names(hit.events)]
    assert last.is_beacon


@pytest.mark.parametrize(
    ("init_script", "beacons"),
    [("", 0), ("delete Request.prototype.keepalive", 1)],
    ids=["survives the page", "may end with the page"],
)
def test_a_request_under_way_is_repeated_by_beacon_only_where_it_would_be_cut_off(
    visitor, gateway, shop, init_script, beacons
):
    visitor.context.add_init_script(init_script)
    page = visitor.visit(attributes=NO_PAGE_VIEW)
    gateway.will_answer(204, after=30)
    page.evaluate("gateway('event', 'click')")
    gateway.wait_for_hits(1)
    page.goto(shop.empty_page())
    gateway.wait_for_hits(1 + beacons)
    time.sleep(A_MOMENT)
    assert [hit.is_beacon for hit in gateway.hits].count(True) == beacons
    assert len({event["event_id"] for event in gateway.accepted()}) == 1


def test_a_site_that_the_gateway_does_not_allow_repeats_itself(visitor, gateway):
    gateway.allows_the_shop = False
    page = visitor.visit(attributes=NO_PAGE_VIEW)
    page.evaluate("gateway('event', 'one')")
    gateway.wait_for_hits(2)
    assert len(set(ids(gateway.accepted()))) == 1
    assert names(visitor.waiting(page)) == ["one"]


def test_what_waits_belongs_to_one_host(visitor, gateway, shop):
    page = visitor.visit(attributes=NO_PAGE_VIEW)
    gateway.stop()
    fail_to_send(page, "on_www")
    close(page)
    gateway.start()
    page = visitor.context.new_page()
    page.goto(f"http://checkout.shop.example:{shop.port}/")
    page.evaluate("gateway('event', 'on_checkout')")
    delivered(page)
    assert names(gateway.accepted()) == ["on_checkout"]
    page.goto(shop.origin + "/")
    assert names(gateway.wait_for_events(2)) == ["on_checkout", "on_www"]


def test_events_of_two_tabs_are_all_kept(visitor, gateway):
    tabs = [visitor.visit(attributes=NO_PAGE_VIEW) for _ in range(2)]
    gateway.stop()
    for number, tab in enumerate(tabs):
        fail_to_send(tab, f"tab{number}")
    for tab in tabs:
        close(tab)
    gateway.start()
    visitor.visit(attributes=NO_PAGE_VIEW)
    assert sorted(names(gateway.wait_for_events(2))) == ["tab0", "tab1"]


@pytest.mark.parametrize(
    ("count", "padding", "kept"),
    [(70, 10, range(20, 70)), (12, 20_000, range(8, 12))],
    ids=["50 events", "100 KB"],
)
def test_a_long_absence_keeps_the_newest(visitor, gateway, count, padding, kept):
    page = visitor.visit(attributes=NO_PAGE_VIEW)
    gateway.stop()
    fail_to_send(page, "first")
    page.evaluate(
        """([count, padding]) => {
            for (let i = 0; i < count; i++) gateway('event', 'e' + i, {pad: 'x'.repeat(padding)});
        }""",
        [count, padding],
    )
    assert names(visitor.waiting(page)) == [f"e{number}" for number in kept]


def test_what_is_older_than_a_week_is_dropped(visitor, gateway):
    page = visitor.visit(attributes=NO_PAGE_VIEW)
    gateway.stop()
    day = 86_400_000
    for days in (6, 8):
        page.evaluate(
            """([key, body]) => localStorage.setItem(key, body)""",
            [
                f"gateway:{int(time.time() * 1000) - days * day}:{days}",
                f'{{"event_name": "{days}_days", "event_id": "{days}"}}',
            ],
        )
    gateway.start()
    page.reload()
    delivered(page)
    assert names(gateway.accepted()) == ["6_days"]


def test_what_the_site_itself_keeps_under_such_a_name_spoils_no_request(visitor, gateway):
    page = visitor.visit(attributes=NO_PAGE_VIEW)
    page.evaluate("localStorage.setItem('gateway:settings', 'on')")
    page.reload()
    page.wait_for_function("window.gateway?.ready")
    page.evaluate("gateway('event', 'one')")
    delivered(page)
    assert names(gateway.accepted()) == ["one"]


def test_requests_stay_below_the_64_kib_that_outlive_a_page(visitor, gateway):
    page = visitor.visit(attributes=NO_PAGE_VIEW)
    page.evaluate("""() => {
        for (let i = 0; i < 4; i++) gateway('event', 'e' + i, {pad: 'ü'.repeat(12_000)});
    }""")
    assert names(gateway.wait_for_events(4)) == ["e0", "e1", "e2", "e3"]
    assert [len(hit.events) for hit in gateway.hits] == [2, 2]
    assert all(len(hit.body.encode()) < 65_536 for hit in gateway.hits)


def test_a_single_event_above_64_kib_arrives(visitor, gateway):
    page = visitor.visit(attributes=NO_PAGE_VIEW)
    page.evaluate("gateway('event', 'large', {pad: 'x'.repeat(90_000)})")
    assert names(gateway.wait_for_events(1)) == ["large"]


BLOCKED = {
    "throws": """Object.defineProperty(window, 'localStorage', {
        get() { throw new DOMException('blocked', 'SecurityError'); },
    });""",
    "full": """Storage.prototype.setItem = () => {
        throw new DOMException('full', 'QuotaExceededError');
    };""",
    "missing": "Object.defineProperty(window, 'localStorage', {value: null});",
    "no cookies": """Object.defineProperty(Document.prototype, 'cookie', {
        get() { throw new DOMException('blocked', 'SecurityError'); },
        set() { throw new DOMException('blocked', 'SecurityError'); },
    });""",
}


@pytest.mark.parametrize("how", BLOCKED)
def test_blocked_storage_costs_nothing_but_the_memory(visitor, gateway, how):
    visitor.context.add_init_script(BLOCKED[how])
    gateway.will_answer(503)
    page = visitor.visit("gateway('consent', 'update', {analytics_storage: 'denied'})")
    page.evaluate("gateway('consent', 'update', {analytics_storage: 'granted'})")
    page.evaluate("gateway('event', 'one')")
    events = gateway.wait_for_events(2)
    assert names(events) == ["page_view", "one"]
    assert events[1]["client_id"]


def test_all_requests_of_a_page_bring_one_token_and_those_of_another_page_another(visitor, gateway):
    page = visitor.visit()
    delivered(page)
    page.evaluate("gateway('event', 'one')")
    delivered(page)
    page.evaluate("gateway('event', 'two'); dispatchEvent(new Event('pagehide'))")
    gateway.wait_for_events(3)
    first = {hit.page_token for hit in gateway.hits}
    assert {hit.is_beacon for hit in gateway.hits} == {True, False}
    gateway.hits.clear()
    page.reload()
    second = gateway.wait_for_hits(1)[-1].page_token
    assert len(first) == 1
    assert second not in first
    assert all(map(read_page_token, [*first, second]))


def test_the_token_is_stored_nowhere_and_no_field_of_an_event(visitor, gateway):
    gateway.will_answer(503, retry_after="3600")
    page = visitor.visit()
    (hit,) = gateway.wait_for_hits(1)
    stored = page.evaluate("JSON.stringify(localStorage) + document.cookie + location")
    assert "page_view" in stored
    assert hit.page_token not in stored + json.dumps(hit.events)


def test_each_request_says_when_it_was_sent(visitor, gateway):
    gateway.will_answer(503)
    page = visitor.visit()
    delivered(page)
    sent = [json.loads(hit.body)["sent_at"] / 1000 for hit in gateway.wait_for_hits(2)]
    assert sent[0] < sent[1]
    [event] = gateway.hits[0].events
    assert 0 <= sent[0] - event["timestamp"] < 60
