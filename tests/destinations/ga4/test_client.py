"""A request states the user properties and the consent of its client once."""

from typing import Any

import pytest

from tests.destinations.conftest import Example
from tests.support.ga4_destination import ga4, requests_of, sent

_TYPES = ("ad_storage", "analytics_storage", "ad_user_data", "ad_personalization")


def test_user_properties(example: Example, now: float) -> None:
    given = {
        "plan": "x" * 40,
        "ltv": 12.5,
        "boxed": {"value": "pro"},
        "nothing": None,
        "n" * 25: 1,
        "ga_x": 1,
        "user_id": 1,
    }
    body = sent(example("contact", user_properties=given), now)
    assert body["user_properties"] == {
        "plan": {"value": "x" * 36},
        "ltv": {"value": 12.5},
        "boxed": {"value": "pro"},
    }
    many = {f"p{n}": n for n in range(30)}
    assert len(sent(example("contact", user_properties=many), now)["user_properties"]) == 25


@pytest.mark.parametrize(
    ("consent", "sent_consent", "has_user_data"),
    [
        ({"ad_user_data": "denied"}, {"ad_user_data": "DENIED"}, False),
        ({"ad_personalization": "denied"}, {"ad_personalization": "DENIED"}, True),
        ({"analytics_storage": "granted"}, None, True),
        (None, None, True),
    ],
)
def test_consent_is_passed_on_and_personal_data_is_not_without_it(
    consent: dict[str, str] | None,
    sent_consent: dict[str, str] | None,
    has_user_data: bool,
    example: Example,
    now: float,
) -> None:
    body = sent(example("purchase", consent=consent), now)
    assert body.get("consent") == sent_consent
    assert ("user_data" in body) == has_user_data


@pytest.mark.parametrize(
    ("asked", "user_data", "personalisation"),
    [
        ({"opt_out": True}, "granted", "denied"),
        ({"data_processing_options": ["LDU"]}, "denied", "denied"),
        ({"opt_out": False, "data_processing_options": []}, "granted", "granted"),
    ],
    ids=str,
)
def test_what_an_event_asks_for_is_denied(
    asked: dict[str, Any], user_data: str, personalisation: str, example: Example, now: float
) -> None:
    granted = dict.fromkeys(_TYPES, "granted")
    event = example("purchase", consent=granted, **asked)
    body = sent(event, now)
    assert body["consent"] == {
        "ad_user_data": user_data.upper(),
        "ad_personalization": personalisation.upper(),
    }
    assert ("user_data" in body) == (user_data == "granted")
    states = {"ad_user_data": user_data, "ad_personalization": personalisation}
    refused = example("purchase", consent={**granted, **states})
    gtag = ga4(transport="gtag", api_secret=None)
    hit, hit_of_refusal = (requests_of(gtag, [each], now)[0] for each in (event, refused))
    assert hit.url == hit_of_refusal.url


@pytest.mark.parametrize("stated", [1795219200000000, None, 0, -1, 1.5, True, "1795219200000000"])
def test_a_user_property_may_say_when_it_was_set(
    example: Example, now: float, stated: object
) -> None:
    given = {"tier": {"value": "gold", "timestamp_micros": stated}}
    (property_,) = sent(example("contact", user_properties=given), now)["user_properties"].values()
    is_time = type(stated) is int and stated > 0
    assert property_ == {"value": "gold"} | ({"timestamp_micros": stated} if is_time else {})
