"""The pipeline: the order of its stages, and the reason for each event that is withheld."""

from dataclasses import replace
from typing import Any

import pytest

from destinations.meta import Meta
from gateway.configuration.load import parse_settings
from gateway.event import Event, Received, read_event
from gateway.pipeline.compile import compile_pipeline
from gateway.pipeline.decision import Decision, Verdict
from gateway.pipeline.routes import required_consent
from gateway.stages.bound_counts import ignored_fields

NOW = 1_795_000_000.0
BERLIN, ZURICH, DALLAS = "85.214.132.117", "130.59.31.80", "8.8.8.8"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"

SOURCES = "sources: {site: {type: collect}}\n"
META = 'type: meta, pixel_id: "1", access_token: t'
GA4 = "type: ga4, measurement_id: G-1, api_secret: s"
WEBHOOK = 'type: webhook, url: "https://shop.example/"'
UNCHANGED = f"{WEBHOOK}, ip: full"
ONE = f"destinations: {{web: {{{WEBHOOK}}}}}\n"


def received(address: str = DALLAS, **headers: str) -> Received:
    lower = {name.replace("_", "-"): value for name, value in headers.items()}
    return Received("site", NOW, address, FIREFOX, lower)


def decide(text: str, event: dict[str, Any], by: Received | None = None) -> Decision:
    if "enrichment" not in text:
        text += "\nenrichment: []\n"
    decide_on = compile_pipeline(parse_settings(SOURCES + text, environment={}))
    return decide_on({"event_name": "page_view", **event}, by or received())


def reasons(decision: Decision) -> dict[str, tuple[str, str]]:
    return {name: (each.stage, each.reason) for name, each in decision.verdicts.items()}


def test_a_decision_is_complete() -> None:
    text = SOURCES + ONE + "rules: [{name: mark, set: {a: 1}}]\nenrichment: []\n"
    text += "identity: {visitor_cookie: null}\n"
    settings = parse_settings(text, environment={})

    decision = compile_pipeline(settings)({"event_name": "page_view", "event_id": "1"}, received())

    event = {
        "event_name": "page_view",
        "event_id": "1",
        "timestamp": NOW,
        "ip_override": DALLAS,
        "user_agent": FIREFOX,
        "event_location": {"country": "US"},
        "consent": decision.event["consent"],
        "a": 1,
    }
    sent = {**event, "ip_override": "8.8.8.0"}
    assert decision == Decision(
        event,
        {"web": Verdict(sent)},
        ("mark",),
        "site",
        NOW,
        settings.version,
        stated_visitor=f"\0{DALLAS}\0{FIREFOX}",
        counts=("consent_defaults:default",),
    )
    assert set(decision.event["consent"].values()) == {"granted"}
    assert len(decision.version) == 12


@pytest.mark.parametrize(
    "found",
    [
        "event_id: {exists: true}, ip_override: 8.8.8.8",  # completed
        "event_location.country: US",
        "consent.ad_storage: granted",
        "bot.is_bot: false, page_path: /a",  # enriched
    ],
)
def test_the_rules_see_what_the_stages_before_them_found(found: str) -> None:
    text = f"{ONE}enrichment: [bot, page]\nrules: [{{when: {{{found}}}, set: {{a: 1}}}}]"
    assert decide(text, {"page_location": "https://shop.example/a"}).applied == ("rule 1",)


def test_the_place_is_known_before_consent_even_without_the_enrichment() -> None:
    decision = decide(ONE + "enrichment: []", {}, received(BERLIN))
    assert decision.event["event_location"] == {"country": "DE"}
    assert decision.event["consent"]["ad_storage"] == "denied"


def test_nobody_is_located_when_nothing_depends_on_it() -> None:
    decision = decide(ONE + "enrichment: []\nconsent: {regions: []}", {}, received(BERLIN))
    assert "event_location" not in decision.event


def test_the_order_in_the_file_changes_nothing() -> None:
    sections = [
        ONE,
        "rules: [{set: {a: 1}}]\n",
        "consent: {default: {ad_storage: denied}, regions: []}\n",
        "enrichment: [geo, page, bot]\n",
    ]
    event = {"event_id": "1", "page_location": "https://shop.example/a"}
    one, other = decide("".join(sections), event), decide("".join(reversed(sections)), event)
    assert (one.event, one.verdicts) == (other.event, other.verdicts)


ROUTED = f"""
rules:
  - {{name: stop, when: {{event_name: stop}}, drop: true}}
destinations:
  web:
    {UNCHANGED.replace(", ", chr(10) + "    ")}
    when: {{event_name: [purchase, stop, test]}}
    consent: [analytics_storage, ad_storage]
    rules:
      - {{name: no tests, when: {{test: true}}, drop: true}}
      - {{name: mark, set: {{marked: true}}}}
  all: {{{UNCHANGED}, consent: []}}
"""


@pytest.mark.parametrize(
    ("event", "stage", "reason"),
    [
        ({"event_name": "stop"}, "rules", "dropped by rule 'stop': event_name is \"stop\""),
        (
            {"event_name": "scroll"},
            "when",
            '"when" matches only if event_name is "purchase", "stop" or "test"',
        ),
        (
            {"event_name": "purchase", "consent": {"ad_storage": "denied"}},
            "consent",
            "no consent for ad_storage",
        ),
        (
            {"consent": {"ad_storage": "denied", "analytics_storage": "denied"}},
            "consent",
            "no consent for analytics_storage, ad_storage",
        ),
        ({"test": True}, "destination rules", "dropped by rule 'no tests': test is true"),
        # the first stage that withholds the event is named
        ({"event_name": "scroll", "consent": {"ad_storage": "denied"}}, "when", None),
        ({"test": True, "consent": {"ad_storage": "denied"}}, "consent", None),
        ({"event_name": "stop", "consent": {"ad_storage": "denied"}}, "rules", None),
    ],
)
def test_an_event_is_withheld_with_its_reason(
    event: dict[str, Any], stage: str, reason: str | None
) -> None:
    decision = decide(ROUTED, {"event_name": "purchase", **event})
    verdict = decision.verdicts["web"]
    assert (verdict.event, verdict.stage) == (None, stage)
    assert verdict.reason == reason or (reason is None and verdict.reason)
    if stage == "rules":  # for every destination
        assert all(each == verdict for each in decision.verdicts.values())
    else:
        assert decision.verdicts["all"] == Verdict(decision.event)


def test_rules_of_a_destination_are_told_of_there() -> None:
    decision = decide(ROUTED, {"event_name": "purchase"})
    assert decision.applied == ()
    assert decision.verdicts["web"].applied == ("mark",)
    assert decide(ROUTED, {"event_name": "test", "test": True}).verdicts["web"].applied == (
        "no tests",
    )


def test_rules_of_a_destination_change_its_event_alone() -> None:
    decision = decide(
        f"""
destinations:
  a: {{{UNCHANGED}, rules: [{{remove: [user_data]}}]}}
  b: {{{UNCHANGED}, rules: [{{hash: [user_data.email_address]}}, {{set: {{b: 1}}}}]}}
  c: {{{UNCHANGED}}}
""",
        {"user_data": {"email_address": "abc"}},
    )
    a, b, c = (decision.verdicts[name].event for name in "abc")
    assert a == {key: value for key, value in decision.event.items() if key != "user_data"}
    assert b is not None
    assert b["b"] == 1
    assert b["user_data"]["email_address"].startswith("ba7816bf")
    assert c is decision.event
    assert decision.event["user_data"] == {"email_address": "abc"}


def test_the_salt_of_the_server_is_the_key_everywhere() -> None:
    decision = decide(
        f"""
server: {{hash_salt: key}}
rules: [{{hash: [a]}}]
destinations: {{web: {{{UNCHANGED}, rules: [{{hash: [b]}}]}}}}
""",
        {"a": "abc", "b": "abc"},
    )
    hmac = "9c196e32dc0175f86f4b1cb89289d6619de6bee699e4c378e68309ed97a1a6ab"
    assert decision.event["a"] == hmac
    assert (decision.verdicts["web"].event or {})["b"] == hmac


@pytest.mark.parametrize(
    ("settings", "required"),
    [
        (META, ["ad_storage", "ad_user_data"]),
        (GA4, ["analytics_storage"]),
        (WEBHOOK, ["analytics_storage"]),
        (f"{META}, consent: [ad_personalization]", ["ad_personalization"]),
        (f"{META}, consent: []", []),
    ],
)
def test_consent_that_a_kind_of_destination_needs(settings: str, required: list[str]) -> None:
    text = f"destinations: {{a: {{{settings}}}}}"
    parsed = parse_settings(SOURCES + text, environment={})
    assert list(required_consent(parsed.destinations["a"])) == required
    for denied in required:
        verdict = decide(text, {"consent": {denied: "denied"}}).verdicts["a"]
        assert (verdict.stage, verdict.reason) == ("consent", f"no consent for {denied}")
    granted = dict.fromkeys(required, "granted")
    assert decide(text, {"consent": granted}, received(BERLIN)).verdicts["a"].event is not None


@pytest.mark.parametrize(
    ("settings", "address"),
    [
        (META, DALLAS),  # it matches people by their addresses
        (GA4, "8.8.8.0"),
        (WEBHOOK, "8.8.8.0"),
        (f"{META}, ip: anonymised", "8.8.8.0"),
        (f"{META}, ip: none", None),
        (f"{GA4}, ip: none", None),
        (f"{WEBHOOK}, ip: full", DALLAS),
    ],
)
def test_how_much_of_the_address_a_destination_gets(settings: str, address: str | None) -> None:
    text = f"destinations: {{a: {{{settings}, when: {{ip_override: {DALLAS}}}}}}}"
    text += "\nenrichment: [geo]"
    decision = decide(text, {"user_id": "customer-17"})
    sent = decision.verdicts["a"].event
    assert sent is not None
    assert sent.get("ip_override") == address
    assert sent["event_location"] == {"country": "US"}
    assert decision.event["ip_override"] == DALLAS


def test_rules_of_a_destination_have_no_more_of_the_address_than_it_gets() -> None:
    rule = "{rename: {ip_override: network}}"
    decision = decide(f"destinations: {{a: {{{WEBHOOK}, rules: [{rule}]}}}}", {})
    sent = decision.verdicts["a"].event
    assert sent is not None
    assert sent["network"] == "8.8.8.0"
    assert DALLAS not in str(sent)


EVERYONE = f"destinations: {{meta: {{{META}}}, ga4: {{{GA4}}}, all: {{{WEBHOOK}, consent: []}}}}"


@pytest.mark.parametrize("address", [BERLIN, ZURICH])
def test_where_consent_is_asked_for_first_silence_is_a_no(address: str) -> None:
    assert reasons(decide(EVERYONE, {}, received(address))) == {
        "meta": ("consent", "no consent for ad_storage, ad_user_data"),
        "ga4": ("consent", "no consent for analytics_storage"),
        "all": ("", ""),
    }


def test_elsewhere_silence_is_a_yes() -> None:
    assert set(reasons(decide(EVERYONE, {})).values()) == {("", "")}


NO_ANALYTICS = ("consent", "no consent for analytics_storage")


def test_where_a_trusted_event_says_it_was_counts_more_than_its_address() -> None:
    backend = replace(received(), trusted=True, backend=True)
    for country, expected in (("FR", NO_ANALYTICS), ("US", ("", ""))):
        event = {"event_location": {"country": country}, "ip_override": DALLAS, "client_id": "1.2"}
        assert reasons(decide(EVERYONE, event, backend))["ga4"] == expected


def test_where_a_page_says_it_was_only_denies() -> None:
    event = {"event_location": {"country": "FR"}}
    decision = decide(EVERYONE, event)
    assert reasons(decision)["ga4"] == NO_ANALYTICS
    assert decision.event["event_location"] == {"country": "US"}


def test_global_privacy_control_denies_advertising() -> None:
    said = {"consent": {"ad_storage": "granted", "ad_user_data": "granted"}}
    assert reasons(decide(EVERYONE, said, received(sec_gpc="1"))) == {
        "meta": ("consent", "no consent for ad_user_data"),
        "ga4": ("", ""),
        "all": ("", ""),
    }


def test_consent_is_what_the_rules_left() -> None:
    text = EVERYONE + "\nrules: [{when: {staff: true}, set: {consent.ad_storage: denied}}]"
    assert reasons(decide(text, {"staff": True}))["meta"] == (
        "consent",
        "no consent for ad_storage",
    )


QUARANTINE = f"""
schemas: {{page_view: {{schema: {{required: [value]}}, on_mismatch: quarantine}}}}
destinations: {{a: {{{WEBHOOK}, consent: [ad_storage]}}, b: {{{WEBHOOK}, consent: [ad_user_data]}}}}
"""


@pytest.mark.parametrize(
    ("consent", "kept"),
    [
        ({"ad_storage": "granted", "ad_user_data": "denied"}, True),
        ({"ad_storage": "denied", "ad_user_data": "denied"}, False),
    ],
)
def test_only_what_somebody_may_have_is_kept_in_quarantine(
    consent: dict[str, str], kept: bool
) -> None:
    decision = decide(QUARANTINE, {"consent": consent})
    assert bool(decision.quarantine) == kept
    assert {each.stage for each in decision.verdicts.values()} == {"schemas"}


def test_what_a_destination_can_never_send_is_withheld() -> None:
    granted = {"consent": dict.fromkeys(("ad_storage", "ad_user_data"), "granted")}
    rule = "rules: [{set: {value: -1}}]"
    event = {"event_name": "purchase", "user_id": "customer-17", **granted}
    verdict = decide(f"destinations: {{a: {{{META}, {rule}}}}}", event).verdicts["a"]
    assert (verdict.event, verdict.stage) == (None, "destination")
    assert verdict.reason == "value is negative: Meta does not support refunds"
    assert verdict.applied == ("rule 1",)


def test_a_destination_that_fails_to_judge_an_event_gets_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(self: Meta, event: Event) -> str:
        raise RuntimeError("a fault in a destination")

    monkeypatch.setattr(Meta, "unsendable", fail)
    granted = {"consent": dict.fromkeys(("ad_storage", "ad_user_data"), "granted")}
    assert decide(f"destinations: {{a: {{{META}}}}}", granted).verdicts["a"].event is not None


def test_an_ignored_field_is_told_counted_and_usable_in_rules() -> None:
    rule = "when: {ignored_fields.*.field: value}, set: {value_was_odd: true}"
    text = ONE + f"rules: [{{name: odd value, {rule}}}]"
    raw = {"event_name": "page_view", "value": "a lot", "items": [{"price": "x"}, {"price": "y"}]}

    decision = decide(text, read_event(raw))

    assert decision.steps[0].words == (
        "ignored because of an invalid value: value (not a number), items.price (not a number)"
    )
    assert decision.applied == ("odd value",)
    assert decision.event["value_was_odd"] is True
    counts = dict.fromkeys(decision.counts, 1)
    assert ignored_fields(counts) == {("site", "value"): 1, ("site", "items.price"): 1}


def test_no_name_of_a_senders_becomes_the_name_of_a_counter() -> None:
    fields = {f"name {number}": 1 for number in range(300)}
    decision = decide(ONE, read_event({"event_name": "page_view", "value": "a lot", **fields}))
    assert ignored_fields(dict.fromkeys(decision.counts, 1)) == {("site", "value"): 1}
    again = decide(ONE, decision.event)
    assert ignored_fields(dict.fromkeys(again.counts, 1)) == {("site", "value"): 1}
