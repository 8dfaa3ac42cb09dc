"""`explain`: the decision and the very requests of production, without a secret in them."""

import copy
import json
from pathlib import Path
from typing import Any

import orjson
import pytest

from destinations.base import Request
from gateway.event import EventError, Received, read_event
from gateway.explain import explain, in_words
from gateway.pipeline import Pipeline, compile_pipeline
from gateway.records import request_record
from gateway.settings import Settings, build_destination, load_settings, parse_settings

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
    """The user agents of bots take a third of a second each time."""

    def compiled(settings: Settings) -> Pipeline:
        return SHOPS_PIPELINE if settings is SHOP else compile_pipeline(settings)

    monkeypatch.setattr("gateway.explain.compile_pipeline", compiled)


def test_the_shape() -> None:
    explanation = explain(SHOP, PURCHASE, NOW)

    assert explanation.keys() == {"event", "rules", "trace", "destinations"}
    assert explanation["rules"] == ["large orders", "legacy field", "never keep the street"]
    assert explanation["event"]["order_size"] == "large"
    assert explanation["event"]["transaction_id"] == "T-1"
    assert list(explanation["destinations"]) == ["meta", "ga4", "warehouse"]
    for destination in explanation["destinations"].values():
        assert destination.keys() == {"decision", "reason", "trace", "requests"}
        assert (destination["decision"], destination["reason"]) == ("send", "")
        (request,) = destination["requests"]
        assert request.keys() == {"method", "url", "headers", "body"}
        assert request["method"] == "POST"
        assert isinstance(request["body"], dict)
    body = explanation["destinations"]["warehouse"]["requests"][0]["body"]
    assert body["data"] == {**explanation["event"], "ip_override": "8.8.8.0"}


def test_the_requests_are_those_of_the_destinations() -> None:
    """What production does with the event, done here step by step."""
    explanation = explain(SHOP, PURCHASE, NOW)
    decision = SHOPS_PIPELINE(read_event(PURCHASE), Received("explain", NOW))

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
                "dropped by rule 'internal traffic': page_hostname ends_with .internal.example",
            ),
        ),
        (
            {"user_agent": "curl/8.5"},
            dict.fromkeys(
                ("meta", "ga4", "warehouse"),
                "dropped by rule 'bots stay out': bot.is_bot equals True",
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
                "meta": "event_name in ['page_view', 'view_item', 'add_to_cart', "
                "'begin_checkout', 'purchase', 'generate_lead']",
                "warehouse": "none is met: event_name in ['purchase', 'refund'] or "
                "(event_name equals add_to_cart) and (value gt 100.0) or "
                "not (page_location exists True)",
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


def test_what_a_destination_would_refuse_is_said() -> None:
    browsers_own = ("client_id", "user_agent")  # a browser would be given an id
    event = {key: value for key, value in PURCHASE.items() if key not in browsers_own}
    explained = explain(SHOP, event, NOW)["destinations"]["ga4"]
    assert explained["decision"] == "send"
    assert explained["reason"].startswith("would be rejected: ")
    assert explained["requests"] == []


def test_what_is_past_its_deadline_is_said() -> None:
    event = {**PURCHASE, "timestamp": NOW - 100 * 3600}  # GA4 takes 72 hours, Meta 7 days
    destinations = explain(SHOP, event, NOW)["destinations"]
    assert destinations["ga4"]["requests"] == []
    assert destinations["ga4"]["reason"].startswith("would be expired: 100.0 hours old")
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
        *("normalise", "locate", "consent", "identity"),
        *("pii guard", "enrichment", "schemas", "rules"),
    ]
    assert "ad_storage granted (default)" in trace["consent"]["lines"][0]
    large, *_ = (line for line in trace["rules"]["lines"] if line.startswith("large"))
    assert large == "large orders: met"
    assert {"field": "order_size", "after": "large"} in trace["rules"]["changed"]
    assert {"field": "user_data.address.street", "before": "Am Hof 1"} in (
        trace["rules"]["changed"]
    )


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
    assert lines[start + 1 : start + 3] == [
        "  POST http://127.0.0.1:9000/events",
        "  content-type: application/json",
    ]
    assert '    "type": "purchase",' in lines[start:]


def test_the_time_is_now_unless_it_is_given() -> None:
    event = {key: value for key, value in PURCHASE.items() if key != "timestamp"}
    assert explain(SHOP, event, 5.0)["event"]["timestamp"] == 5.0
    assert explain(SHOP, event)["event"]["timestamp"] > 1_700_000_000


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ({}, "event_name: Field required"),
        ([], "Input should be a valid dictionary"),
        ({"event_name": "x", "value": "s3cr3t"}, "value: "),
    ],
)
def test_an_event_that_cannot_be_read(raw: object, message: str) -> None:
    with pytest.raises(EventError) as caught:
        explain(SHOP, raw, NOW)
    assert message in str(caught.value)
    assert "s3cr3t" not in str(caught.value)
