"""Sessions and engagement as gateway.js counts them, compared with Google's gtag.js."""

import json
import time
from pathlib import Path

import pytest

from destinations.ga4 import GA4 as ToGA4
from destinations.ga4 import GA4Settings as ToGA4Settings
from gateway.configuration.load import parse_settings
from gateway.event import Received
from gateway.pipeline.compile import compile_pipeline
from gateway.sources.base import Inbound
from gateway.sources.collect import Collect, CollectSettings
from gateway.sources.ga4.source import GA4, GA4Settings

CAPTURES = Path(__file__).parents[1] / "captures"
NO_PAGE_VIEW = 'data-page-view="false"'
COOKIE = "gateway_session"
NEW_VISITOR = {"ss": "1", "fv": "1", "nsi": "1"}
NEW_SESSION = {"ss": "1"}
TO_GA4 = ToGA4(ToGA4Settings(measurement_id="G-TEST000001", api_secret="s"))

pipeline = compile_pipeline(
    parse_settings(
        """
enrichment: []
sources: {site: {type: collect}, gtag: {type: ga4}}
consent: {default: {analytics_storage: granted}, regions: []}
destinations: {ga4: {type: ga4, measurement_id: G-1, api_secret: s}}
""",
        environment={},
    )
)


def sent_to_ga4(batch, headers):
    """The events of `batch` as GA4 gets them, with what the gateway knows of their sessions."""
    received = Received("site", time.time(), "192.0.2.1", "Mozilla/5.0", headers)
    sent = []
    for event in batch.events:
        verdict = pipeline(event, received).verdicts["ga4"]
        assert verdict.event, verdict.reason
        (request,) = TO_GA4.requests([verdict.event], received.at)
        sent.append((verdict.event, json.loads(request.body)["events"][-1]))
    return sent


def summary(sent):
    """For each event: its name, the index and number of its session, what began with it, and
    whether it has an engagement time."""
    sessions = [*dict.fromkeys(translated["params"]["session_id"] for _, translated in sent)]
    return [
        (
            translated["name"],
            sessions.index(translated["params"]["session_id"]),
            event["ga_session_number"],
            {
                name: (event.get("x-ga-system_properties") or {}).get(name)
                for name in ("ss", "fv", "nsi")
            },
            "engagement_time_msec" in event,
        )
        for event, translated in sent
    ]


def sent_for_gtag(name):
    sent = []
    for hit in json.loads((CAPTURES / name).read_text()):
        headers = {key.lower(): value for key, value in hit["headers"]}
        request = Inbound(
            hit["method"],
            hit["path"],
            hit["raw_target"].partition("?")[2],
            headers,
            (hit.get("body_text") or "").encode(),
        )
        sent += sent_to_ga4(GA4(GA4Settings(type="ga4")).read(request), headers)
    return sent


def sent_for_snippet(hits):
    sent = []
    for hit in hits:
        request = Inbound("POST", "/collect", "", hit.headers, hit.body.encode())
        batch = Collect(CollectSettings(type="collect")).read(request)
        sent += sent_to_ga4(batch, hit.headers)
    return sent


def test_a_visit_has_the_sessions_and_the_engagement_that_gtag_would_have_sent(visitor, gateway):
    page = visitor.visit()
    for name in ("purchase", "my_event"):
        page.wait_for_function("(start) => performance.now() > start + 30", arg=now(page))
        page.evaluate("(name) => gateway('event', name)", name)
    gateway.wait_for_events(3)
    ours = sent_for_snippet(gateway.hits)
    assert summary(ours) == summary(sent_for_gtag("gtag-ga4-consent-granted.json"))
    for event, translated in ours:
        start = translated["params"]["session_id"]
        assert int(start) == int(ours[0][0]["timestamp"])
        assert translated["params"]["engagement_time_msec"] == event.get("engagement_time_msec", 1)


def now(page):
    return page.evaluate("performance.now()")


def session_cookie(start, number, latest):
    value = f"{start}.{number}.{latest}"
    return {"name": COOKIE, "value": value, "domain": ".shop.example", "path": "/"}


@pytest.mark.parametrize(("idle_minutes", "number", "began"), [(29, 3, None), (31, 4, NEW_SESSION)])
def test_a_session_ends_after_half_an_hour_without_events(
    visitor, gateway, idle_minutes, number, began
):
    latest = int(time.time()) - idle_minutes * 60
    visitor.context.add_cookies([session_cookie(latest - 100, 3, latest)])
    visitor.visit()
    [event] = gateway.wait_for_events(1)
    assert event["ga_session_number"] == number
    assert (event["ga_session_id"] == str(latest - 100)) is (began is None)
    assert event.get("x-ga-system_properties") == began


@pytest.mark.parametrize("value", ["", "x", "x.1.9999999999", "1.2.3.4.5.6", "NaN.NaN.NaN", "..."])
def test_a_cookie_that_holds_no_session_begins_a_new_one(visitor, gateway, value):
    cookie = {"name": COOKIE, "value": value, "domain": ".shop.example", "path": "/"}
    visitor.context.add_cookies([cookie])
    visitor.visit()
    [event] = gateway.wait_for_events(1)
    assert event["ga_session_id"] == str(int(event["timestamp"]))
    assert event["ga_session_number"] >= 1
    assert event["x-ga-system_properties"]["ss"] == "1"


def test_pages_tabs_and_hosts_of_a_site_share_the_session(visitor, gateway, shop):
    page = visitor.visit()
    gateway.wait_for_events(1)
    visitor.visit()
    gateway.wait_for_events(2)
    page.goto(f"http://checkout.shop.example:{shop.port}/")
    events = gateway.wait_for_events(3)
    assert len({event["ga_session_id"] for event in events}) == 1
    assert [event["ga_session_number"] for event in events] == [1, 1, 1]
    begun = [event.get("x-ga-system_properties") for event in events]
    assert begun == [NEW_VISITOR, None, None]


@pytest.mark.parametrize(
    "cookie",
    [
        "GS2.1.s1795289723$o7$g1$t1795289999$j60$l0$h156100755",
        "GS2.1.s1795289723%24o7%24g1%24t1795289999%24j60%24l0%24h156100755",
        "GS2.1.s1795289723$g1$o7$t1795289999",
        "GS1.1.1795289723.7.1.1795289999.0",
    ],
)
def test_the_session_of_google_analytics_wins(visitor, gateway, cookie):
    visitor.context.add_cookies(
        [{"name": "_ga_TEST000001", "value": cookie, "domain": ".shop.example", "path": "/"}]
    )
    visitor.visit()
    [event] = gateway.wait_for_events(1)
    assert (event["ga_session_id"], event["ga_session_number"]) == ("1795289723", 7)
    assert "x-ga-system_properties" not in event
    assert COOKIE not in visitor.cookies()


def test_without_analytics_storage_there_is_no_session(visitor, gateway):
    page = visitor.visit("gateway('consent', 'default', {analytics_storage: 'denied'})")
    [event] = gateway.wait_for_events(1)
    assert not {"ga_session_id", "ga_session_number", "x-ga-system_properties"} & event.keys()
    assert visitor.cookies() == {}
    page.evaluate("gateway('consent', 'update', {analytics_storage: 'granted'})")
    page.evaluate("gateway('event', 'after')")
    after = gateway.wait_for_events(2)[1]
    assert after["x-ga-system_properties"] == NEW_VISITOR
    page.evaluate("gateway('consent', 'update', {analytics_storage: 'denied'})")
    assert visitor.cookies() == {}


@pytest.fixture
def timed(visitor):
    """A visitor whose pages have the focus. Their clocks stand still until a test moves them."""
    visitor.context.add_init_script("document.hasFocus = () => true")
    visitor.context.clock.install()
    visitor.context.clock.pause_at(time.time() + 3600)
    return visitor


LOSE_FOCUS = "document.hasFocus = () => false; dispatchEvent(new Event('blur'))"
GET_FOCUS = "document.hasFocus = () => true; dispatchEvent(new Event('focus'))"
HIDE = """Object.defineProperty(document, 'visibilityState', {value: 'hidden', configurable: true});
document.dispatchEvent(new Event('visibilitychange'))"""
SHOW = """Object.defineProperty(document, 'visibilityState', {value: 'visible'});
document.dispatchEvent(new Event('visibilitychange'))"""


@pytest.mark.parametrize(("leave", "back"), [(LOSE_FOCUS, GET_FOCUS), (HIDE, SHOW)])
def test_only_time_on_a_visible_page_with_focus_is_engagement(timed, gateway, leave, back):
    page = timed.visit(attributes=NO_PAGE_VIEW)
    page.clock.run_for(3_000)
    page.evaluate(f"() => {{ {leave} }}")
    page.clock.run_for(50_000)
    page.evaluate(f"() => {{ {back} }}")
    page.clock.run_for(2_000)
    page.evaluate("gateway('event', 'one'); gateway('event', 'two')")
    page.clock.run_for(1_000)
    page.evaluate("gateway('event', 'three')")
    page.clock.resume()
    one, two, three = gateway.wait_for_events(3)
    assert one["engagement_time_msec"] == 5_000
    assert "engagement_time_msec" not in two
    assert three["engagement_time_msec"] == 1_000


def test_engagement_that_no_event_reported_comes_with_the_next_page(timed, gateway, shop):
    page = timed.visit()
    page.clock.run_for(4_000)
    page.goto(shop.write(path="/next"))
    page.wait_for_function("window.gateway?.ready === true")
    page.clock.resume()
    first, second = gateway.wait_for_events(2)
    assert "engagement_time_msec" not in first
    assert second["engagement_time_msec"] == pytest.approx(4_000, abs=100)
    assert second["ga_session_id"] == first["ga_session_id"]
