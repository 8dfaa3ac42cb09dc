"""The transport `gtag`: the hit that each event becomes. Google's tag is the oracle: its recorded
hits, read by our source and sent again, stay the same except for the parameters in `DECIDED`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from pydantic import ValidationError

from destinations.base import Request, Response, Unsendable
from destinations.ga4 import GA4, GA4Settings
from destinations.ga4.hit_consent import consent_parameters
from gateway.event import Event
from gateway.event.model import read_event
from gateway.sources.base import Inbound
from gateway.sources.ga4.items import read_item
from gateway.sources.ga4.source import GA4 as Source
from gateway.sources.ga4.source import GA4Settings as SourceSettings
from gateway.stages.anonymise import compile_anonymise
from gateway.stages.consent.google import read_gcd, read_gcs
from tests.destinations.conftest import Example

Hit = dict[str, str]

CAPTURES = Path(__file__).parents[2] / "captures"
TYPES = ("ad_storage", "analytics_storage", "ad_user_data", "ad_personalization")
GRANTED = dict.fromkeys(TYPES, "granted")
SOURCE = Source(SourceSettings(type="ga4"))


def gtag(**settings: Any) -> GA4:
    return GA4(GA4Settings(measurement_id="G-TEST000001", transport="gtag", **settings))


def request_of(event: Event, now: float, destination: GA4 | None = None) -> Request:
    (request,) = (destination or gtag()).requests([event], now)
    assert isinstance(request, Request), request
    return request


def parameters(query: str) -> Hit:
    pairs = parse_qsl(query, keep_blank_values=True)
    assert len(pairs) == len(dict(pairs)), "a parameter is there twice"
    return dict(pairs)


def sent(event: Event, now: float, destination: GA4 | None = None) -> Hit:
    """The parameters of the hit that `event` becomes, in the query and in the body."""
    request = request_of(event, now, destination)
    shared, own = parameters(urlsplit(request.url).query), parameters(request.body.decode())
    assert not shared.keys() & own.keys()
    return shared | own


def refused(event: Event, now: float) -> str:
    (unsendable,) = gtag().requests([event], now)
    assert isinstance(unsendable, Unsendable), unsendable
    assert gtag().unsendable(event) == unsendable.reason
    return unsendable.reason


# The tag's own hits

DECIDED = {
    "gcs": "made of the decided consent",
    "gcd": "made of the decided consent",
    "pscdl": "what the browser said of its own advertising features",
    "_fplc": "of the cookies of a tagging server",
    "richsstsse": "asks a tagging server to answer with requests for the browser",
    "sst.": "said to a tagging server",
    "uam": "empty",
    "uapv": "empty",
    "ep.nul": "empty",
    "_uip": "added: the request comes from the gateway",
}
"""Names or prefixes of parameters that may differ from the recorded ones, and why."""


def recorded(name: str) -> list[tuple[Event, Hit]]:
    """The events that our source reads from a capture, each with the parameters of its hit."""
    hits = []
    for each in json.loads((CAPTURES / f"{name}.json").read_text()):
        query = urlsplit(each["raw_target"]).query
        body = each.get("body_text") or ""
        read = SOURCE.read(Inbound(each["method"], "/g/collect", query, {}, body.encode()))
        lines = [line for line in body.splitlines() if line] or [""]
        assert len(read.events) == len(lines)
        for event, line in zip(read.events, lines, strict=True):
            hits.append((event, dict(parse_qsl(f"{query}&{line}", keep_blank_values=True))))
    return hits


def without_decided(hit: Hit) -> dict[str, Any]:
    own = {name: hit[name] for name in hit if not name.startswith(tuple(DECIDED))}
    return own | {name: read_item(own[name]) for name in own if name.startswith("pr")}


@pytest.mark.parametrize(
    "name",
    [
        "gtag-ga4-server_container_url",
        "gtag-ga4-transport_url-userdata",
        "gtag-ga4-consent-granted",
    ],
)
def test_a_hit_of_the_tag_goes_on_as_it_came(name: str, now: float) -> None:
    hits = recorded(name)
    assert len(hits) >= 3
    for event, hit in hits:
        known = read_event({**event, "consent": GRANTED})
        assert without_decided(sent(known, now)) == without_decided(hit)


def test_consent_that_is_granted_is_said_as_the_tag_says_it(now: float) -> None:
    for event, hit in recorded("gtag-ga4-consent-granted"):
        forwarded = sent(read_event({**event, "consent": GRANTED}), now)
        assert {name: forwarded[name] for name in ("gcs", "gcd", "npa", "dma")} == {
            name: hit[name] for name in ("gcs", "gcd", "npa", "dma")
        }


def test_consent_is_never_copied(now: float) -> None:
    """The gateway may know better than the tag, from a cookie or the visitor's location."""
    event, hit = recorded("gtag-ga4-consent-granted")[0]
    assert (hit["gcs"], hit["npa"]) == ("G111", "0")
    consent = {"analytics_storage": "granted", "ad_storage": "denied"}
    forwarded = sent(read_event({**event, "consent": consent}), now)
    assert forwarded["gcs"] == "G101"
    assert forwarded["gcd"] == "13p3t3l3l5l1"
    assert (forwarded["npa"], forwarded["dma_cps"]) == ("1", "-")


def test_a_refusal_becomes_a_ping_with_the_same_consent_as_the_tags(now: float) -> None:
    event, hit = recorded("gtag-ga4-consent-denied")[0]
    denied = read_event({**event, "consent": dict.fromkeys(TYPES, "denied")})
    ping = sent(compile_anonymise()(denied), now)
    assert {name: ping[name] for name in ("gcs", "gcd", "npa", "dma_cps")} == {
        name: hit[name] for name in ("gcs", "gcd", "npa", "dma_cps")
    }
    assert ping.keys().isdisjoint({"uid", "sid", "sct", "ecid", "_fv", "_ss", "uaa", "up.plan"})


@pytest.mark.parametrize("ad_storage", ["granted", "denied", ""])
@pytest.mark.parametrize("analytics_storage", ["granted", "denied", ""])
def test_our_own_source_reads_the_consent_of_a_hit_as_it_was(
    ad_storage: str, analytics_storage: str
) -> None:
    stated = {"ad_storage": ad_storage, "analytics_storage": analytics_storage}
    states = {name: state for name, state in stated.items() if state} | {"ad_user_data": "granted"}
    hit = dict(consent_parameters(states, dma=True))
    assert read_gcd(hit["gcd"]).defaults == states
    assert read_gcd(hit["gcd"]).said == {}, "a decision is not the visitor's own word"
    assert {**read_gcs(hit["gcs"]), "ad_user_data": "granted"} == states
    assert (hit["dma"], hit["dma_cps"], hit["npa"]) == ("1", "a", "1")


# Events from other senders


def test_an_event_of_a_page_in_full(example: Example, now: float) -> None:
    event = example("view_cart", consent=GRANTED, user_properties={"plan": "pro", "ltv": 12.5})
    hit = sent(event, now)
    items = [read_item(hit.pop(name)) for name in ("pr1", "pr2")]
    assert [item["item_id"] for item in items] == ["SKU-1", "SKU-2"]
    assert hit == {
        "v": "2",
        "tid": "G-TEST000001",
        "_p": "1795219200500",
        "_s": "1",
        "cid": "1525593269.1795210000",
        "gcs": "G111",
        "gcd": "13t3t3t3t5l1",
        "npa": "0",
        "_uip": "203.0.113.7",
        "sct": "1",
        "dl": event["page_location"],
        "dr": event["page_referrer"],
        "dt": event["page_title"],
        "ul": "en-gb",
        "sr": "1920x1080",
        "cu": "EUR",
        "sid": "1795210000",
        "en": "view_cart",
        "_ee": "1",
        "ep.event_id": "01-view_cart",
        "epn.value": "59.8",
        "up.plan": "pro",
        "upn.ltv": "12.5",
    }


def test_the_request(example: Example, now: float) -> None:
    event = example("contact", consent=GRANTED)
    request = request_of(event, now)
    assert request.method == "POST"
    assert request.url.startswith("https://www.google-analytics.com/g/collect?v=2&tid=G-TEST000001")
    assert request.headers == {
        "content-type": "text/plain;charset=UTF-8",
        "user-agent": event["user_agent"],
    }
    odd = request_of(event | {"user_agent": "Br\u00f6wser\r\nx: 1"}, now)
    assert odd.headers["user-agent"] == "Brwserx: 1", "a header's value is printable ASCII"


def test_only_the_page_says_when_a_session_begins(example: Example, now: float) -> None:
    of_page = {"ss": "1", "fv": "1", "nsi": "1"}
    event = example("page_view", consent=GRANTED) | {"x-ga-system_properties": of_page}
    assert {"_ss": "1", "_fv": "1", "_nsi": "1"}.items() <= sent(event, now).items()
    hit = sent(example("page_view", consent=GRANTED, ga_session_number=1), now)
    assert hit.keys().isdisjoint({"_ss", "_fv", "_nsi"})


def test_an_event_without_an_address_has_none_and_not_the_gateways(
    example: Example, now: float
) -> None:
    assert sent(example("contact", consent=GRANTED, ip_override=""), now)["_uip"] == "::"


def test_own_parameters_have_all_of_the_25_places(example: Example, now: float) -> None:
    own = {f"own_{n:02}": n for n in range(24)}
    hit = sent(read_event({**example("contact", consent=GRANTED), **own, "event_id": "e"}), now)
    assert len([name for name in hit if name.startswith("ep")]) == 25
    assert {f"epn.{name}" for name in own} <= hit.keys()


def test_engagement_of_the_tag_keeps_its_name(example: Example, now: float) -> None:
    event = example("page_view", consent=GRANTED, engagement_time_msec=5000)
    hit = sent(event | {"event_name": "user_engagement"}, now)
    assert (hit["en"], hit["_et"]) == ("user_engagement", "5000")


def test_the_mapping_of_the_configuration_holds(example: Example, now: float) -> None:
    mapping = {
        "events": {"contact": "get_in_touch"},
        "fields": {"params.shop": {"literal": "berlin"}},
    }
    hit = sent(example("contact", consent=GRANTED), now, gtag(mapping=mapping))
    assert (hit["en"], hit["ep.shop"]) == ("get_in_touch", "berlin")


# Consent and identity


@pytest.mark.parametrize("consent", [None, {}, {"ad_storage": "granted"}])
def test_without_analytics_storage_no_hit_has_an_identifier(
    consent: dict[str, str] | None, example: Example, now: float
) -> None:
    assert "analytics_storage is not granted" in refused(example("contact", consent=consent), now)


def test_a_ping_in_full(example: Example, now: float) -> None:
    event = example("purchase", consent={"ad_user_data": "granted"}, event_id="e-1")
    request = request_of(compile_anonymise()(event), now)
    assert request.headers == {"content-type": "text/plain;charset=UTF-8"}, "no agent"
    hit = parameters(urlsplit(request.url).query) | parameters(request.body.decode())
    assert {"gcs": "G100", "gcd": "13p3p3p3p5l1", "npa": "1", "_uip": "::"}.items() <= hit.items()
    assert hit["cid"] != event["client_id"]
    again = compile_anonymise()({**event, "event_id": "e-2"})
    assert sent(again, now)["cid"] != hit["cid"], "it stands for one event alone"
    text = request.url + request.body.decode()
    for name in ("client_id", "user_id", "ip_override", "ga_session_id", "transaction_id"):
        assert str(event[name]) not in text


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"client_id": None, "user_id": None}, "client_id is missing"),
        ({"event_name": "session_start"}, "reserved"),
        ({"transaction_id": "T" * 101}, "transaction_id has more than 100 characters"),
    ],
)
def test_what_cannot_be_a_hit(
    changes: dict[str, Any], said: str, example: Example, now: float
) -> None:
    assert said in refused(example("purchase", consent=GRANTED, **changes), now)


# Delivery


@pytest.mark.parametrize(
    "field",
    [
        {"campaign": {"name": "a" * 70_000}},
        {"client_hints": {"model": "a" * 70_000}},
        {"client_hints": {"full_version_list": [{"brand": "a", "version": "1"}] * 9000}},
        {"x-ga-gtm_version": "a" * 70_000},
    ],
)
def test_a_long_text_does_not_lengthen_the_url(
    example: Example, now: float, field: dict[str, Any]
) -> None:
    event = example("purchase", consent=GRANTED, client_id="1.2", **field)
    assert len(request_of(event, now).url) < 2000


def test_a_url_that_no_request_could_have_is_not_sent(example: Example, now: float) -> None:
    long = dict.fromkeys(["source", "medium", "name", "term", "content", "id"], "\u20ac" * 1000)
    event = example("purchase", consent=GRANTED, client_id="1.2", campaign=long)
    assert [*gtag().requests([event], now)] == [
        Unsendable(0, "the hit's URL would exceed 16384 characters")
    ]


def test_a_hit_is_never_repeated(example: Example) -> None:
    assert gtag().sends_once
    assert not gtag().recognises(example("purchase"), 1.0)


@pytest.mark.parametrize(
    ("status", "result"),
    [(200, "delivered"), (204, "delivered"), (302, "retry"), (400, "rejected"), (503, "retry")],
)
def test_every_answer_but_an_error_is_a_delivery(
    example: Example, now: float, status: int, result: str
) -> None:
    request = request_of(example("contact", consent=GRANTED), now)
    (outcome,) = gtag().outcomes(request, Response(status))
    assert outcome.result == result


def test_a_hit_is_too_old_after_a_day_unless_its_time_does_not_matter() -> None:
    assert gtag().limits.max_age.total_seconds() == 86_400
    assert gtag(too_old="send_without_time").limits.max_age.days == 7


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"too_old": "clamp"}, "too_old: clamp needs a time"),
        ({"validate_share": 0.5}, "validation server does not read gtag hits"),
        (
            {"measurement_id": None, "firebase_app_id": "1:12:ios:3a"},
            "transport: gtag needs measurement_id",
        ),
        ({"transport": "measurement_protocol"}, "needs api_secret"),
    ],
)
def test_settings_that_do_not_fit_the_transport(settings: dict[str, Any], said: str) -> None:
    given = {"measurement_id": "G-TEST000001", "transport": "gtag", **settings}
    with pytest.raises(ValidationError, match=said):
        GA4Settings(**given)
