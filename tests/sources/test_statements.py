"""Statements about consent: which fields are statements, and how several values become one."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.event.consent import read_consent
from gateway.sources.statement_fields import may_have_fields, with_fields_expanded
from gateway.sources.statements import (
    MAX_STATEMENTS,
    is_statement,
    last_or_all,
    several,
    statements_in,
    states_consent,
    with_statements,
)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("consent", True),
        ("Consent.ad_storage", True),
        ("consent_categories", True),
        ("ep.consent.ad_storage", True),
        ("epn.consent.ad_storage", True),
        ("analytics_consent", True),
        (" Consent", True),
        ("visitorConsent.ad_storage", True),
        ("user_consent[ad_storage]", True),
        ("epn.analytics_consent", False),
        ("page.consent", False),
        ("gcs", True),
        ("x-ga-gcs", True),
        ("x-ga-mp2-gdpr_consent", True),
        ("sst.us_privacy", True),
        ("gpp_sid", True),
        ("tc_string", True),
        ("tcString", True),
        ("IABUSPrivacy_String", True),
        ("gdprApplies", True),
        ("gpc", True),
        ("gpc_id", False),
        ("", False),
        ("event_name", False),
        ("gcsx", False),
        ("my_gcs", False),
        ("epn.gpp", False),
        ("ad_storage", True),
        ("AdUserData", True),
        ("cookieConsent", True),
        ("ad_storages", False),
    ],
)
def test_fields_about_consent(name: str, expected: bool) -> None:
    assert is_statement(name) is expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["a"], "a"),
        (["a", "a"], "a"),
        (["a", "b", "a"], ["a", "b"]),
        (["", "a"], ["", "a"]),
        ([{"a": 1}, {"a": 2}], [{"a": 1}, {"a": 2}]),
    ],
)
def test_several_values_are_a_list_of_those_that_differ(values: list[Any], expected: Any) -> None:
    assert several(values) == expected


@given(st.lists(st.text(max_size=5), max_size=60), st.sampled_from(["denied", "1YYN", " 0", ""]))
def test_a_value_is_kept_or_cut_where_all_is_denied(others: list[str], denial: str) -> None:
    value = several([*others, denial])
    kept = value if isinstance(value, list) else [value]
    assert denial in kept or len(kept) == MAX_STATEMENTS


def test_one_value_more_is_kept_than_the_consent_stage_reads() -> None:
    grants = [{"ad_storage": "granted"}] * (MAX_STATEMENTS - 1)
    assert read_consent(several(grants))[0]["ad_storage"] == "granted"
    assert read_consent(several([*grants, *grants]))[0]["ad_storage"] == "denied"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        *((denial, True) for denial in ("no", " No ", "false", "0", "denied", False, 0, 0.0)),
        *((denial, True) for denial in ("rejected", "DENY", "opted_out", "off")),
        *((stated, True) for stated in ("{", ' [{"a": 1}]', '[ {"a": 1}]', "[\n{", [], {"a": 1})),
        *((other, False) for other in ("yes", "true", True, 1, "I agree", "no thanks", None)),
        *((other, False) for other in ("[object Object]", "[ object Object]", "note", 2)),
    ],
)
def test_a_property_called_consent_states_something_or_is_of_the_page(
    value: object, expected: bool
) -> None:
    assert states_consent(value) is expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"consent.ad_storage":0}', True),
        (b'{"Consent.ad_storage":0}', True),
        (b'{"CONSENT[ad_storage]":0}', True),
        (b'{"consent_default.ad_storage":0}', True),
        (rb'{"\u0063onsent.ad_storage":0}', True),
        (rb'{"consent\u002ead_storage":0}', True),
        (rb'{"consent\u005Bad_storage]":0}', True),
        (rb'{"\u0043\u006F\u006E\u0073\u0065\u006E\u0074\u002E\u0061d_storage":0}', True),
        (rb'{"consent":{"ad_storage":"granted"},"page":"caf\u00e9\u2026"}', False),
        (b'{"consent":{"ad_storage":"granted"},"page":"a.b[c"}', False),
    ],
)
def test_a_body_may_have_fields_in_any_case(body: bytes, expected: bool) -> None:
    assert may_have_fields(body) is expected
    fields = {"event_name": "a", **orjson.loads(body)}
    stated = {name: value for name, value in with_fields_expanded(fields).items() if value != "a"}
    assert all("." not in name and "[" not in name for name in stated)


def test_of_repeated_fields_the_last_counts_except_for_statements() -> None:
    fields = [("a", "1"), ("gcs", "G100"), ("a", "2"), ("gcs", "G111"), ("npa", "1")]
    assert last_or_all(fields) == {"a": "2", "gcs": ["G100", "G111"], "npa": "1"}


def test_an_empty_value_states_nothing_except_of_a_named_type() -> None:
    empty = {"consent": "", "consent.x": "", "consent_id": None, "gcs": "", "gpp_sid": [], "a": 1}
    assert statements_in(empty | {"gdpr": 0, "npa": False}) == {
        "consent.x": "",
        "gdpr": 0,
        "npa": False,
    }


@pytest.mark.parametrize(
    ("message", "envelope", "expected"),
    [
        ({"a": 1}, {}, {"a": 1}),
        ({"a": 1}, {"gcs": "x"}, {"a": 1, "gcs": "x"}),
        ({"gcs": "y"}, {"gcs": "x"}, {"gcs": ["x", "y"]}),
        ({"gcs": ["y", "x"]}, {"gcs": ["x", "z"]}, {"gcs": ["x", "z", "y"]}),
        ({"consent": {}}, {"consent": {"a": 1}}, {"consent": {"a": 1}}),
        ({"consent": {"a": 2}}, {"consent": {"a": 1}}, {"consent": [{"a": 1}, {"a": 2}]}),
    ],
)
def test_what_the_envelope_states_stands_before_what_the_message_states(
    message: dict[str, Any], envelope: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert with_statements(message, envelope) == expected
