"""Consent in gateway.js: what events say of it, and what may be stored in the browser."""

import time

import pytest

from gateway.configuration.load import parse_settings
from gateway.event import Received, read_event
from gateway.pipeline.compile import compile_pipeline

ALL_DENIED = "{ad_storage: 'denied', analytics_storage: 'denied'}"
ALL_GRANTED = "{ad_storage: 'granted', analytics_storage: 'granted'}"
DENY_BY_DEFAULT = f"gateway('consent', 'default', {ALL_DENIED});"
GRANT = f"gateway('consent', 'update', {ALL_GRANTED})"
REFUSE = f"gateway('consent', 'update', {ALL_DENIED})"
COOKIE, SESSION_COOKIE = "gateway_client_id", "gateway_session"


def names(events):
    return [event["event_name"] for event in events]


def test_nothing_is_stated_where_the_page_states_nothing(visitor, gateway):
    visitor.visit()
    [event] = gateway.wait_for_events(1)
    assert "consent" not in event
    assert "consent_default" not in event


def test_the_client_id_is_kept_for_all_hosts_of_the_site(visitor, gateway, shop):
    page = visitor.visit()
    [first] = gateway.wait_for_events(1)
    cookie = visitor.cookies()[COOKIE]
    assert cookie["value"] == first["client_id"]
    assert cookie["domain"] == ".shop.example"
    assert cookie["sameSite"] == "Lax"
    assert cookie["expires"] - time.time() == pytest.approx(400 * 86_400, abs=60)

    page.goto(f"http://checkout.shop.example:{shop.port}/")
    assert gateway.wait_for_events(2)[1]["client_id"] == first["client_id"]
    assert sorted(c["name"] for c in visitor.context.cookies()) == [COOKIE, SESSION_COOKIE]


def test_a_site_that_had_google_analytics_keeps_its_client_ids(visitor, gateway):
    visitor.context.add_cookies(
        [{"name": "_ga", "value": "GA1.2.123.1700000000", "domain": ".shop.example", "path": "/"}]
    )
    visitor.visit()
    [event] = gateway.wait_for_events(1)
    assert event["client_id"] == visitor.cookies()[COOKIE]["value"] == "123.1700000000"


def test_denied_by_default_nothing_is_stored_and_there_is_no_client_id(visitor, gateway):
    page = visitor.visit(DENY_BY_DEFAULT)
    [event] = gateway.wait_for_events(1)
    assert event["consent_default"] == {"ad_storage": "denied", "analytics_storage": "denied"}
    assert "consent" not in event
    assert "client_id" not in event
    assert page.evaluate("new Promise((got) => gateway('get', 'client_id', got))") is None
    assert visitor.cookies() == {}
    assert page.evaluate("localStorage.length") == 0


@pytest.mark.parametrize("command", ["gateway", "gtag"])
def test_defaults_and_updates_stated_so_far_are_in_the_event_apart(visitor, gateway, command):
    page = visitor.visit(
        f"{command}('consent', 'default', {{ad_storage: 'denied', security_storage: 'granted'}})"
    )
    page.evaluate(f"""() => {{
        {command}('consent', 'update', {{ad_storage: 'granted', ad_user_data: 'denied'}});
        gateway('event', 'after');
    }}""")
    before, after = gateway.wait_for_events(2)
    defaults = {"ad_storage": "denied", "security_storage": "granted"}
    assert before["consent_default"] == after["consent_default"] == defaults
    assert "consent" not in before
    assert after["consent"] == {"ad_storage": "granted", "ad_user_data": "denied"}


def test_the_default_holds_for_events_that_were_queued_elsewhere_before_it(visitor, gateway):
    visitor.visit(f"gtag('event', 'early'); {DENY_BY_DEFAULT}")
    for event in gateway.wait_for_events(2):
        assert event["consent_default"]["ad_storage"] == "denied"
    assert visitor.cookies() == {}


ANSWER = 'data-consent-event="consent_update"'


def test_an_answer_after_the_first_view_is_sent_at_once_if_wanted(visitor, gateway):
    page = visitor.visit(DENY_BY_DEFAULT, ANSWER)
    gateway.wait_for_events(1)
    page.evaluate(GRANT)
    view, answer = gateway.wait_for_events(2)
    assert (view["event_name"], answer["event_name"]) == ("page_view", "consent_update")
    assert answer["consent"]["analytics_storage"] == "granted"
    assert answer["client_id"] == visitor.cookies()[COOKIE]["value"]


@pytest.mark.parametrize(
    ("before", "attributes"),
    [
        (f"{DENY_BY_DEFAULT}; {GRANT}", ANSWER),
        (
            "gateway('consent', 'default', {analytics_storage: 'denied', wait_for_update: 60000})",
            ANSWER,
        ),
        (DENY_BY_DEFAULT, ""),
    ],
    ids=["known before the view", "the view waits for it", "not wanted"],
)
def test_otherwise_an_answer_is_no_event_of_its_own(visitor, gateway, before, attributes):
    page = visitor.visit(before, attributes)
    page.evaluate(f"{GRANT}; gateway('event', 'last')")
    names = [event["event_name"] for event in gateway.wait_for_events(2)]
    assert names == ["page_view", "last"]


def test_an_update_to_granted_stores_the_client_id_from_then_on(visitor, gateway):
    page = visitor.visit(DENY_BY_DEFAULT)
    page.evaluate(GRANT)
    stored = visitor.cookies()[COOKIE]["value"]
    page.evaluate("gateway('event', 'after')")
    assert [event.get("client_id") for event in gateway.wait_for_events(2)] == [None, stored]


def test_denied_by_default_on_each_page_then_granted_is_one_visitor(visitor, gateway):
    """What a consent banner does on every page once the visitor has agreed."""
    ids = set()
    for count in (1, 2):
        page = visitor.visit(DENY_BY_DEFAULT, 'data-page-view="false"')
        page.evaluate("gateway('consent', 'update', {ad_storage: 'granted'})")
        page.evaluate("gateway('consent', 'update', {analytics_storage: 'granted'})")
        page.evaluate("gateway('event', 'after')")
        ids.add(gateway.wait_for_events(count)[-1]["client_id"])
    assert len(ids) == 1


def test_a_refusal_removes_the_client_id_and_a_later_grant_makes_a_new_one(visitor, gateway):
    page = visitor.visit()
    page.evaluate(f"{REFUSE}; gateway('event', 'refused')")
    assert visitor.cookies() == {}
    page.evaluate(f"{GRANT}; gateway('event', 'granted')")
    before, refused, granted = gateway.wait_for_events(3)
    assert "client_id" not in refused
    assert granted["client_id"] == visitor.cookies()[COOKIE]["value"] != before["client_id"]


@pytest.mark.parametrize(
    ("denied", "kept"),
    [
        ("{}", True),
        ("{analytics_storage: 'denied'}", True),
        ("{ad_storage: 'denied'}", True),
        (ALL_DENIED, False),
    ],
)
def test_waiting_events_are_stored_unless_both_kinds_of_storage_are_denied(
    visitor, gateway, denied, kept
):
    page = visitor.visit(f"gateway('consent', 'default', {denied})", 'data-page-view="false"')
    gateway.stop()
    page.evaluate("gateway('event', 'purchase')")
    assert names(visitor.waiting(page)) == (["purchase"] if kept else [])
    gateway.start()
    assert names(gateway.wait_for_events(1)) == ["purchase"]


def test_waiting_events_follow_the_visitors_choice(visitor, gateway):
    page = visitor.visit(DENY_BY_DEFAULT, 'data-page-view="false"')
    gateway.stop()
    page.evaluate("gateway('event', 'purchase')")
    page.evaluate(GRANT)
    assert names(visitor.waiting(page)) == ["purchase"]
    page.evaluate(REFUSE)
    assert page.evaluate("localStorage.length") == 0
    gateway.start()
    assert names(gateway.wait_for_events(1)) == ["purchase"]


def test_events_wait_for_the_banner_as_long_as_the_page_asks(visitor, gateway):
    wait = "gateway('consent', 'default', {analytics_storage: 'denied', wait_for_update: 60000});"
    page = visitor.visit(wait + "gateway('event', 'early')")
    page.evaluate("gateway('event', 'late')")
    time.sleep(0.3)
    assert gateway.hits == []
    page.evaluate(GRANT)
    events = gateway.wait_for_events(3)
    assert names(events) == ["page_view", "early", "late"]
    assert {event["consent"]["analytics_storage"] for event in events} == {"granted"}


def test_an_event_that_waited_keeps_its_time_its_page_and_what_was_set(visitor, gateway, shop):
    before = time.time()
    page = visitor.visit(
        "gateway('consent', 'default', {analytics_storage: 'denied', wait_for_update: 60000});",
    )
    shown = time.time()
    page.evaluate("""() => {
        gateway('set', {plan: 'free', page_title: 'Cups'});
        gateway('event', 'view_item');
        gateway('set', {plan: 'pro', user_id: 'u1'});
        history.pushState({}, '', '/elsewhere?gclid=1');
    }""")
    page.wait_for_function("(shown) => Date.now() > shown + 1500", arg=shown * 1000)
    page.evaluate(GRANT)
    view, item = gateway.wait_for_events(2)
    assert before - 0.1 < view["timestamp"] < shown + 0.1
    assert view["page_location"] == item["page_location"] == f"{shop.origin}/"
    assert (item["plan"], item["page_title"], item["user_id"]) == ("free", "Cups", "u1")
    assert view["client_id"] == item["client_id"] == visitor.cookies()[COOKIE]["value"]


def test_without_an_update_the_default_holds_after_the_wait(visitor, gateway):
    visitor.visit(
        "gateway('consent', 'default', {analytics_storage: 'denied', wait_for_update: 200})"
    )
    [event] = gateway.wait_for_events(1)
    assert event["consent_default"] == {"analytics_storage": "denied"}
    assert "consent" not in event


def test_a_page_that_is_left_during_the_wait_still_sends_its_events(visitor, gateway, shop):
    page = visitor.visit(
        "gateway('consent', 'default', {analytics_storage: 'denied', wait_for_update: 60000})"
    )
    page.goto(shop.empty_page())
    [event] = gateway.wait_for_events(1)
    assert event["consent_default"] == {"analytics_storage": "denied"}
    assert "consent" not in event


@pytest.mark.parametrize(
    ("defaults", "state"),
    [
        (["{ad_storage: 'denied', region: ['ES']}", "{ad_storage: 'granted'}"], "denied"),
        (["{ad_storage: 'granted'}", "{ad_storage: 'denied', region: ['ES']}"], "denied"),
        (["{ad_storage: 'denied'}", "{ad_storage: 'granted', region: ['US']}"], "denied"),
        (["{ad_storage: 'granted', region: ['US']}"], None),
        (["{ad_storage: 'granted'}"], "granted"),
    ],
)
def test_a_default_for_a_region_can_deny_but_not_grant(visitor, gateway, defaults, state):
    visitor.visit("".join(f"gtag('consent', 'default', {default});" for default in defaults))
    [event] = gateway.wait_for_events(1)
    assert event.get("consent_default", {}).get("ad_storage") == state
    assert "consent" not in event


SETTINGS = parse_settings(
    """
enrichment: []
sources: {site: {type: collect}}
consent:
  default: {analytics_storage: granted}
  regions: [{in: [DE], default: {analytics_storage: denied}}]
destinations: {ga4: {type: ga4, measurement_id: G-1, api_secret: s}}
""",
    environment={},
)
GERMAN, AMERICAN = "85.214.132.117", "8.8.8.8"


@pytest.mark.parametrize(
    ("stated", "address", "decision"),
    [
        ([], AMERICAN, "send"),
        ([("default", "granted")], AMERICAN, "send"),
        ([("default", "granted")], GERMAN, "withheld"),
        ([("default", "granted")], "127.0.0.1", "withheld"),
        ([("default", "denied")], AMERICAN, "withheld"),
        ([("default", "denied"), ("update", "granted")], AMERICAN, "send"),
        ([("default", "denied"), ("update", "granted")], GERMAN, "send"),
        ([("default", "granted"), ("update", "denied")], AMERICAN, "withheld"),
        ([("default", "granted"), ("update", "granted")], "127.0.0.1", "send"),
    ],
)
def test_the_gateway_takes_a_default_of_the_page_for_no_word_of_the_visitor(
    visitor, gateway, stated, address, decision
):
    visitor.visit(
        "".join(
            f"gateway('consent', '{action}', {{analytics_storage: '{state}'}});"
            for action, state in stated
        )
    )
    [event] = gateway.wait_for_events(1)
    received = Received("site", time.time(), address, "Mozilla/5.0")
    decided = compile_pipeline(SETTINGS)(read_event(event), received)
    assert decided.verdicts["ga4"].decision == decision
