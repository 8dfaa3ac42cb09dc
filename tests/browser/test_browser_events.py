"""What gateway.js sends: the fields of an event, its commands, and the data layers it reads."""

import re
import time

import pytest

from gateway.event import read_event

NO_PAGE_VIEW = 'data-page-view="false"'


def names(events):
    return [event["event_name"] for event in events]


def without_page_view(events):
    return [event for event in events if event["event_name"] != "page_view"]


def test_a_page_view_with_every_field(visitor, gateway, shop):
    page = visitor.visit()
    [event] = gateway.wait_for_events(1)

    assert abs(event["timestamp"] - time.time()) < 60
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", event["event_id"])
    assert re.fullmatch(r"\d+\.\d{10}", event["client_id"])
    assert int(event["ga_session_id"]) == int(event["timestamp"])
    for name in ("timestamp", "event_id", "client_id", "ga_session_id", "engagement_time_msec"):
        event.pop(name, None)
    assert event == {
        "event_name": "page_view",
        "page_location": shop.origin + "/",
        "page_referrer": "",
        "page_title": "Shop",
        "language": "en-GB",
        "screen_resolution": page.evaluate("screen.width + 'x' + screen.height"),
        "viewport_size": "1000x700",
        "ga_session_number": 1,
        "x-ga-system_properties": {"ss": "1", "fv": "1", "nsi": "1"},
    }


def test_the_referrer_is_the_page_that_linked_here(visitor, gateway, shop):
    shop.write(path="/next")
    page = visitor.visit(path="/")
    page.click("a")
    assert gateway.wait_for_events(2)[-1]["page_referrer"] == shop.origin + "/"


def test_one_request_that_needs_no_preflight_and_carries_cookies(visitor, gateway):
    visitor.context.add_cookies(
        [{"name": "site", "value": "1", "domain": ".shop.example", "path": "/"}]
    )
    visitor.visit()
    gateway.wait_for_events(1)
    [hit] = gateway.hits
    assert hit.method == "POST"
    assert hit.headers["content-type"] == "text/plain;charset=UTF-8"
    assert "site=1" in hit.headers["cookie"]


def test_the_gateway_reads_every_event(visitor, gateway):
    visitor.visit(
        "gateway('event', 'purchase', {value: 1.5, currency: 'EUR', items: [{price: 1}]})"
    )
    for event in gateway.wait_for_events(2):
        assert read_event(event) == event


def test_the_page_view_can_be_switched_off(visitor, gateway):
    page = visitor.visit(attributes=NO_PAGE_VIEW)
    page.evaluate("gateway('event', 'login')")
    assert names(gateway.wait_for_events(1)) == ["login"]


@pytest.mark.parametrize("prefix", ["", "/gw"])
@pytest.mark.parametrize("query", ["", "?v=/1/"])
def test_the_collector_is_found_relative_to_the_script(visitor, gateway, shop, prefix, query):
    shop.html["/some/page"] = f'<script src="{gateway.origin}{prefix}/gateway.js{query}"></script>'
    visitor.context.new_page().goto(f"{shop.origin}/some/page")
    [hit] = gateway.wait_for_hits(1)
    assert hit.path == f"{prefix}/collect"


def test_another_collect_address(visitor, gateway):
    visitor.visit(attributes=f'data-collect="{gateway.origin}/elsewhere"')
    [hit] = gateway.wait_for_hits(1)
    assert hit.path == "/elsewhere"


def test_commands_before_the_script_has_loaded_are_replayed_after_the_page_view(visitor, gateway):
    visitor.visit("gateway('event', 'view_item'); gateway('event', 'add_to_cart', {value: 5})")
    events = gateway.wait_for_events(3)
    assert names(events) == ["page_view", "view_item", "add_to_cart"]
    assert events[2]["value"] == 5


def test_a_kept_reference_to_the_stub_still_works(visitor, gateway):
    page = visitor.visit("window.kept = window.gateway", NO_PAGE_VIEW)
    page.evaluate("kept('event', 'login')")
    assert names(gateway.wait_for_events(1)) == ["login"]


def test_events_of_one_tick_go_out_as_one_request_with_ids_and_times_of_their_own(visitor, gateway):
    page = visitor.visit(attributes=NO_PAGE_VIEW)
    page.evaluate("for (let i = 0; i < 60; i++) gateway('event', 'scroll', {i})")
    events = gateway.wait_for_events(60)
    assert len(gateway.hits) == 1
    assert [event["i"] for event in events] == list(range(60))
    assert len({event["event_id"] for event in events}) == 60
    assert len({event["timestamp"] for event in events}) == 60


def test_a_purchase_keeps_what_the_page_said(visitor, gateway):
    page = visitor.visit(attributes=NO_PAGE_VIEW)
    purchase = {
        "value": 59.8,
        "currency": "EUR",
        "transaction_id": "T-1",
        "items": [{"item_id": "cup", "price": 29.9, "quantity": 2}],
        "event_id": "the-page-chose-this",
    }
    page.evaluate("(purchase) => gateway('event', 'purchase', purchase)", purchase)
    [event] = gateway.wait_for_events(1)
    assert purchase.items() <= event.items()
    assert event["event_name"] == "purchase"


def test_fields_that_are_set_are_in_all_later_events(visitor, gateway):
    page = visitor.visit(attributes=NO_PAGE_VIEW)
    page.evaluate("""() => {
        gateway('event', 'one');
        gateway('set', {user_id: 'u1', user_data: {email_address: 'a@b.example'}});
        gateway('set', 'plan', 'pro');
        gateway('event', 'two');
        gateway('event', 'three', {plan: 'free'});
    }""")
    one, two, three = gateway.wait_for_events(3)
    assert "user_id" not in one
    assert (two["user_id"], two["plan"]) == ("u1", "pro")
    assert two["user_data"] == {"email_address": "a@b.example"}
    assert (three["user_id"], three["plan"]) == ("u1", "free")


def test_the_page_can_read_the_client_id_and_what_it_set(visitor, gateway):
    page = visitor.visit()
    [event] = gateway.wait_for_events(1)
    page.evaluate("gateway('set', {user_id: 'u1'})")
    for name, value in {"client_id": event["client_id"], "user_id": "u1"}.items():
        got = page.evaluate("(name) => new Promise((got) => gateway('get', name, got))", name)
        assert got == value


def test_gtag_calls_before_and_after_loading(visitor, gateway):
    page = visitor.visit(
        """
        gtag('js', new Date());
        gtag('config', 'G-TEST000001', {currency: 'USD'});
        gtag('consent', 'default', {ad_storage: 'granted', analytics_storage: 'granted'});
        gtag('set', {user_id: 'u1'});
        gtag('set', 'user_data', {email: 'a@b.example', phone_number: '+4930123456'});
        gtag('event', 'view_item', {value: 1});
        """
    )
    page.evaluate("gtag('event', 'purchase', {value: 2, transaction_id: 'T-1'})")
    events = gateway.wait_for_events(3)
    assert names(events) == ["page_view", "view_item", "purchase"]
    defaults = {"ad_storage": "granted", "analytics_storage": "granted"}
    assert events[1]["consent_default"] == defaults
    assert events[2]["transaction_id"] == "T-1"
    assert "currency" not in events[2]
    assert events[2]["user_id"] == "u1"
    assert events[2]["user_data"] == {
        "email_address": "a@b.example",
        "phone_number": "+4930123456",
    }


def test_objects_pushed_for_tag_manager_before_and_after_loading(visitor, gateway):
    page = visitor.visit(
        """
        dataLayer.push({event: 'gtm.js', 'gtm.start': 1});
        dataLayer.push({user: 'no event, so nothing is sent'});
        dataLayer.push({event: 'view_item', ecommerce: {currency: 'EUR', value: 3}});
        """,
        NO_PAGE_VIEW,
    )
    page.evaluate("""dataLayer.push({ecommerce: null}, {
        event: 'purchase', method: 'card', 'gtm.uniqueEventId': 7, eventCallback() {},
        ecommerce: {transaction_id: 'T-1', items: [{item_id: 'cup'}]},
    })""")
    view, purchase = gateway.wait_for_events(2)
    assert (view["event_name"], view["currency"], view["value"]) == ("view_item", "EUR", 3)
    assert purchase["event_name"] == "purchase"
    assert purchase["method"] == "card"
    assert purchase["transaction_id"] == "T-1"
    assert purchase["items"] == [{"item_id": "cup"}]
    assert not {"event", "ecommerce", "gtm.uniqueEventId", "eventCallback"} & purchase.keys()


def test_tag_manager_gets_every_push_as_before(visitor, gateway):
    page = visitor.visit(
        """
        window.seen = [];
        dataLayer.push = function () {
            seen.push(...arguments);
            return 'as before';
        };
        """
    )
    assert page.evaluate("dataLayer.push({event: 'a'}, {event: 'b'})") == "as before"
    assert page.evaluate("seen.map((item) => item.event)") == ["a", "b"]
    # if Tag Manager loads after the snippet, it wraps the snippet's push
    page.evaluate("""() => {
        const push = dataLayer.push;
        dataLayer.push = function () { push.apply(dataLayer, arguments); return 'Tag Manager' };
    }""")
    assert page.evaluate("dataLayer.push({event: 'c'})") == "Tag Manager"
    assert names(gateway.wait_for_events(4)) == ["page_view", "a", "b", "c"]


def test_the_data_layer_can_be_left_alone(visitor, gateway):
    page = visitor.visit("gtag('event', 'a')", 'data-layer="false"')
    page.evaluate("gtag('event', 'b'); gateway('event', 'c')")
    assert names(gateway.wait_for_events(2)) == ["page_view", "c"]


def test_a_script_included_twice_counts_once(visitor, gateway):
    page = visitor.visit()
    page.add_script_tag(url=f"{gateway.origin}/gateway.js")
    page.evaluate("gateway('event', 'last')")
    assert names(gateway.wait_for_events(2)) == ["page_view", "last"]


def test_page_views_of_a_single_page_application(visitor, gateway, shop):
    page = visitor.visit(attributes='data-page-view="history"')
    page.evaluate("history.pushState({}, '', '/cart?step=1')")
    gateway.wait_for_events(2)
    page.evaluate("location.hash = 'reviews'; history.replaceState({}, '', '/cart?step=1')")
    page.go_back()
    page.go_back()
    events = gateway.wait_for_events(3)
    assert [(e["page_location"], e["page_referrer"]) for e in events] == [
        (shop.origin + "/", ""),
        (shop.origin + "/cart?step=1", shop.origin + "/"),
        (shop.origin + "/", shop.origin + "/cart?step=1"),
    ]


@pytest.mark.parametrize(
    "misuse",
    [
        "gateway()",
        "gateway('event')",
        "gateway('nonsense', 1, 2)",
        "gateway('consent', 'update')",
        "gateway('set')",
        "gateway('get', 'client_id')",
        "dataLayer.push(null, undefined, 1, 'text', function () {}, [], {})",
    ],
)
def test_misuse_is_never_an_exception_in_the_page(visitor, gateway, misuse):
    page = visitor.visit(misuse, NO_PAGE_VIEW)
    page.evaluate(f"() => {{ {misuse} }}")
    page.evaluate("gateway('event', 'after')")
    assert names(gateway.wait_for_events(1)) == ["after"]


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        ("10n", None),
        ("window", None),
        ("document.body", None),
        ("document.querySelector('iframe').contentWindow", None),
        ("{toJSON() { throw 1; }}", None),
        ("{get wrong() { throw 1; }}", None),
        ("() => 1", None),
        ("new Date(NaN)", None),
        ("{a: 1, big: [1, 10n], at: document.body}", {"a": 1, "big": [1, None]}),
        (
            "(() => { const l = {a: [{}]}; l.a[0].l = l; l.b = l.a; return l; })()",
            {"a": [{}], "b": [{}]},
        ),
        ("'a\\ud83d'", "a\ufffd"),
        ("'\\ude00b\\ud83d\\ude00'", "\ufffdb\U0001f600"),
        ("String.raw`\\ud83d\\\\ud83d`", "\\ud83d\\\\ud83d"),
        ("{'\\ud83d': ['\\udfff']}", {"\ufffd": ["\ufffd"]}),
    ],
)
def test_what_json_cannot_express_is_left_out_and_the_event_is_sent(visitor, gateway, value, sent):
    page = visitor.visit(attributes=NO_PAGE_VIEW)
    page.evaluate("""() => {
        const frame = document.createElement('iframe');
        frame.src = 'data:text/html,elsewhere';
        return new Promise((load) => { frame.onload = load; document.body.append(frame); });
    }""")
    page.evaluate(f"gateway('event', 'odd', {{before: 1, odd: {value}, after: 2}})")
    [event] = gateway.wait_for_events(1)
    assert (event["before"], event["after"]) == (1, 2)
    assert event.get("odd") == sent
    assert read_event(event) == event


def test_without_the_newer_functions_of_browsers(visitor, gateway):
    """Browsers of six years ago lack these; Firefox had no `keepalive` until 2024."""
    visitor.context.add_init_script("""
        delete Crypto.prototype.randomUUID;
        delete Request.prototype.keepalive;
        delete Array.prototype.at;
        delete Object.hasOwn;
        delete AbortSignal.timeout;
        delete window.structuredClone;
        delete String.prototype.replaceAll;
        delete Array.prototype.findLast;
        delete Navigator.prototype.locks;
    """)
    visitor.visit()
    assert names(gateway.wait_for_events(1)) == ["page_view"]
