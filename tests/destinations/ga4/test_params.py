"""Event fields that GA4 accepts become parameters, truncated to its limits."""

import pytest

from gateway.event import Event, read_event
from gateway.stages.vendor_cookies import ADVERTISING_BROWSERS
from tests.destinations.conftest import Example
from tests.support.ga4_destination import ga4, params, remarks_about


def test_fields_of_ones_own_are_parameters_when_ga4_can_take_them(
    example: Example, now: float
) -> None:
    plain = params(example("contact"), now)
    given = {
        "plan": "pro",
        "seats": 5,
        "ratio": 0.5,
        "trial": True,
        "empty": "",
        "nothing": None,
        "list": [1],
        "object": {"a": 1},
        "x-ga-gcs": "G111",
        "ga_debug": "1",
        "google_x": "1",
        "firebase_x": "1",
        "firebase_conversion": 1,
        "_hidden": "1",
        "9": "1",
        "n" * 41: "1",
    }
    event = read_event({**example("contact"), **given})
    assert params(event, now) == {
        **plain,
        "plan": "pro",
        "seats": 5,
        "ratio": 0.5,
        "trial": "true",
    }


def test_what_enrichment_found_out_is_no_parameter(example: Example, now: float) -> None:
    """GA4 derives these values itself, and limits the number of an event's parameters."""
    found = {
        "channel_group": "Paid Search",
        "referrer": {"hostname": "www.google.com", "source": "google", "type": "search"},
        "bot": {"is_bot": False, "score": 40, "reason": "", "reasons": ["no Accept-Language"]},
        "items_quantity": 3,
        "items_value": 59.8,
        "value_converted": 64.58,
        "currency_converted": "USD",
    }
    assert params(example("purchase", **found), now) == params(example("purchase"), now)


def test_browsers_of_advertising_platforms_are_no_parameters(example: Example, now: float) -> None:
    """The gateway adds them to every event of a visitor with these platforms' cookies."""
    cookies = dict.fromkeys(ADVERTISING_BROWSERS, "123e4567-e89b-12d3-a456-426614174000")
    event = example("purchase", **cookies)
    assert params(event, now) == params(example("purchase"), now)
    assert remarks_about(event, now) == []


@pytest.mark.parametrize(
    ("field", "longest"),
    [
        ("page_title", 300),
        ("page_referrer", 420),
        ("page_location", 1000),
        ("method", 100),
        ("anything", 100),
    ],
)
def test_text_is_cut(field: str, longest: int, example: Example, now: float) -> None:
    event = example("contact", **{field: "x" * 2000})
    assert params(event, now)[field] == "x" * longest


def test_of_too_many_parameters_the_important_ones_stay(example: Example, now: float) -> None:
    event = read_event({**{f"own_{n}": n for n in range(30)}, **example("purchase")})
    kept = params(event, now)
    assert len(kept) == 25
    assert {"session_id", "currency", "value", "transaction_id", "items", "page_location"} <= set(
        kept
    )


def test_engagement_time_is_a_whole_number(example: Example, now: float) -> None:
    assert params(example("contact", engagement_time_msec=120.7), now)["engagement_time_msec"] == (
        120
    )


@pytest.mark.parametrize("engagement", [0, -5, 0.4])
def test_engagement_is_never_nothing(engagement: float, example: Example, now: float) -> None:
    event = example("contact", engagement_time_msec=engagement)
    assert params(event, now)["engagement_time_msec"] == 1


def test_what_has_to_be_cut_or_left_out_is_remarked(example: Example, now: float) -> None:
    event = example(
        "purchase",
        page_title="x" * 301,
        ga_session_id="GS2.1.",
        colours=["red"],
        ga_own="1",
        user_properties={"plan": "x" * 37, "user_id": "1"},
        items=[{"item_id": "A", "colour": ["red"]}, {"price": 1}],
    )
    assert remarks_about(event, now) == [
        "user_properties.plan: truncated to 36 characters",
        "user_properties.user_id: removed because GA4 does not accept a user property with this "
        "name",
        "ga_session_id: removed because it is not a GA4 session id",
        "items: removed items without item_id and item_name",
        "items.colour: removed because GA4 does not accept lists or objects",
        "page_title: truncated to 300 characters",
        "colours: removed because GA4 does not accept lists or objects",
        "ga_own: removed because GA4 does not accept a parameter with this name",
    ]


def test_what_fits_is_not_remarked_upon(examples: list[Event], now: float) -> None:
    assert all(remarks_about(event, now) == [] for event in examples)


def test_debug_mode_is_on_or_absent(example: Example, now: float) -> None:
    """GA4 switches debug mode on even for ``false``."""
    assert params(example("contact"), now, ga4(debug_mode=True))["debug_mode"] is True
    assert params(example("contact", debug_mode=True), now)["debug_mode"] is True
    assert "debug_mode" not in params(example("contact", debug_mode=False), now)


def test_a_missing_value_is_the_sum_of_the_items(example: Example, now: float) -> None:
    assert params(example("purchase", value=None), now)["value"] == 59.8
    assert params(example("purchase", value=0), now)["value"] == 0
    assert "value" not in params(example("view_item_list"), now)


def test_an_empty_transaction_id_would_merge_orders(example: Example, now: float) -> None:
    assert "transaction_id" not in params(example("purchase", transaction_id=""), now)


def test_own_properties_are_parameters_and_none_of_ga4s() -> None:
    own = {
        "timestamp": "9 am",
        "value": "high",
        "items": 3,
        "debug_mode": False,
        "ga_x": 1,
        "o": {},
    }
    event = {"event_name": "quiz", "client_id": "1.2", "page_title": "T", "params": own}
    given = params(event, 0.0)
    assert given == {
        "timestamp": "9 am",
        "value": "high",
        "page_title": "T",
        "engagement_time_msec": 1,
    }
    assert params({**event, "value": 5}, 0.0)["value"] == 5
    assert params({**event, "params": "text"}, 0.0)["params"] == "text"


def test_the_code_of_metas_tests_is_no_parameter(example: Example, now: float) -> None:
    assert "test_event_code" not in params(example("contact", test_event_code="TEST1"), now)


def test_what_only_meta_needs_is_no_parameter_and_no_remark(example: Example, now: float) -> None:
    of_meta = {
        "action_source": "website",
        "content_ids": ["A"],
        "contents": [{"id": "A"}],
        "data_processing_options": ["LDU"],
        "event_source_url": "https://shop.example/",
        "external_id": "17",
        "lead_event_source": "crm",
        "num_items": 2,
        "opt_out": True,
    }
    event = example("contact", **of_meta)
    assert params(event, now) == params(example("contact"), now)
    assert remarks_about(event, now) == []


def test_what_gtag_is_told_for_itself_is_no_parameter_and_no_remark(
    example: Example, now: float
) -> None:
    settings = {
        "send_to": "G-TEST000001",
        "event_timeout": 2000,
        "transport_type": "beacon",
        "ads_data_redaction": True,
        "url_passthrough": True,
    }
    event = example("contact", **settings)
    assert params(event, now) == params(example("contact"), now)
    assert remarks_about(event, now) == []


def test_what_googles_tags_tell_googles_servers_is_no_parameter_and_no_remark(
    example: Example, now: float
) -> None:
    internal = {
        "x-ga-gcs": "G111",
        "x-ga-system_properties": {"ss": "1"},
        "x-sst-system_properties": {"etld": "example"},
    }
    event = example("contact", **internal)
    assert params(event, now) == params(example("contact"), now)
    assert remarks_about(event, now) == []


def test_the_id_of_an_event_is_the_first_to_go(example: Example, now: float) -> None:
    own = {f"own_{n:02}": n for n in range(17)}
    kept = params(read_event({**example("contact"), **own, "event_id": "e"}), now)
    assert len(kept) == 25
    assert "event_id" not in kept
    assert own.keys() <= kept.keys()
