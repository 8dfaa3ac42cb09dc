"""The consent stage's counters can be read back, and no sender can invent one."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.event import Received
from gateway.event.consent import CONSENT_TYPES
from gateway.stages.consent import ConsentSettings, compile_consent
from gateway.stages.consent.counts import (
    Conflict,
    ConsentCounts,
    UnknownPlace,
    conflict_counter,
    default_counter,
    read_consent_counts,
    source_default,
    unknown_keys_counter,
    unknown_place_counter,
    unreadable_counter,
)

CONFIG: dict[str, Any] = {
    "regions": [{"in": ["DE", "US-CA"], "default": {"ad_storage": "denied"}}],
    "cookies": {"tc": "tcf", "gpp": "gpp", "one": "onetrust", "bot": "cookiebot"},
}
SOURCES: dict[str, Any] = {"shop": {"ad_storage": "granted"}}
STAGE = compile_consent(ConsentSettings.model_validate(CONFIG), SOURCES)


def test_every_counter_is_read_back() -> None:
    counts = {
        default_counter("default for DE"): 2,
        default_counter(source_default("shop")): 5,
        conflict_counter("cookie one", "event"): 3,
        conflict_counter("gcs", "tcf"): 4,
        unknown_place_counter("site", "no_address"): 6,
        unreadable_counter("gdpr=1 without a tcf string"): 7,
        unknown_keys_counter("site"): 8,
        "received:site": 100,
    }
    assert read_consent_counts(counts) == ConsentCounts(
        defaults={"default of source shop": 5, "default for DE": 2},
        source_defaults={"shop": 5},
        conflicts=[Conflict("gcs", "tcf", 4), Conflict("cookie one", "event", 3)],
        unknown_places=[UnknownPlace("site", "no_address", 6)],
        unreadable={"gdpr=1 without a tcf string": 7},
        unknown_keys={"site": 8},
    )


def test_a_gateway_that_has_counted_nothing_has_nothing_to_show() -> None:
    assert read_consent_counts({"received:site": 1}) == ConsentCounts(
        conflicts=[], unknown_places=[]
    )


def test_the_largest_numbers_come_first() -> None:
    counts = {default_counter(name): events for name, events in (("b", 1), ("a", 1), ("c", 9))}
    assert [*read_consent_counts(counts).defaults] == ["c", "a", "b"]


@pytest.mark.parametrize("name", ["consent_conflicts:", "consent_conflicts:a", "consent_defaults:"])
def test_a_counter_that_is_cut_off_is_read_all_the_same(name: str) -> None:
    read_consent_counts({name: 1})


@pytest.mark.parametrize(
    ("trusted", "fields", "depends"),
    [
        (True, {}, True),
        (True, {"consent": {"analytics_storage": "denied"}}, True),
        (True, {"consent": {"ad_storage": "granted"}}, False),
        (True, {"consent_default": {"ad_storage": "denied"}}, False),
        (False, {}, False),
    ],
)
def test_an_event_depends_on_the_default_of_its_source_where_nothing_else_decides(
    trusted: bool, fields: dict[str, Any], depends: bool
) -> None:
    consented = STAGE({"event_name": "x", **fields}, Received("shop", 0.0, trusted=trusted))
    counted = read_consent_counts(dict.fromkeys(consented.counts, 1))
    assert counted.source_defaults == ({"shop": 1} if depends else {})


def test_where_no_place_matters_none_is_unknown() -> None:
    stage = compile_consent(ConsentSettings(regions=[]))
    consented = stage({"event_name": "x", "ip_override": ""}, Received("site", 0.0))
    assert consented.counts == ("consent_defaults:default",)
    assert "unknown" not in consented.line


FORGED = "X7:forged"
TEXTS = st.sampled_from([FORGED, "", "1", "denied", "granted", "G100", "1YYN", f"DBABMA~{FORGED}"])
CHOICES = st.dictionaries(TEXTS | st.sampled_from(["marketing", "C0004"]), st.booleans())
STATES = st.dictionaries(st.sampled_from(CONSENT_TYPES), st.sampled_from(["granted", "denied"]))
PLACES = st.fixed_dictionaries(
    {},
    optional={
        "country": st.sampled_from(["DE", "FR", "US", "EU", "XX", FORGED]),
        "region": st.sampled_from(["CA", "NY", FORGED]),
    },
)
SIGNALS = [
    "gcd",
    "gcs",
    "npa",
    "gdpr",
    "tc_string",
    "gpp",
    "gpp_sid",
    "us_privacy",
    "x-ga-gcs",
]
EVENTS = st.fixed_dictionaries(
    {"event_name": TEXTS},
    optional={
        "consent": STATES,
        "consent_categories": CHOICES,
        "consent_default": STATES,
        "consent_unknown_keys": st.lists(TEXTS),
        "event_location": PLACES,
        "claimed_location": PLACES,
        "ip_override": TEXTS,
        **{name: TEXTS | st.lists(TEXTS, max_size=3) for name in SIGNALS},
    },
)


@given(EVENTS, st.lists(st.tuples(st.sampled_from([*CONFIG["cookies"], FORGED]), TEXTS)), TEXTS)
def test_nothing_that_a_sender_writes_becomes_part_of_a_counter(
    event: dict[str, Any], cookies: list[tuple[str, str]], query: str
) -> None:
    headers = {"cookie": "; ".join(f"{name}={value}" for name, value in cookies)}
    received = Received(
        "site",
        0.0,
        headers=headers,
        query=f"gcs={query}&consent[{query}]={query}&tc_string={query}",
    )
    counts = STAGE(event, received).counts
    assert "forged" not in json.dumps(counts)
    assert len(counts) == len({*counts})
