"""What each destination's requests contain of a visitor, for every combination of denied types.

An event with identifiers of every kind goes through the whole pipeline, and every byte of the
requests is searched for them.
"""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from destinations.base import Request
from gateway.configuration.destination import build_destination
from gateway.configuration.load import parse_settings
from gateway.configuration.settings import Settings
from gateway.event import Event, Received, read_event
from gateway.explain.explain import explain
from gateway.pipeline.compile import compile_pipeline
from gateway.pipeline.decision import Decision
from gateway.queue.append_batch import AppendBatch
from gateway.stages.held_consent import with_statement

NOW = 1_795_219_260.0
AGENT = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15"
AD, ANALYTICS, USER = "ad_storage", "analytics_storage", "ad_user_data"
COMBINATIONS = [set(each) for n in range(4) for each in combinations((AD, ANALYTICS, USER), n)]

CLICKS = ("clickone", "clicktwo", "clickthree", "1111111111", "fbclick", "browser99", "cookieclick")
VISITOR = ("2222222222.1795210000", "3333333333", "ecid4444", "domain5555", "previous6666")
PERSON = ("jane.doe@example.com", sha256(b"jane.doe@example.com").hexdigest(), "4930123456")
ACCOUNT = ("customer-17", sha256(b"customer-17").hexdigest())

EVENT: Event = {
    "event_name": "purchase",
    "event_id": "e-1",
    "timestamp": NOW - 10,
    "value": 9.5,
    "currency": "EUR",
    "transaction_id": "T-1001",
    "client_id": "2222222222.1795210000",
    "user_id": "customer-17",
    "page_location": "https://shop.example/thanks?gclid=clickone&utm_source=news&fbclid=fbclick",
    "page_path": "/thanks?gclid=clickone",
    "page_referrer": "https://shop.example/cart?msclkid=clicktwo",
    "link_url": "https://pay.example/?to=https%3A%2F%2Fshop.example%2F%3Fttclid%3Dclickthree",
    "fbp": "fb.1.1795210000000.1111111111",
    "fbc": "fb.1.1795210000000.fbclick",
    "click_ids": {"gclid": "clickone"},
    "gcl_au": "browser99",
    "ga_session_id": "3333333333",
    "x-ga-ecid": "ecid4444",
    "domain_userid": "domain5555",
    "previous_id": "previous6666",
    "user_data": {"email_address": "Jane.Doe@example.com", "phone_number": "+49 30 123456"},
}

CONFIG = """
sources: {site: {type: collect}}
consent: {default: {functionality_storage: granted}, regions: []}
destinations:
  meta: {type: meta, pixel_id: "1", access_token: t, consent: []}
  ga4: {type: ga4, measurement_id: G-1, api_secret: s, consent: []}
  hook: {type: webhook, url: "https://shop.example/", consent: []}
  second: {type: webhook, url: "https://shop.example/", consent: []}
  ads: {type: webhook, url: "https://ads.example/", consent: [], purpose: advertising}
  stats: {type: webhook, url: "https://stats.example/", consent: [], purpose: analytics}
  duty: {type: webhook, url: "https://tax.example/", consent: [], field_consent: off}
"""
SETTINGS = parse_settings(CONFIG, "shop.yaml", {})
PURPOSES = {
    "meta": "advertising",
    "ga4": "analytics",
    "hook": "own",
    "ads": "advertising",
    "stats": "analytics",
}


every_combination = pytest.mark.parametrize(
    "denied", COMBINATIONS, ids=lambda types: "+".join(sorted(types)) or "none"
)


def received() -> Received:
    cookies = "_fbp=fb.1.1795210000000.1111111111; _gcl_aw=GCL.1795210000.cookieclick"
    headers = {"host": "metrics.shop.example", "cookie": cookies, "user-agent": AGENT}
    return Received("site", NOW, "8.8.8.8", AGENT, headers)


def consent(denied: set[str]) -> dict[str, str]:
    types = (AD, ANALYTICS, USER, "ad_personalization")
    return {name: "denied" if name in denied else "granted" for name in types}


def decided(denied: set[str], settings: Settings = SETTINGS, **fields: Any) -> Decision:
    event = read_event({**EVENT, "consent": consent(denied), **fields})
    return compile_pipeline(settings)(event, received())


def requested(decision: Decision, name: str, settings: Settings = SETTINGS) -> bytes:
    """Every byte of the requests, in lower case; none if GA4 lacks the visitor that it needs."""
    event = decision.verdicts[name].event
    if decision.verdicts[name].reason.startswith("client_id is missing"):
        return b""
    assert event is not None
    made = build_destination(settings.destinations[name]).requests([event], NOW)
    requests = [each for each in made if isinstance(each, Request)]
    parts = [f"{each.url} {dict(each.headers)} ".encode() + each.body for each in requests]
    return b"\n".join(parts).lower()


def forbidden(denied: set[str], purpose: str) -> set[str]:
    none = {*CLICKS} if AD in denied else set()
    if ANALYTICS in denied:
        none |= {*VISITOR, *(ACCOUNT if purpose == "analytics" else ())}
    if USER in denied and (purpose != "own" or len(denied) > 1):
        none |= {*PERSON}
    if USER in denied and purpose == "advertising":
        none |= {*ACCOUNT}
    return none


@pytest.mark.parametrize("name", PURPOSES)
@pytest.mark.parametrize(
    "denied", COMBINATIONS, ids=lambda types: "+".join(sorted(types)) or "none"
)
def test_a_request_holds_nothing_that_was_denied(name: str, denied: set[str]) -> None:
    sent = requested(decided(denied), name)

    assert {each for each in forbidden(denied, PURPOSES[name]) if each.encode() in sent} == set()
    if name != "ga4" or ANALYTICS not in denied:
        assert b"t-1001" in sent, "the rest of the event arrives"
        assert b"utm_source=news" in sent


@pytest.mark.parametrize(
    "denied", COMBINATIONS, ids=lambda types: "+".join(sorted(types)) or "none"
)
def test_where_nothing_else_is_removed_all_that_is_allowed_arrives(denied: set[str]) -> None:
    sent = requested(decided(denied), "hook")
    every = {*CLICKS, *VISITOR, *ACCOUNT[:1], PERSON[0]}
    allowed = every - forbidden(denied, "own") - {"cookieclick"}
    assert {each for each in allowed if each.encode() not in sent} == set()


@pytest.mark.parametrize(
    "denied", COMBINATIONS, ids=lambda types: "+".join(sorted(types)) or "none"
)
def test_a_destination_by_law_or_contract_gets_all(denied: set[str]) -> None:
    sent = requested(decided(denied), "duty")
    for each in ("clickone", "2222222222.1795210000", "jane.doe@example.com", "customer-17"):
        assert each.encode() in sent


# One copy


@pytest.mark.parametrize(
    ("denied", "copies"),
    [
        (set(), [{"meta"}, {"ga4", "hook", "second", "ads", "stats", "duty"}]),
        ({AD}, [{"meta"}, {"ga4", "hook", "second", "ads", "stats"}, {"duty"}]),
        ({USER}, [{"meta"}, {"ads"}, {"ga4", "stats"}, {"hook", "second", "duty"}]),
        ({AD, USER}, [{"meta"}, {"ads"}, {"ga4", "hook", "second", "stats"}, {"duty"}]),
    ],
)
def test_destinations_that_may_have_equally_much_share_one_copy(
    denied: set[str], copies: list[set[str]]
) -> None:
    decision = decided(denied)
    by_event: dict[int, set[str]] = {}
    for name, verdict in decision.verdicts.items():
        by_event.setdefault(id(verdict.event), set()).add(name)

    assert sorted(map(sorted, by_event.values())) == sorted(map(sorted, copies))
    assert len(AppendBatch([decision]).payloads) == len(copies)


# Together with the other stages


def one(destination: str, more: str = "") -> Settings:
    text = f"sources: {{site: {{type: collect}}}}\n{more}\ndestinations:\n  it: {{{destination}}}\n"
    return parse_settings(text, "shop.yaml", {})


HOOK = "type: webhook, url: 'https://shop.example/', consent: []"


def left(destination: str, denied: set[str], more: str = "", **fields: Any) -> Event:
    event = decided(denied, one(destination, more), **fields).verdicts["it"].event
    assert event is not None
    return event


def test_the_rules_of_a_destination_see_what_it_may_have() -> None:
    rules = "rules: [{rename: {fbp: browser}}, {when: {fbc: {exists: true}}, set: {ad: true}}]"
    assert left(f"{HOOK}, {rules}", {AD}).keys().isdisjoint({"browser", "ad", "fbp"})
    assert left(f"{HOOK}, {rules}", set())["browser"] == EVENT["fbp"]


def test_its_when_sees_the_whole_event() -> None:
    assert "fbp" not in left(f"{HOOK}, when: {{fbp: {{exists: true}}}}", {AD})


def test_a_rule_that_denies_consent_counts() -> None:
    deny = "rules: [{when: {event_name: purchase}, set: {consent.ad_storage: denied}}]"
    assert "fbp" not in left(HOOK, set(), deny)


def test_an_anonymised_event_keeps_no_field_that_was_denied_even_if_the_owner_names_it() -> None:
    hook = "type: webhook, url: 'https://shop.example/', on_denied: anonymise"
    keep = f"{hook}, anonymised_fields: [my_ad_cookie, order_size]"
    own = "consent: {fields: {ad_storage: [my_ad_cookie]}}"
    fields = {"my_ad_cookie": "7", "order_size": "large"}

    event = left(keep, {AD, ANALYTICS}, own, **fields)

    assert (event["anonymised"], event["order_size"]) == (True, "large")
    assert "my_ad_cookie" not in event
    assert "my_ad_cookie" in left(keep, {ANALYTICS}, own, **fields)
    assert "my_ad_cookie" in left(f"{keep}, field_consent: off", {AD, ANALYTICS}, own, **fields)


def test_anonymised_events_are_shared_too() -> None:
    hook = "type: webhook, url: 'https://shop.example/', on_denied: anonymise"
    text = (
        "sources: {site: {type: collect}}\ndestinations:\n"
        f"  a: {{{hook}, anonymised_fields: [x, y]}}\n  b: {{{hook}, anonymised_fields: [y, x]}}\n"
        f"  c: {{{hook}}}\n  d: {{{hook}, purpose: advertising}}\n"
    )
    verdicts = decided({AD, ANALYTICS}, parse_settings(text, "shop.yaml", {})).verdicts
    a, b, c, d = (verdict.event for verdict in verdicts.values())
    assert a is b
    assert c is d
    assert a is not c


def test_a_held_event_is_projected_when_it_is_released() -> None:
    nothing_said = {name: value for name, value in EVENT.items() if name != "consent"}
    default = (
        "server: {hash_salt: a-salt-of-the-shop}\n"
        "consent: {hold: {seconds: 60}, regions: [], default: {ad_storage: denied}}"
    )
    settings = one("type: webhook, url: 'https://shop.example/'", default)
    decide = compile_pipeline(settings)
    held = decide(read_event(nothing_said), replace(received(), page_token="p" * 32))
    assert held.verdicts["it"].decision == "held"
    assert held.held_consent is not None

    later = with_statement(held.held_consent.event, consent({AD, USER}))
    sent = decide(later, held.held_consent.received).verdicts["it"].event

    assert sent is not None
    assert sent["client_id"] == EVENT["client_id"]
    assert sent.keys().isdisjoint({"fbp", "fbc", "click_ids", "user_data"})


def test_what_a_lookup_knows_of_a_person_needs_consent_too(tmp_path: Path) -> None:
    (tmp_path / "crm.csv").write_text(
        "id,email,phone_number,segment\nu1,ada@x.example,+49151,gold\n"
    )
    settings = parse_settings(
        f"""
sources: {{site: {{type: collect}}}}
lookups:
  crm: {{key: user_id, add: [email, phone_number, segment], file: {tmp_path / "crm.csv"}}}
destinations:
  ads: {{type: webhook, url: "https://a.example/", purpose: advertising, consent: []}}
"""
    )
    decide = compile_pipeline(settings)
    for state, has_person in (("denied", False), ("granted", True)):
        event = {"event_name": "x", "user_id": "u1", "consent": dict.fromkeys((AD, USER), state)}
        sent = decide(event, Received("site", NOW)).verdicts["ads"].event
        assert sent is not None
        assert sent["segment"] == "gold"
        assert sent.keys().isdisjoint({"email", "phone_number"})
        assert ("user_data" in sent) is has_person


# In words


def traced(denied: set[str], name: str) -> list[str]:
    event = {**EVENT, "consent": consent(denied)}
    lines: list[str] = explain(SETTINGS, event, NOW)["destinations"][name]["trace"]
    return lines


def test_explain_says_what_was_removed_and_why() -> None:
    (line,) = traced({AD}, "hook")
    assert line.startswith("field consent: ")
    assert line.endswith(" removed (ad_storage denied)")
    for name in ("fbp", "fbc", "click_ids", "gcl_au", "URL parameter gclid"):
        assert name in line
    assert "clickone" not in line


def test_explain_says_nothing_where_nothing_was_removed() -> None:
    assert traced(set(), "hook") == []


@pytest.mark.parametrize("denied", [set(), {AD}])
def test_explain_says_where_field_consent_is_off(denied: set[str]) -> None:
    assert traced(denied, "duty") == [
        "field consent: off, so no field is removed even if its consent type was denied"
    ]
