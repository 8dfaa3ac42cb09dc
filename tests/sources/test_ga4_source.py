"""`ga4`: hits of gtag.js."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import orjson
import pytest

from gateway.event import Event
from gateway.event.consent import CONSENT_TYPES
from gateway.sources.base import Inbound, Refused
from gateway.sources.ga4.items import read_item
from gateway.sources.ga4.source import GA4, GA4Settings
from gateway.stages.consent.google import read_gcd
from tests.sources.recorded_hits import HITS

Capture = Callable[..., list[Inbound]]

SOURCE = GA4(GA4Settings(type="ga4"))
ALL_DENIED = dict.fromkeys(
    ("ad_storage", "analytics_storage", "ad_user_data", "ad_personalization"), "denied"
)
ALL_GRANTED = dict.fromkeys(ALL_DENIED, "granted")


def hit(query: str, body: bytes = b"") -> list[Event]:
    batch = SOURCE.read(Inbound("POST", "/g/collect", f"v=2&tid=G-1&{query}", {}, body))
    assert not batch.refused
    return batch.events


def one(query: str) -> Event:
    """The event of `query`, without the protocol version and the measurement ID."""
    (event,) = hit(query)
    assert event.pop("x-ga-protocol_version") == "2"
    assert event.pop("x-ga-measurement_id") == "G-1"
    return event


def captured(requests: list[Inbound]) -> list[Event]:
    events = []
    for request in requests:
        batch = SOURCE.read(request)
        assert not batch.refused
        assert not batch.trusted
        assert SOURCE.answer(batch).status == 204
        events += batch.events
    return events


@pytest.mark.parametrize("recording", HITS)
def test_what_gtag_sends(recording: str, capture: Capture) -> None:
    assert captured(capture(recording, gets=True)) == HITS[recording]


def test_an_event_is_in_the_query_or_several_are_in_the_body(capture: Capture) -> None:
    requests = capture("gtag-ga4-transport_url-userdata")
    assert [bool(request.body) for request in requests] == [False, False, True]


def stated_in_gcd(event: Event) -> dict[str, str]:
    read = read_gcd(event["x-ga-gcd"])
    return {**read.defaults, **read.said}


def test_consent_granted(capture: Capture) -> None:
    events = captured(capture("gtag-ga4-consent-granted", gets=True))
    assert [event["event_name"] for event in events] == ["page_view", "purchase", "my_event"]
    for event in events:
        assert stated_in_gcd(event) == ALL_GRANTED
        assert "consent" not in event, "the consent stage reads the string itself"
        assert event["client_id"] == "2088595588.1795289724"


def test_consent_denied(capture: Capture) -> None:
    events = captured(capture("gtag-ga4-consent-denied", gets=True))
    assert [event["event_name"] for event in events] == ["page_view", "purchase", "my_event"]
    for event in events:
        assert stated_in_gcd(event) == ALL_DENIED
        assert "consent" not in event
        assert "1414817745.1795289715" not in orjson.dumps(event).decode()
        assert "client_id" not in event
        assert "x-ga-ecid" not in event


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ("gcs=G111", True),
        ("gcs=G101", True),
        ("gcs=G110", False),
        ("gcs=G1--", True),
        ("", True),
        ("gcd=13t3q3t3t5l1", False),
        ("gcd=13q3r3q3q5l1&gcs=G100", False),
        ("gcs=G111&gcs=G110", False),
        ("gcd=13q3q3q3q5l1&gcd=13r3r3r3r5l1", False),
    ],
)
def test_without_analytics_storage_the_client_id_is_no_id(query: str, kept: bool) -> None:
    event = one(f"en=a&cid=1.2&ep.client_id=3.4&{query}")
    assert event.get("client_id") == ("1.2" if kept else None)


@pytest.mark.parametrize(
    ("query", "field", "value"),
    [
        ("gcs=G111&gcs=G100", "x-ga-gcs", ["G111", "G100"]),
        ("gcs=G111&gcs=G111", "x-ga-gcs", "G111"),
        ("npa=0&npa=1", "x-ga-npa", ["0", "1"]),
        ("gpp=a&gpp=b&gdpr=1&gdpr=0", "x-ga-mp2-gpp", ["a", "b"]),
        ("us_privacy=1YYN&us_privacy=1YNN", "x-ga-mp2-us_privacy", ["1YYN", "1YNN"]),
        ("sst.gdpr=1&sst.gdpr=0", "x-sst-system_properties", {"gdpr": ["1", "0"]}),
        ("dl=a&dl=b", "page_location", "b"),
        ("ep.x=a&ep.x=b", "x", "b"),
        ("epn.gpp=1&epn.gpp=2", "gpp", 2),
    ],
)
def test_of_a_repeated_parameter_every_statement_about_consent_counts(
    query: str, field: str, value: object
) -> None:
    assert one(f"en=a&{query}")[field] == value


def test_what_the_query_and_a_line_state_about_consent_both_count() -> None:
    query = "en=a&gcs=G100&gcd=13l3l3l3l1l1&_uip=%3A%3A&npa=1&ep.consent.ad_storage=denied"
    line = b"gcs=G111&gcs=G101&npa=1&_uip=1.2.3.4&ep.consent.ad_storage=granted"
    first, second = hit(query, line + b"\nen=b")
    assert first["x-ga-gcs"] == ["G100", "G111", "G101"]
    assert (first["x-ga-gcd"], first["x-ga-npa"]) == ("13l3l3l3l1l1", "1")
    assert (second["x-ga-gcs"], second["x-ga-npa"]) == ("G100", "1")
    for event in (first, second):
        assert event["consent"] == {"ad_storage": "denied"}
        assert event["ip_override"] == ""


ALL_TYPES_DENIED = dict.fromkeys(CONSENT_TYPES, "denied")


@pytest.mark.parametrize(
    ("query", "consent"),
    [
        ("gcd=13l3l3l3l1l1&npa=0", None),
        ("gcd=13q3q3q3q5l1&gcs=G100", None),
        ("ep.consent.ad_storage=denied", {"ad_storage": "denied"}),
        ("ep.consent.ad_storage=", {"ad_storage": "denied"}),
        ("ep.consent%5Bad_storage%5D=denied", {"ad_storage": "denied"}),
        ("epn.consent.ad_storage=0", {"ad_storage": "denied"}),
        ("consent.ad_storage=denied", {"ad_storage": "denied"}),
        ("consent[adStorage]=DENIED", {"ad_storage": "denied"}),
        ("ep.consent=%7B%22ad_storage%22%3A%22denied%22%7D", {"ad_storage": "denied"}),
        ("ep.consent=denied", ALL_TYPES_DENIED),
        ("ep.consent=denied&ep.consent.ad_storage=granted", ALL_TYPES_DENIED),
        ("ep.consent=%5Bobject+Object%5D", None),
        ("ep.consent=granted", None),
        ("epn.consent=1", None),
        ("ep.consent=", None),
    ],
)
def test_consent_in_words(query: str, consent: dict[str, str] | None) -> None:
    assert one(f"en=a&{query}").get("consent") == consent


@pytest.mark.parametrize(
    ("query", "event"),
    [
        (
            "en=a&dp=%2Fp&dh=h.example&dr=https%3A%2F%2Fr.example%2F",
            {
                "event_name": "a",
                "page_path": "/p",
                "page_hostname": "h.example",
                "page_referrer": "https://r.example/",
            },
        ),
        (
            "en=a&cs=news&cm=email&cn=Sale&ck=t&cc=c&ci=7",
            {
                "event_name": "a",
                "campaign": {
                    "source": "news",
                    "medium": "email",
                    "name": "Sale",
                    "term": "t",
                    "content": "c",
                    "id": "7",
                },
            },
        ),
        (
            "en=a&epn.value=10&epn.x=NaN&epn.y=Infinity&epn.z=-0.5",
            {
                "event_name": "a",
                "value": 10,
                "z": -0.5,
            },
        ),
        ("en=a&ep.event_name=b&ep.event_id=e-1", {"event_name": "a", "event_id": "e-1"}),
        (
            "en=a&ep.items=%5Bobject%20Object%5D%2C%5Bobject%20Object%5D&ep.consent=x"
            "&ep.user_data=%5Bobject+Object%5D&ep.campaign=%5Bobject+Object%5D",
            {"event_name": "a"},
        ),
        (
            "en=a&ep.event_location=Berlin&ep.campaign=spring&ep.items=3&ep.user_properties=x",
            {
                "event_name": "a",
                "params": {
                    "event_location": "Berlin",
                    "campaign": "spring",
                    "items": "3",
                    "user_properties": "x",
                },
            },
        ),
        (
            "en=a&ep.campaign=spring&cs=news&ep.client_hints=x&uap=Linux&epn.items=3&pr1=idA"
            "&ep.user_properties=y&up.plan=pro",
            {
                "event_name": "a",
                "campaign": {"source": "news"},
                "client_hints": {"platform": "Linux"},
                "items": [{"item_id": "A"}],
                "user_properties": {"plan": "pro"},
                "params": {
                    "campaign": "spring",
                    "client_hints": "x",
                    "items": 3,
                    "user_properties": "y",
                },
            },
        ),
        ("en=a&epn.campaign=7", {"event_name": "a", "params": {"campaign": 7}}),
        ("en=a&ep.campaign.name=n", {"event_name": "a", "campaign": {"name": "n"}}),
        (
            "en=a&ep.user_data=y&ep.click_ids=z",
            {
                "event_name": "a",
                "ignored_fields": [
                    {"field": "user_data", "reason": "not an object"},
                    {"field": "click_ids", "reason": "not an object"},
                ],
            },
        ),
        (
            "en=a&ep.user_data.email_address=a%40b.example&ep.user_data.address.city=Linz",
            {
                "event_name": "a",
                "user_data": {"email_address": "a@b.example", "address": {"city": "Linz"}},
            },
        ),
        (
            "en=a&ep.timestamp=2026-11-01T10%3A00%3A00Z&ep.user_agent=mine&ep.value=high",
            {
                "event_name": "a",
                "params": {
                    "timestamp": "2026-11-01T10:00:00Z",
                    "user_agent": "mine",
                    "value": "high",
                },
            },
        ),
        (
            "en=a&epn.items=3&epn.timestamp=5",
            {"event_name": "a", "params": {"timestamp": 5, "items": 3}},
        ),
        ("en=a&epn.score=NaN&epn.level=1", {"event_name": "a", "level": 1}),
        (
            "en=a&epn.transaction_id=12345678901234567891",
            {"event_name": "a", "transaction_id": "12345678901234567891"},
        ),
        (
            "en=a&epn.value=NaN",
            {
                "event_name": "a",
                "ignored_fields": [{"field": "value", "reason": "not a number"}],
            },
        ),
        (
            "en=purchase&epn.value=59%2C90+EUR",
            {"event_name": "purchase", "value": 59.9, "currency": "EUR"},
        ),
        ("en=purchase&ep.value=4%2C245.42", {"event_name": "purchase", "value": 4245.42}),
        (
            "en=purchase&ep.value=high",
            {
                "event_name": "purchase",
                "ignored_fields": [{"field": "value", "reason": "not a number"}],
            },
        ),
        ("en=a&_uip=203.0.113.9&richsstsse", {"event_name": "a"}),
        ("en=a&ep.ip_override=203.0.113.9", {"event_name": "a", "ip_override": "203.0.113.9"}),
        (
            "en=a&pr10=idJ&pr2=idB&pr1=idA&pr=x",
            {
                "event_name": "a",
                "items": [{"item_id": "A"}, {"item_id": "B"}, {"item_id": "J"}],
                "x-ga-mp2-pr": "x",
            },
        ),
        (
            "en=a&_c=1&_z=fetch&us_privacy=1YNN",
            {
                "event_name": "a",
                "x-ga-system_properties": {"c": "1", "z": "fetch"},
                "x-ga-mp2-us_privacy": "1YNN",
            },
        ),
        (
            "en=a&uap=Windows&uamb=1&uafvl=" + quote(quote("A;B 1", safe="") + ";1|C;2"),
            {
                "event_name": "a",
                "client_hints": {
                    "platform": "Windows",
                    "mobile": True,
                    "full_version_list": [
                        {"brand": "A;B 1", "version": "1"},
                        {"brand": "C", "version": "2"},
                    ],
                },
            },
        ),
    ],
)
def test_parameters(query: str, event: dict[str, Any]) -> None:
    assert one(query) == event


@pytest.mark.parametrize(
    ("text", "item"),
    [
        ("idA~nmB", {"item_id": "A", "item_name": "B"}),
        ("nmB~idA", {"item_id": "A", "item_name": "B"}),
        ("nm~~a~~b~~~idA", {"item_name": "~a~b~", "item_id": "A"}),
        ("idA~nm~prx", {"item_id": "A", "price": "x"}),
        ("k0color~v0red~k1size~vQlost~k2lost", {"color": "red"}),
        ("v0red~k0color", {"color": "red"}),
        (
            "caApparel~ca2Shirts~ca5Sale",
            {
                "item_category": "Apparel",
                "item_category2": "Shirts",
                "item_category5": "Sale",
            },
        ),
        ("ca3D printers", {"item_category": "3D printers"}),
        ("zzunknown~idA~~", {"item_id": "A~"}),
        ("", {}),
        ("~", {}),
    ],
)
def test_items(text: str, item: dict[str, str]) -> None:
    assert read_item(text) == item


@pytest.mark.parametrize(
    ("body", "names"),
    [
        (b"", ["shared"]),
        (b"\r\n", ["shared"]),
        (b"en=a\r\nen=b", ["a", "b"]),
        (b"en=a\nen=b\n", ["a", "b"]),
        (b"\r\nen=a\r\n\r\nepn.value=1\r\n", ["a", "shared"]),
        ("en=a\u2028b".encode(), ["a\u2028b"]),
    ],
)
def test_lines_of_the_body_are_events(body: bytes, names: list[str]) -> None:
    events = hit("en=shared&cid=1.2&dl=https%3A%2F%2Fa.example%2F", body)
    assert [event["event_name"] for event in events] == names
    assert {event["client_id"] for event in events} == {"1.2"}


def test_a_line_overrides_the_query_but_not_the_measurement_id() -> None:
    (event,) = hit("en=a&dl=https%3A%2F%2Fa.example%2F", b"dl=https%3A%2F%2Fb.example%2F&tid=G-2")
    assert event["page_location"] == "https://b.example/"
    assert event["x-ga-measurement_id"] == "G-1"


@pytest.mark.parametrize("query", ["", "v=1&tid=G-1&en=a", "v=2&en=a", "v=2&tid=&en=a", "en=a%00"])
def test_what_is_no_hit_is_refused(query: str) -> None:
    with pytest.raises(Refused) as refused:
        SOURCE.read(Inbound("GET", "/g/collect", query))
    assert (refused.value.status, refused.value.reason) == (400, "malformed")


@pytest.mark.parametrize("odd", [b"\xff", b"%ff", b"\0", b"%00"])
def test_one_bad_character_in_a_batch_costs_one_character(odd: bytes) -> None:
    body = b"en=purchase\r\nen=view_item&dt=Sale+" + odd + b"\r\nen=page_view"
    events = hit("", body)
    assert [event["event_name"] for event in events] == ["purchase", "view_item", "page_view"]
    assert events[1]["page_title"] == "Sale \ufffd"


@pytest.mark.parametrize(
    ("allowed", "accepted"), [(None, True), (["G-1"], True), (["G-2"], False), ([], False)]
)
def test_measurement_ids(allowed: list[str] | None, accepted: bool) -> None:
    source = GA4(GA4Settings(type="ga4", measurement_ids=allowed))
    request = Inbound("GET", "/g/collect", "v=2&tid=G-1&en=a")
    if accepted:
        assert source.read(request).events
    else:
        with pytest.raises(Refused) as refused:
            source.read(request)
        assert refused.value.status == 403
        assert str(refused.value).count("measurement_ids") == 1


def test_a_hit_is_lost_only_when_all_of_it_is() -> None:
    query = "v=2&tid=G-1&cid=1.2"
    partly = SOURCE.read(Inbound("POST", "/g/collect", query, {}, b"en=a\r\nep.value=much"))
    assert [event["event_name"] for event in partly.events] == ["a"]
    assert [refusal.index for refusal in partly.refused] == [1]
    assert SOURCE.answer(partly).status == 204
    lost = SOURCE.read(Inbound("POST", "/g/collect", query))
    answer = SOURCE.answer(lost)
    assert answer.status == 400
    assert orjson.loads(answer.body)["refused"][0]["reason"] == "event_name: Field required"


def test_a_visitor_whose_address_is_redacted_has_none() -> None:
    for query in ("_uip=%3A%3A", "_uip=%3A%3A&ep.ip_override=1.2.3.4", "_uip=%3A%3A&_uip=1.2.3.4"):
        assert one(f"en=a&{query}")["ip_override"] == ""
