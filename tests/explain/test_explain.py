"""`explain` shows the decision and the requests of production, without secrets."""

import copy
import json
from pathlib import Path
from typing import Any

import orjson
import pytest

from destinations.base import Request
from gateway.configuration.destination import build_destination
from gateway.configuration.load import load_settings, parse_settings
from gateway.configuration.settings import Settings
from gateway.delivery.exchange import request_record
from gateway.event import EventError, Received, read_event
from gateway.explain.explain import explain, in_words
from gateway.pipeline.compile import Pipeline, compile_pipeline

ROOT = Path(__file__).parents[2]
NOW = 1_795_000_000.0
SECRETS = {
    "BACKEND_KEY": "s3cr3t-of-the-backend",
    "MP_SECRET": "s3cr3t-of-mp",
    "META_ACCESS_TOKEN": "s3cr3t/of+meta=&%",
    "GA4_API_SECRET": "s3cr3t/of+ga4=&%",
}
SHOP = load_settings(ROOT / "config/examples/shop.yaml", SECRETS)
SHOPS_PIPELINE = compile_pipeline(SHOP)
PURCHASE = {
    "event_name": "purchase",
    "event_id": "e-1",
    "timestamp": NOW - 60,
    "client_id": "c-1",
    "ip_override": "8.8.8.8",
    "user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "page_location": "https://shop.example/thanks",
    "value": 620,
    "currency": "EUR",
    "order_id": "T-1",
    "user_data": {"email_address": "jo@example.com", "address": {"street": "Am Hof 1"}},
}


@pytest.fixture(autouse=True)
def _compiled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compiles the shop's pipeline once: loading bots' user agents takes a third of a second."""

    def compiled(settings: Settings) -> Pipeline:
        return SHOPS_PIPELINE if settings is SHOP else compile_pipeline(settings)

    monkeypatch.setattr("gateway.explain.explain.compile_pipeline", compiled)


def test_the_shape() -> None:
    explanation = explain(SHOP, PURCHASE, NOW)

    assert explanation.keys() == {"event", "rules", "trace", "destinations"}
    assert explanation["rules"] == ["large orders", "legacy field", "never keep the street"]
    assert explanation["event"]["order_size"] == "large"
    assert explanation["event"]["transaction_id"] == "T-1"
    assert list(explanation["destinations"]) == ["meta", "ga4", "warehouse"]
    for name, destination in explanation["destinations"].items():
        assert destination.keys() == {"decision", "reason", "trace", "requests"}
        assert (destination["decision"], destination["reason"]) == ("send", "")
        (request,) = destination["requests"]
        assert request.keys() == {"method", "url", "headers", "body"}
        assert request["method"] == "POST"
        assert isinstance(request["body"], list if name == "warehouse" else dict)
    (sent,) = explanation["destinations"]["warehouse"]["requests"][0]["body"]
    assert sent == {**explanation["event"], "ip_override": "8.8.8.0"}


def test_the_requests_are_those_of_the_destinations() -> None:
    """Repeats step by step what production does with the event."""
    explanation = explain(SHOP, PURCHASE, NOW)
    event = read_event(PURCHASE)
    received = Received("explain", NOW, event.pop("ip_override"), event.pop("user_agent"))
    decision = SHOPS_PIPELINE(event, received)

    assert explanation["event"] == decision.event
    for name, verdict in decision.verdicts.items():
        destination = build_destination(SHOP.destinations[name])
        assert verdict.event is not None
        (request,) = destination.requests([verdict.event], NOW)
        assert isinstance(request, Request)
        shown = explanation["destinations"][name]["requests"]
        assert shown == [request_record(destination, request)]
        assert shown[0]["headers"].keys() == request.headers.keys()
        assert orjson.loads(destination.mask(request.body.decode())) == shown[0]["body"]


@pytest.mark.parametrize(
    ("event", "reasons"),
    [
        (
            {"page_hostname": "a.internal.example"},
            dict.fromkeys(
                ("meta", "ga4", "warehouse"),
                "dropped by rule 'internal traffic': page_hostname ends with \".internal.example\"",
            ),
        ),
        (
            {"user_agent": "curl/8.5"},
            dict.fromkeys(
                ("meta", "ga4", "warehouse"),
                "dropped by rule 'bots stay out': bot.is_bot is true",
            ),
        ),
        (
            {"ip_override": "85.214.132.117"},  # Germany
            {
                "meta": "no consent for ad_storage, ad_user_data",
                "ga4": "no consent for analytics_storage",
            },
        ),
        (
            {"event_name": "scroll"},
            {
                "meta": '"when" matches only if event_name is "page_view", "view_item", '
                '"add_to_cart", "begin_checkout", "purchase" or "generate_lead"',
                "warehouse": '"when" matches only if event_name is "purchase" or "refund", or '
                '(event_name is "add_to_cart" and value is above 100), or page_location does '
                "not exist",
            },
        ),
    ],
)
def test_what_is_withheld_has_a_reason_and_no_request(
    event: dict[str, Any], reasons: dict[str, str]
) -> None:
    destinations = explain(SHOP, {**PURCHASE, **event}, NOW)["destinations"]
    for name, explained in destinations.items():
        if name in reasons:
            assert (explained["decision"], explained["reason"]) == ("withheld", reasons[name])
            assert explained["requests"] == []
        else:
            assert (explained["decision"], explained["reason"]) == ("send", "")


def test_an_event_of_a_backend_is_no_bot_for_having_no_agent() -> None:
    event = {key: value for key, value in PURCHASE.items() if key != "user_agent"}
    explanation = explain(SHOP, event, NOW)
    assert explanation["event"]["bot"] == {"is_bot": False, "score": 0}
    assert explanation["destinations"]["warehouse"]["decision"] == "send"


def test_what_a_destination_can_never_send_is_withheld() -> None:
    browsers_own = ("client_id", "user_agent")  # a browser would be given an id
    event = {key: value for key, value in PURCHASE.items() if key not in browsers_own}
    explained = explain(SHOP, event, NOW)["destinations"]["ga4"]
    assert explained["decision"] == "withheld"
    assert explained["reason"].startswith("client_id is missing")
    assert explained["requests"] == []


def test_what_a_destination_would_refuse_but_can_be_mended_is_said() -> None:
    event = {key: value for key, value in PURCHASE.items() if key != "currency"}
    explained = explain(SHOP, event, NOW)["destinations"]["meta"]
    assert explained["decision"] == "send"
    assert (
        explained["reason"]
        == "would be rejected: currency missing: Meta requires value and currency for a purchase"
    )
    assert explained["requests"] == []


def test_what_was_done_to_make_an_event_fit_is_said() -> None:
    event = {
        **PURCHASE,
        "page_title": "x" * 301,
        "ga_session_id": "GS2.1.",
        "fbc": "undefined",
        "colours": ["red"],
    }
    destinations = explain(SHOP, event, NOW)["destinations"]
    assert destinations["ga4"]["trace"][1:] == [
        "request: ga_session_id: removed because it is not a GA4 session id",
        "request: page_title: truncated to 300 characters",
        "request: colours: removed because GA4 does not accept lists or objects",
    ]
    assert destinations["meta"]["trace"] == [
        "request: fbc: removed because it does not have the format of Meta's _fbc cookie"
    ]


def test_what_is_past_its_deadline_is_said() -> None:
    event = {**PURCHASE, "timestamp": NOW - 100 * 3600}  # GA4 takes 72 hours, Meta 7 days
    destinations = explain(SHOP, event, NOW)["destinations"]
    assert destinations["ga4"]["decision"] == "withheld"
    assert destinations["ga4"]["requests"] == []
    assert destinations["ga4"]["reason"].startswith("the event is 4.2 days old; ga4 accepts")
    assert (destinations["meta"]["reason"], len(destinations["meta"]["requests"])) == ("", 1)


def test_a_dry_run_is_said_and_shows_its_request() -> None:
    settings = parse_settings(
        """
sources: {site: {type: collect}}
enrichment: []
destinations: {web: {type: webhook, url: "https://shop.example/", dry_run: true}}
""",
        environment={},
    )
    explained = explain(settings, PURCHASE, NOW)["destinations"]["web"]
    assert explained["reason"] == "dry run: the request is built and recorded, not sent"
    assert len(explained["requests"]) == 1


def test_no_secret_is_shown() -> None:
    explanation = explain(SHOP, PURCHASE, NOW)
    for shown in (json.dumps(explanation), in_words(explanation)):
        assert "s3cr3t" not in shown
        assert "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" not in shown
        assert "***" in shown


def test_the_trace_tells_stage_by_stage_what_was_said_and_changed() -> None:
    trace = {step["stage"]: step for step in explain(SHOP, PURCHASE, NOW)["trace"]}
    assert list(trace) == [
        "normalise",
        "locate",
        "consent",
        "identity",
        "pii guard",
        "enrichment",
        "schemas",
        "rules",
    ]
    assert "ad_storage granted (default)" in trace["consent"]["lines"][0]
    large, *_ = (line for line in trace["rules"]["lines"] if line.startswith("large"))
    assert large == "large orders: met"
    assert {"field": "order_size", "after": "large"} in trace["rules"]["changed"]
    assert {"field": "user_data.address.street", "before": "Am Hof 1"} in (
        trace["rules"]["changed"]
    )


GRANTED = dict.fromkeys(
    ("ad_storage", "analytics_storage", "ad_user_data", "ad_personalization"), "granted"
)
NO_ADDRESS = "the event has no address"
PRIVATE = "the event's address is private or reserved and belongs to no country"
NO_COUNTRY = "the event's address does not belong to a known country"


@pytest.mark.parametrize(
    ("event", "why"),
    [
        ({"user_agent": None, "ip_override": None}, NO_ADDRESS),
        ({"ip_override": None}, NO_ADDRESS),
        ({"ip_override": ""}, NO_ADDRESS),
        ({"ip_override": "127.0.0.1"}, PRIVATE),
        ({"ip_override": "192.168.1.7"}, PRIVATE),
        ({"ip_override": "fd00::1"}, PRIVATE),
        ({"ip_override": "224.0.0.1"}, NO_COUNTRY),
        ({"ip_override": "nonsense"}, NO_COUNTRY),
        ({"ip_override": None, "consent": {"ad_storage": "denied"}}, NO_ADDRESS),
        ({"ip_override": None, "consent": GRANTED}, None),
        ({"ip_override": "8.8.8.8"}, None),
        ({"ip_override": "85.214.132.117"}, None),
        ({"ip_override": None, "consent_default": dict.fromkeys(GRANTED, "denied")}, None),
    ],
)
def test_a_hint_says_why_the_default_for_an_unknown_place_held_and_how_to_change_it(
    event: dict[str, Any], why: str | None
) -> None:
    given = {name: value for name, value in {**PURCHASE, **event}.items() if value is not None}
    explanation = explain(SHOP, given, NOW)
    hints = {step["stage"]: step["hint"] for step in explanation["trace"] if "hint" in step}
    lines = in_words(explanation).splitlines()
    if why is None:
        assert hints == {}
        assert not any("hint:" in line for line in lines)
        return
    assert hints == {
        "consent": f"the default for an unknown place was applied because {why}. "
        "To change this, state "
        "`consent` in the event; set `ip_override`, if a trusted backend sends the event; or "
        "configure `consent_default` of its source or `consent.unknown_place`."
    }
    assert lines.count(f"  hint: {hints['consent']}") == 1
    consent_line = lines[lines.index("consent:") + 1]
    assert "(default for an unknown place)" in consent_line
    assert lines[lines.index("consent:") + 2].startswith("  hint: ")


def test_the_changes_of_all_stages_make_the_event() -> None:
    event = copy.deepcopy(read_event(PURCHASE))
    explanation = explain(SHOP, PURCHASE, NOW)
    for step in explanation["trace"]:
        for change in step["changed"]:
            apply(event, change)
    assert event == explanation["event"]


def apply(event: dict[str, Any], change: dict[str, Any]) -> None:
    *path, last = change["field"].split(".")
    for name in path:
        event = event[name]
    if "after" in change:
        event[last] = change["after"]
    else:
        del event[last]


def test_in_words() -> None:
    words = in_words(explain(SHOP, {**PURCHASE, "ip_override": "85.214.132.117"}, NOW))
    lines = words.splitlines()
    assert lines[0] == "event purchase (e-1)"
    assert '    "order_size": "large",' in lines
    assert "  large orders: met" in lines
    assert '  + order_size = "large"' in lines[lines.index("rules:") :]
    assert '  + event_location = {"country":"DE"}' in lines[lines.index("locate:") :]
    assert "meta: withheld: no consent for ad_storage, ad_user_data" in lines
    start = lines.index("warehouse: send")
    assert lines[start + 1 : start + 4] == [
        "  field consent: client_id removed (analytics_storage denied); user_data removed "
        "(ad_user_data denied)",
        "  POST http://127.0.0.1:9000/events",
        "  content-type: application/json",
    ]
    assert '      "event_name": "purchase",' in lines[start:]


def test_the_time_is_now_unless_it_is_given() -> None:
    event = {key: value for key, value in PURCHASE.items() if key != "timestamp"}
    assert explain(SHOP, event, 5.0)["event"]["timestamp"] == 5.0
    assert explain(SHOP, event)["event"]["timestamp"] > 1_700_000_000


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ({}, "event_name: Field required"),
        ([], "Input should be a valid dictionary"),
        ({"event_name": ["s3cr3t"], "value": "s3cr3t"}, "event_name: "),
    ],
)
def test_an_event_that_cannot_be_read(raw: object, message: str) -> None:
    with pytest.raises(EventError) as caught:
        explain(SHOP, raw, NOW)
    assert message in str(caught.value)
    assert "s3cr3t" not in str(caught.value)
