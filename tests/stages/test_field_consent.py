"""The fields that each purpose may receive, for every combination of denied types."""

from __future__ import annotations

import copy
from itertools import combinations
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from gateway.event import Event, read_event
from gateway.event.consent import CONSENT_TYPES
from gateway.stages.consent import ConsentSettings
from gateway.stages.field_consent import (
    FieldConsent,
    Purpose,
    Removed,
    compile_field_consent,
    removed_in_words,
)
from gateway.stages.field_consent.projection import MAX_PIECES, TOO_MANY
from gateway.stages.field_consent.table import EVERY_PURPOSE

AD, ANALYTICS, USER = "ad_storage", "analytics_storage", "ad_user_data"
COVERED = (AD, ANALYTICS, USER)

CLICKS, VISITOR, PERSON, ACCOUNT = "clicks", "visitor", "person", "account"
GROUPS: dict[str, Event] = {
    CLICKS: {
        "click_ids": {"gclid": "Cj0"},
        "fbp": "fb.1.1.2",
        "fbc": "fb.1.1.IwAR",
        "ttclid": "E.",
    },
    VISITOR: {
        "client_id": "1.2",
        "ga_session_id": "3",
        "ga_session_number": 4,
        "x-ga-js_client_id": "1.2",
        "x-ga-ecid": "5",
        "app_instance_id": "6",
        "domain_userid": "7",
        "domain_sessionid": "8",
        "network_userid": "9",
        "previous_id": "10",
    },
    PERSON: {"user_data": {"email_address": "jane@example.com"}, "x-ga-em": "tv.1~em.abc"},
    ACCOUNT: {"user_id": "17"},
}
STAYS: Event = {
    "event_name": "purchase",
    "event_id": "e-1",
    "value": 5,
    "transaction_id": "T-1",
    "page_path": "/thanks",
    "campaign": {"source": "news"},
    "user_properties": {"plan": "pro"},
}

WHAT_GOES: dict[frozenset[str], dict[Purpose, set[str]]] = {
    frozenset(): {"advertising": set(), "analytics": set(), "own": set()},
    frozenset({AD}): {"advertising": {CLICKS}, "analytics": {CLICKS}, "own": {CLICKS}},
    frozenset({USER}): {
        "advertising": {PERSON, ACCOUNT},
        "analytics": {PERSON},
        "own": set(),
    },
    frozenset({ANALYTICS}): {
        "advertising": {VISITOR},
        "analytics": {VISITOR, ACCOUNT},
        "own": {VISITOR},
    },
    frozenset({AD, USER}): {
        "advertising": {CLICKS, PERSON, ACCOUNT},
        "analytics": {CLICKS, PERSON},
        "own": {CLICKS, PERSON},
    },
    frozenset({AD, ANALYTICS}): {
        "advertising": {CLICKS, VISITOR},
        "analytics": {CLICKS, VISITOR, ACCOUNT},
        "own": {CLICKS, VISITOR},
    },
    frozenset({USER, ANALYTICS}): {
        "advertising": {VISITOR, PERSON, ACCOUNT},
        "analytics": {VISITOR, PERSON, ACCOUNT},
        "own": {VISITOR, PERSON},
    },
    frozenset({AD, USER, ANALYTICS}): {
        "advertising": {CLICKS, VISITOR, PERSON, ACCOUNT},
        "analytics": {CLICKS, VISITOR, PERSON, ACCOUNT},
        "own": {CLICKS, VISITOR, PERSON},
    },
}
WHOLE: Event = {**STAYS, **{k: v for fields in GROUPS.values() for k, v in fields.items()}}

by_default = compile_field_consent(ConsentSettings())


def left(
    event: Event, *denied: str, purpose: Purpose = "advertising", by: FieldConsent = by_default
) -> tuple[Event, Removed]:
    project = by(set(CONSENT_TYPES) - set(denied))
    return project(event, purpose) if project else (event, ())


def of(event: Event, *denied: str, purpose: Purpose = "own", **consent: Any) -> Event:
    by = compile_field_consent(ConsentSettings.model_validate(consent))
    return left(event, *denied, purpose=purpose, by=by)[0]


def test_every_combination_is_in_the_table() -> None:
    every = {frozenset(each) for n in range(4) for each in combinations(COVERED, n)}
    assert WHAT_GOES.keys() == every


@pytest.mark.parametrize("purpose", EVERY_PURPOSE)
@pytest.mark.parametrize("denied", WHAT_GOES, ids=lambda types: "+".join(sorted(types)) or "none")
def test_what_goes(denied: frozenset[str], purpose: Purpose) -> None:
    before = copy.deepcopy(WHOLE)
    gone = {name for group in WHAT_GOES[denied][purpose] for name in GROUPS[group]}

    event, removed = left(WHOLE, *denied, purpose=purpose)

    assert event == {name: value for name, value in WHOLE.items() if name not in gone}
    assert {name for name, _ in removed} == gone
    assert {by for _, by in removed} <= denied
    assert before == WHOLE


def test_cookies_of_stapes_tags_go_like_the_fields_that_they_hold() -> None:
    person = {"_gtmeec": "eyJlbSI6ImFiYyJ9", "stape_klaviyo_email": "jane@example.com"}
    clicks = {"_dm_session_attributes": "6", "stape_klaviyo_kx": "7", "ps_id": "8"}
    event = {**STAYS, "common_cookie": {**person, **clicks, "awin_source": "aw"}}

    assert of(event, AD)["common_cookie"] == {**person, "awin_source": "aw"}
    assert of({**STAYS, "ps_id": "a shop's own"}, AD)["ps_id"] == "a shop's own"
    assert of(event, AD, USER)["common_cookie"] == {"awin_source": "aw"}
    advertising, _ = left(event, USER)
    assert advertising["common_cookie"] == {**clicks, "awin_source": "aw"}
    visitor = {**STAYS, "cookies": {"_dcid": "dcid.1.1795289657142.1", "awin_source": "aw"}}
    assert of(visitor, ANALYTICS)["cookies"] == {"awin_source": "aw"}


@pytest.mark.parametrize("name", sorted(set(CONSENT_TYPES) - set(COVERED)))
def test_other_types_cover_no_field(name: str) -> None:
    assert by_default(set(CONSENT_TYPES) - {name}) is None


def test_what_is_not_granted_is_denied() -> None:
    project = by_default(set())
    assert project is not None
    assert project(WHOLE, "own")[0].keys().isdisjoint(GROUPS[CLICKS])


# In any place


@pytest.mark.parametrize(
    ("event", "denied", "stays"),
    [
        ({"shelf": {"fbp": "1", "row": 2}}, AD, {"shelf": {"row": 2}}),
        ({"list": [{"fbc": "1", "a": 2}, 3]}, AD, {"list": [{"a": 2}, 3]}),
        ({"user_properties": {"gclid": "1", "a": 2}}, AD, {"user_properties": {"a": 2}}),
        ({"campaign": {"dclid": "1", "source": "n"}}, AD, {"campaign": {"source": "n"}}),
        ({"user_data": {"madid": "1", "em": "2"}}, AD, {"user_data": {"em": "2"}}),
        ({"ScCid": "1", "sccid": "1", "x-ga-mp2-gclid": "1"}, AD, {}),
        ({"contexts": [{"data": {"userId": "1"}}]}, ANALYTICS, {"contexts": [{"data": {}}]}),
        ({"x-ga-system_properties": {"fplc": "1", "ee": True}}, ANALYTICS,
         {"x-ga-system_properties": {"ee": True}}),
    ],
)  # fmt: skip
def test_a_field_goes_wherever_it_stands(event: Event, denied: str, stays: Event) -> None:
    assert left(event, denied)[0] == stays


IN_OTHER_PLACES: list[tuple[Event, Event, str]] = [
    ({"user_data": {"fbp": "fb.1.1.2", "gender": "f"}}, {"fbp": "fb.1.1.2"}, AD),
    ({"user_data": {"_fbc": "fb.1.1.IwAR"}}, {"fbc": "fb.1.1.IwAR"}, AD),
    ({"_fbp": "fb.1.1.2", "_fbc": "fb.1.1.IwAR"}, {"fbp": "fb.1.1.2", "fbc": "fb.1.1.IwAR"}, AD),
    ({"gclid": "Cj0", "fbclid": "IwAR"}, {"click_ids": {"gclid": "Cj0", "fbclid": "IwAR"}}, AD),
    ({"click_ids": {"gclid": "GCL.1699999999.Cj0"}}, {"click_ids": {"gclid": "Cj0"}}, AD),
    ({"gclid": "GCL.1699999999.Cj0"}, {"click_ids": {"gclid": "Cj0"}}, AD),
    ({"client_id": "GA1.1.111.222"}, {"client_id": "111.222"}, ANALYTICS),
]


@pytest.mark.parametrize("purpose", EVERY_PURPOSE)
@pytest.mark.parametrize(("sent", "found", "denied"), IN_OTHER_PLACES)
def test_ids_in_other_places_are_read_there_and_go_from_there(
    sent: Event, found: Event, denied: str, purpose: Purpose
) -> None:
    event = read_event({"event_name": "purchase", **sent})
    assert found.items() <= event.items()
    others = {AD, ANALYTICS} - {denied}
    assert found.items() <= left(event, *others, purpose=purpose)[0].items()
    less = left(event, denied, purpose=purpose)[0]
    assert less.keys() <= {"event_name", "user_data"}
    assert less.get("user_data", {}).keys() <= {"gender"}


# URLs


@pytest.mark.parametrize("field", ["page_location", "page_referrer", "link_url", "page_path"])
@pytest.mark.parametrize(
    "parameter",
    [*("gclid", "gbraid", "wbraid", "dclid", "fbclid", "msclkid", "ttclid", "li_fat_id", "twclid"),
     *("ScCid", "epik", "_gl", "_gac", "GCLID")],
)  # fmt: skip
def test_click_parameters_need_ad_storage_and_campaigns_nothing(field: str, parameter: str) -> None:
    url = f"https://shop.example/?{parameter}=x&utm_source=news&utm_id=7#{parameter}=y"
    event = {field: url}
    assert left(event, AD)[0] == {field: "https://shop.example/?utm_source=news&utm_id=7"}
    assert left(event, USER) == (event, ())


@pytest.mark.parametrize("parameter", ["_gl", "gw_link", "_ga", "_sp", "ajs_aid"])
def test_links_that_carry_the_visitor_need_analytics_storage(parameter: str) -> None:
    event = {"link_url": f"https://other.example/?a=1&{parameter}=x"}
    assert left(event, ANALYTICS)[0] == {"link_url": "https://other.example/?a=1"}


def test_urls_in_lists_and_objects_too() -> None:
    event = {"items": [{"url": "/p?fbclid=x", "item_id": "A"}], "own": {"urls": ["/p?gclid=x"]}}
    assert left(event, AD)[0] == {
        "items": [{"url": "/p", "item_id": "A"}],
        "own": {"urls": ["/p"]},
    }


# One copy for all


def test_purposes_that_may_have_equally_much_get_the_same_event() -> None:
    project = by_default(set(CONSENT_TYPES) - {AD})
    assert project is not None
    one, *others = [project(WHOLE, purpose)[0] for purpose in EVERY_PURPOSE]
    assert all(other is one for other in others)

    both = by_default(set(CONSENT_TYPES) - {AD, USER})
    assert both is not None
    assert both(WHOLE, "analytics")[0] is both(WHOLE, "own")[0]
    assert both(WHOLE, "analytics")[0] is not both(WHOLE, "advertising")[0]


@pytest.mark.parametrize(
    ("field", "denied"),
    [
        ("x-ga-mp2-fbp", AD),
        ("x-ga-mp2-fbc", AD),
        ("x-ga-mp2-_gcl_au", AD),
        ("x-ga-mp2-gclid", AD),
        ("x-ga-mp2-_ga", ANALYTICS),
        ("x-ga-mp2-_ga_ABC123", ANALYTICS),
        ("session_cookie", ANALYTICS),
        ("__utma", ANALYTICS),
        ("_ga_ABC123", ANALYTICS),
    ],
)
def test_identifiers_under_the_names_of_tools(field: str, denied: str) -> None:
    inner = {field: "GS1.1.5", "name": "a"}
    event = {"event_name": "x", **inner, "contexts": [{"data": {"session_cookies": [inner]}}]}
    rest, removed = left(event, denied)
    assert removed == ((field, denied),)
    less = {"name": "a"}
    assert rest == {"event_name": "x", **less, "contexts": [{"data": {"session_cookies": [less]}}]}
    kept, _ = left(event, *({AD, ANALYTICS} - {denied}))
    assert kept == event


def test_a_name_with_the_mark_of_a_prefix_inside_stays() -> None:
    event = {"event_name": "x", "my_ga_id": "1", "_gallery": "2"}
    assert left(event, ANALYTICS)[0] is event


@pytest.mark.parametrize("times", range(5))
def test_a_parameter_goes_however_often_its_url_is_encoded(times: int) -> None:
    url = "https://shop.example/?gclid=abc"
    for _ in range(times):
        url = quote(url, safe="")
    rest, _ = left({"event_name": "x", "redirect": url}, AD)
    assert "gclid" not in rest["redirect"]


@pytest.mark.parametrize("piece", ["a%3d;", "%3d;", "a%25253d;", "a=1&", "?=", "#a=1"])
def test_more_parameters_than_can_be_searched_go_with_their_text(piece: str) -> None:
    event = {"event_name": "a", "x": piece * (MAX_PIECES + 1), "y": "gclid=1&a=1", "z": "kept"}
    less, removed = left(event, "ad_storage")
    assert less == {"event_name": "a", "x": "[redacted]", "y": "a=1", "z": "kept"}
    assert removed == ((TOO_MANY, "ad_storage"), ("URL parameter gclid", "ad_storage"))


def test_as_many_as_can_be_searched_stay() -> None:
    event = {"event_name": "a", "x": ["a=1&" * 1000] * (MAX_PIECES // 1000)}
    assert left(event, "ad_storage") == (event, ())


def test_an_event_without_such_fields_stays_the_same_object() -> None:
    assert left(STAYS, *COVERED)[0] is STAYS


def test_two_events_do_not_share_what_is_left() -> None:
    project = by_default(set())
    assert project is not None
    lefts = [project({"event_name": str(n), "fbp": "1"}, "own")[0]["event_name"] for n in range(50)]
    assert lefts == list(map(str, range(50)))


# The owner's own fields


def test_a_name_of_the_owners_goes_wherever_it_stands_and_a_path_there_alone() -> None:
    fields = {AD: ["my_ad_cookie", "user_properties.ad_id", "items.*.tracking"]}
    event = {
        "my_ad_cookie": "1",
        "own": {"my_ad_cookie": "1", "ad_id": "2"},
        "user_properties": {"ad_id": "1", "plan": "pro"},
        "items": [{"tracking": "1"}, {"item_id": "B"}],
    }
    assert of(event, AD, fields=fields) == {
        "own": {"ad_id": "2"},
        "user_properties": {"plan": "pro"},
        "items": [{}, {"item_id": "B"}],
    }
    assert of(event, ANALYTICS, fields=fields) == event


def test_fields_may_need_any_type() -> None:
    event = {"size": "XL", "plan": "pro"}
    fields = {"personalization_storage": ["size"]}
    assert of(event, "personalization_storage", fields=fields) == {"plan": "pro"}


def test_parameters_of_the_owners() -> None:
    event = {"page_location": "/p?My_Click=1&a=2&gclid=3"}
    parameters = {AD: ["my_click"]}
    assert of(event, AD, url_parameters=parameters) == {"page_location": "/p?a=2"}
    assert of(event, ANALYTICS, url_parameters=parameters) == event


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ({"fields": {AD: ["consent.ad_storage"]}}, "required in every event"),
        ({"fields": {AD: ["event_name"]}}, "required in every event"),
        ({"fields": {AD: ["items.tracking"]}}, "items is a list"),
        ({"fields": {AD: ["page_location.host"]}}, "is read-only"),
        ({"fields": {AD: [""]}}, "is not a path"),
        ({"fields": {"ads": ["x"]}}, "Input should be 'ad_storage'"),
        ({"fields": {AD: ["user_properties.ad_*"]}}, "only at the end of a name without dots"),
        ({"fields": {AD: ["*_cookie"]}}, "only at the end of a name without dots"),
        ({"fields": {AD: ["*my_*"]}}, "only at the end of a name without dots"),
        ({"url_parameters": {AD: ["a=b"]}}, "should match pattern"),
        ({"url_parameters": {AD: ["my_*"]}}, "`*` is no pattern here; name each parameter"),
    ],
)
def test_a_mistake_is_found_at_start(setting: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        ConsentSettings.model_validate(setting)


# In words


def test_in_words() -> None:
    event = {**WHOLE, "page_location": "/p?gclid=x"}
    assert removed_in_words(left(event, AD)[1]) == (
        "click_ids, fbp, fbc, ttclid, URL parameter gclid removed (ad_storage denied)"
    )
    words = removed_in_words(left({"fbp": "1", "user_data": {}}, AD, USER)[1])
    assert words == "fbp removed (ad_storage denied); user_data removed (ad_user_data denied)"
    assert removed_in_words(()) == ""


# Laws

_json = st.recursive(
    st.none() | st.integers() | st.text("?&=#a%3Dgclidfbc", max_size=12),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["fbp", "gclid", "client_id", "user_data", "contexts", "a", "data"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=10,
)


@given(
    fields=st.dictionaries(st.text(max_size=6), _json, max_size=4),
    denied=st.sets(st.sampled_from(COVERED)),
    purpose=st.sampled_from(EVERY_PURPOSE),
)
def test_of_any_event_what_is_left_has_nothing_more_to_lose(
    fields: Event, denied: set[str], purpose: Purpose
) -> None:
    event = {"event_name": "any", "own": fields}
    before = copy.deepcopy(event)

    once, removed = left(event, *denied, purpose=purpose)

    assert event == before
    assert (once is event) == (not removed)
    assert left(once, *denied, purpose=purpose) == (once, ())
    assert read_event(once)["event_name"] == "any"
