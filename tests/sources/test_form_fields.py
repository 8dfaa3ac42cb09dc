"""Query strings and forms as events."""

from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.event import read_event
from gateway.sources.form import expand, form_fields, query_fields, query_value


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("", []),
        ("a=1&b=2", [("a", "1"), ("b", "2")]),
        ("a=x+y%26z", [("a", "x y&z")]),
        ("a=1=2", [("a", "1=2")]),
        ("a=&b&c=1", [("c", "1")]),
        ("&&a=1&", [("a", "1")]),
        ("a=1&amp;b=2&amp;amp=3", [("a", "1"), ("b", "2"), ("amp", "3")]),
        ("a=1&a=2", [("a", "1"), ("a", "2")]),
        ("na%20me=%C3%BC", [("na me", "ü")]),
        ("a=%FF", [("a", "�")]),
        ("a=100%", [("a", "100%")]),
        ("a=é%C3%A9+%2B", [("a", "éé +")]),
        ("a=%E2é%A9%zz", [("a", "\ufffdé\ufffd%zz")]),
        ("a=%2500", [("a", "%00")]),
        ("consent.ad_storage=", [("consent.ad_storage", "")]),
        ("consent%5Bad_storage%5D=&a=", [("consent[ad_storage]", "")]),
        ("CONSENT%2Ead_storage", [("CONSENT.ad_storage", "")]),
        ("consent=&consent[]=&consent.=&consent_id=&gcs=", []),
    ],
)
def test_fields_of_a_query(query: str, fields: list[tuple[str, str]]) -> None:
    assert query_fields(query) == fields


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("a=%00", [("a", "\ufffd")]),
        ("%00=a", [("\ufffd", "a")]),
        ("a=1\0&b=%ff", [("a", "1\ufffd"), ("b", "\ufffd")]),
        ("a=%2500", [("a", "%00")]),
        ("a=%ED%A0%BDx", [("a", "\ufffd" * 3 + "x")]),
        ("a=%F0%9F%94&b=2", [("a", "\ufffd"), ("b", "2")]),
    ],
)
def test_one_bad_character_costs_one_character(query: str, fields: list[tuple[str, str]]) -> None:
    assert query_fields(query) == fields
    assert form_fields(query.encode()) == fields


@pytest.mark.parametrize(
    "query",
    [
        "",
        "key",
        "key=",
        "key=a",
        "a=key",
        "akey=a",
        "key=a&key=b",
        "key=a&key=",
        "b=1&key=a%3Db+c",
        "b=1&amp;key=a",
        "keys=a&key=b",
        "key=%00",
        "key=a=b",
        "a=key=1",
        "key=%E4&b=%E4",
    ],
)
def test_one_value_is_read_without_the_others(query: str) -> None:
    assert query_value(query, "key") == dict(query_fields(query)).get("key", "")


def test_bytes_that_are_not_utf8_cost_these_in_a_form() -> None:
    assert form_fields(b"a=x\xff&b=\xc3") == [("a", "x\ufffd"), ("b", "\ufffd")]


text = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1)


@given(st.lists(st.tuples(text, text)))
def test_what_a_browser_encodes_is_decoded(fields: list[tuple[str, str]]) -> None:
    assert query_fields(urlencode(fields)) == fields


@given(st.text(st.characters(codec="ascii", exclude_characters="\0"), max_size=40))
def test_any_query_reads_as_python_reads_it(query: str) -> None:
    if "%00" not in query:
        assert query_fields(query) == parse_qsl(query)


@pytest.mark.parametrize(
    ("fields", "event"),
    [
        ({"a": "1"}, {"a": "1"}),
        ({"a.b.c": "1", "a.b.d": "2"}, {"a": {"b": {"c": "1", "d": "2"}}}),
        ({"items.0.item_id": "A"}, {"items": [{"item_id": "A"}]}),
        ({"items[0][item_id]": "A"}, {"items": [{"item_id": "A"}]}),
        ({"items[0].item_id": "A"}, {"items": [{"item_id": "A"}]}),
        ({"a.b[c].d[e]": "A"}, {"a": {"b": {"c": {"d": {"e": "A"}}}}}),
        ({"a[b]c": "A", "a[b]c.d": "B"}, {"a[b]c": {"d": "B"}}),
        (
            {"items[0][item_id]": "A", "items.1.price": "1"},
            {"items": [{"item_id": "A"}, {"price": "1"}]},
        ),
        ({"a[b]": "1", "a[c.d]": "2"}, {"a": {"b": "1", "c": {"d": "2"}}}),
        (
            {"a[]": "1", "a[": "2", "[a]": "3", "a]": "4"},
            {"a[]": "1", "a[": "2", "[a]": "3", "a]": "4"},
        ),
        ({"a.10": "c", "a.9": "b", "a.0": "a"}, {"a": ["a", "b", "c"]}),
        ({"a.0": "x", "a.b": "y"}, {"a": {"0": "x", "b": "y"}}),
        ({"0": "x"}, {"0": "x"}),
        ({"a": "1", "a.b": "2"}, {"a": {"b": "2"}}),
        ({"a.b": "2", "a": "1"}, {"a": {"b": "2"}}),
        ({".": "1"}, {"": {"": "1"}}),
        ({"a.²": "1"}, {"a": {"²": "1"}}),
    ],
)
def test_dots_lead_into_objects_and_numbers_make_lists(
    fields: dict[str, str], event: dict[str, Any]
) -> None:
    assert expand(fields.items()) == event


@pytest.mark.parametrize(
    ("query", "event"),
    [
        (
            "items[][item_id]=A&items[][price]=5&items[][item_id]=B&items[][price]=7&items[][qty]=2",
            {"items": [{"item_id": "A", "price": "5"}, {"item_id": "B", "price": "7", "qty": "2"}]},
        ),
        ("items[].item_id=A&items[].item_id=B", {"items": [{"item_id": "A"}, {"item_id": "B"}]}),
        ("u[email][]=a&u[email][]=b&u[ph][]=1", {"u": {"email": ["a", "b"], "ph": ["1"]}}),
        ("a[][b][]=1&a[]b=2&[][a]=3", {"a[][b][]": "1", "a[]b": "2", "[][a]": "3"}),
    ],
)
def test_lists_without_indexes(query: str, event: dict[str, Any]) -> None:
    assert expand(query_fields(query)) == event


def test_of_two_fields_of_one_name_the_last_counts() -> None:
    assert expand([("a", "1"), ("a", "2")]) == {"a": "2"}
    assert expand([("a.gcs", "1"), ("a.gcs", "2")]) == {"a": {"gcs": "2"}}


@pytest.mark.parametrize(
    ("query", "stated"),
    [
        ("consent.ad_storage=denied", {"consent": {"ad_storage": "denied"}}),
        ("consent[ad_storage]=denied", {"consent": {"ad_storage": "denied"}}),
        ("consent%5Bad_storage%5D=denied", {"consent": {"ad_storage": "denied"}}),
        ("Consent[ad_storage][]=denied", {"consent": {"ad_storage": "denied"}}),
        ("consent.ad_storage=", {"consent": {"ad_storage": ""}}),
        ('consent={"ad_storage":"denied"}', {"consent": '{"ad_storage":"denied"}'}),
        ("consent[0][ad_storage]=denied", {"consent": [{"ad_storage": "denied"}]}),
        (
            "integrations.All=false&integrations.All=true&integrations[GA4]=true",
            {"integrations": {"All": ["false", "true"], "GA4": "true"}},
        ),
        ("integrations=%7B%22All%22:0%7D&integrations=", {"integrations": '{"All":0}'}),
        (
            "consent.ad_storage=granted&consent[ad_storage]=denied",
            {"consent": {"ad_storage": ["granted", "denied"]}},
        ),
        (
            "consent.ad_storage=denied&consent.ad_user_data=granted&consent.ad_storage=denied",
            {"consent": {"ad_storage": "denied", "ad_user_data": "granted"}},
        ),
        (
            "consent.ad_storage=denied&consent.ad_storage.x=granted",
            {"consent": {"ad_storage": ["denied", {"x": "granted"}]}},
        ),
        (
            "consent.ad_storage=denied&consent=granted&consent=x",
            {"consent": ["granted", "x", {"ad_storage": "denied"}]},
        ),
        ("consent_id=1&consent_id=2", {"consent_id": ["1", "2"]}),
        ("consent_categories.ads=false", {"consent_categories": {"ads": "false"}}),
        ("consent_categories[1]=true", {"consent_categories": {"1": "true"}}),
        ("consentCategories.1=false", {"consentCategories": {"1": "false"}}),
        ("gcs=G111&gcs=G100&gcs=G111", {"gcs": ["G111", "G100"]}),
        ("gpp_sid=2&x-ga-gcd=a&x-ga-gcd=b", {"gpp_sid": "2", "x-ga-gcd": ["a", "b"]}),
    ],
)
def test_every_statement_about_consent_counts(query: str, stated: dict[str, Any]) -> None:
    assert expand(query_fields(query)) == stated


spellings = st.sampled_from(
    ["consent.ad_storage", "consent[ad_storage]", "Consent.ad_storage", "consent[ad_storage][]"]
)


@given(st.lists(st.tuples(spellings, st.text(max_size=4)), max_size=40), spellings, st.data())
def test_a_denial_survives_among_any_repetitions(
    fields: list[tuple[str, str]], name: str, data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(fields)))
    fields = [*fields[:place], (name, "denied"), *fields[place:]]
    event = read_event({"event_name": "a", **expand(fields)})
    assert event["consent"] == {"ad_storage": "denied"}


def test_endless_dots_end() -> None:
    event = expand([("event_name", "a"), ("a." * 50_000 + "a", "1")])
    assert read_event(event)["surplus_fields"] == [".".join("a" * 32)]
    consent = expand([("event_name", "a"), ("consent" + ".a" * 50_000, "denied")])
    assert read_event(consent)["event_name"] == "a"
