"""The strict LinkedIn, X, Microsoft and OpenAI accept all that our destinations send; the first
three refuse what is wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from destinations.base import Destination, Request, Response
from destinations.linkedin import LinkedIn, LinkedInSettings
from destinations.microsoft_uet import MicrosoftUET, MicrosoftUETSettings
from destinations.openai_ads import OpenAIAds, OpenAIAdsSettings
from destinations.x import X, XSettings
from gateway.testing.events import FIELDS, NOW, SAMPLES, readable
from tests.vendors.all import Vendors

DIGEST = "9b" * 32
IDS = {"purchase": "1", "page_view": "2", "sign_up": "3", "quiz": "4", "quiz_finished": "5"}
MAPPING = {"events": IDS}
TO_LINKEDIN = LinkedIn(LinkedInSettings(access_token="t", mapping=MAPPING, send_names=True))
TO_X = X(XSettings(pixel_id="oabc1", pixel_token="t", mapping=MAPPING, phone_region="DE"))
TO_MICROSOFT = MicrosoftUET(MicrosoftUETSettings(tag_id="1", api_token="t", phone_region="DE"))
TO_OPENAI = OpenAIAds(OpenAIAdsSettings(pixel_id="1", api_key="t", phone_region="DE"))
destinations = pytest.mark.parametrize(
    "destination",
    [TO_LINKEDIN, TO_X, TO_MICROSOFT, TO_OPENAI],
    ids=["linkedin", "x", "microsoft_uet", "openai_ads"],
)

identifiers = st.fixed_dictionaries(
    {},
    optional={
        "click_ids": st.dictionaries(
            st.sampled_from(["li_fat_id", "twclid", "msclkid", "oppref"]),
            st.text(max_size=9) | st.just("c"),
        ),
        "_uetvid": st.text(max_size=9) | st.just("6f1c2d3e4b5a69788796a5b4c3d2e1f0"),
        "gaid": st.just("9f5e8a6c-0b1d-4f7e-8c2a-3d4b5e6f7a8b") | st.text(max_size=9),
        "idfa": st.just("00000000-0000-0000-0000-000000000000") | st.integers(),
    },
)
events = st.lists(
    st.builds(
        lambda *parts: {name: value for part in parts for name, value in part.items()},
        st.sampled_from([{}, *SAMPLES]),
        FIELDS,
        identifiers,
    ),
    max_size=4,
).map(readable)


def vendors() -> Vendors:
    made = Vendors()
    made.linkedin.now = made.x.now = made.microsoft_uet.now = made.openai_ads.now = lambda: NOW
    return made


def outcomes(vendor: Vendors, destination: Destination[Any], request: Request) -> list[str]:
    path = urlsplit(request.url).path
    answer = vendor.answer(request.method, path, request.body, request.headers)
    response = Response(answer.status, answer.headers, answer.body)
    return [each.result for each in destination.outcomes(request, response)]


@destinations
@given(given_events=events)
def test_the_vendor_takes_all_that_we_send(
    destination: Destination[Any], given_events: list[dict[str, Any]]
) -> None:
    recent = [each for each in given_events if NOW - each.get("timestamp", NOW) < 7 * 86_400]
    for request in destination.requests(recent, NOW):
        if isinstance(request, Request):
            found = outcomes(vendors(), destination, request)
            assert found == ["delivered"] * len(request.events)


LINKEDIN = {
    "conversion": "urn:lla:llaPartnerConversion:1",
    "conversionHappenedAt": int(NOW) * 1000,
    "user": {"userIds": [{"idType": "SHA256_EMAIL", "idValue": DIGEST}]},
}
X_ = {
    "conversion_time": "2026-11-21T00:00:00.000Z",
    "event_id": "tw-1-2",
    "identifiers": [{"hashed_email": DIGEST}],
}
MICROSOFT = {
    "eventType": "custom",
    "eventName": "purchase",
    "eventTime": int(NOW),
    "userData": {"em": DIGEST},
}
BODIES: dict[str, tuple[str, dict[str, Any], Callable[[list[Any]], Any], Destination[Any]]] = {
    "linkedin": (
        "https://api.linkedin.com/rest/conversionEvents",
        LINKEDIN,
        lambda data: {"elements": data},
        TO_LINKEDIN,
    ),
    "x": (
        "https://ads-api.x.com/12/measurement/conversions/oabc1",
        X_,
        lambda data: {"conversions": data},
        TO_X,
    ),
    "microsoft_uet": (
        "https://capi.uet.microsoft.com/v1/1/events",
        MICROSOFT,
        lambda data: {"data": data, "dataProvider": "d", "continueOnValidationError": True},
        TO_MICROSOFT,
    ),
}
HEADERS = {
    "authorization": "Bearer t",
    "x-pixel-token": "t",
    "linkedin-version": "202608",
    "x-restli-method": "BATCH_CREATE",
}


@pytest.mark.parametrize(
    ("vendor", "change", "results"),
    [
        ("linkedin", {"conversion": "1"}, ["rejected", "rejected"]),
        ("linkedin", {"conversionHappenedAt": int(NOW)}, ["rejected", "rejected"]),
        ("linkedin", {"conversionHappenedAt": "1"}, ["rejected", "rejected"]),
        ("linkedin", {"conversionValue": {"currencyCode": "EUR", "amount": 1}}, ["rejected"] * 2),
        ("linkedin", {"user": {"userIds": []}}, ["rejected", "rejected"]),
        ("linkedin", {"user": {"userInfo": {"firstName": "Ada"}}}, ["rejected", "rejected"]),
        ("linkedin", {"colour": "red"}, ["rejected", "rejected"]),
        ("x", {"conversion_time": "2026-11-21"}, ["rejected", "rejected"]),
        ("x", {"conversion_time": "2027-11-21T00:00:00.000Z"}, ["rejected", "rejected"]),
        ("x", {"identifiers": [{"hashed_email": "ada@example.com"}]}, ["rejected", "rejected"]),
        ("x", {"identifiers": [{"user_agent": "UA"}]}, ["rejected", "rejected"]),
        ("x", {"value": 59.9}, ["rejected", "rejected"]),
        ("x", {"number_items": 0}, ["rejected", "rejected"]),
        ("microsoft_uet", {"eventTime": int(NOW) * 1000}, ["delivered", "rejected"]),
        ("microsoft_uet", {"userData": {"em": "ada@example.com"}}, ["delivered", "rejected"]),
        ("microsoft_uet", {"userData": {"clientUserAgent": "UA"}}, ["delivered", "rejected"]),
        ("microsoft_uet", {"eventType": "pageLoad"}, ["delivered", "rejected"]),
        ("microsoft_uet", {"customData": {"value": "59.9"}}, ["delivered", "rejected"]),
        ("microsoft_uet", {"customData": {"pageType": "shoes"}}, ["delivered", "rejected"]),
    ],
)
def test_what_is_wrong_with_one_event_is_found(
    vendor: str, change: dict[str, Any], results: list[str]
) -> None:
    url, good, body, destination = BODIES[vendor]
    for second, expected in (({**good, **change}, results), (good, ["delivered", "delivered"])):
        raw = json.dumps(body([good, second])).encode()
        request = Request("POST", url, HEADERS, raw, (0, 1))
        assert outcomes(vendors(), destination, request) == expected
