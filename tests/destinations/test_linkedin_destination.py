"""LinkedIn's Conversions API: translation of events, refusals, and the meaning of responses."""

from datetime import date
from typing import Any

import orjson
import pytest
from pydantic import ValidationError

from destinations.base import Outcome, Request, Response, Unsendable
from destinations.linkedin import LinkedIn, LinkedInSettings
from destinations.remarks import collect_remarks
from gateway.event import Event, read_event
from tests.destinations.conftest import Example
from tests.destinations.vectors import of_vendor
from tests.support.digests import digest

MAPPING = {"events": {"purchase": 123456, "generate_lead": "123457"}}
RULE = "urn:lla:llaPartnerConversion:"
DEVICE = "9f5e8a6c-0b1d-4f7e-8c2a-3d4b5e6f7a8b"
NOBODY = {"ip_override": None, "user_data": None}


def linkedin(**settings: Any) -> LinkedIn:
    return LinkedIn(
        LinkedInSettings.model_validate({"access_token": "TOKEN", "mapping": MAPPING, **settings})
    )


def made(event: Event, now: float, **settings: Any) -> Request | Unsendable:
    (result,) = linkedin(**settings).requests([event], now)
    return result


def sent(event: Event, now: float, **settings: Any) -> dict[str, Any]:
    request = made(event, now, **settings)
    assert isinstance(request, Request), request
    (element,) = orjson.loads(request.body)["elements"]
    return element


def refused(event: Event, now: float, **settings: Any) -> str:
    unsendable = made(event, now, **settings)
    assert isinstance(unsendable, Unsendable), unsendable
    return unsendable.reason


def ids(event: Event, now: float, **settings: Any) -> dict[str, str]:
    return {
        each["idType"]: each["idValue"] for each in sent(event, now, **settings)["user"]["userIds"]
    }


# Events


def test_a_purchase_is_a_conversion_by_its_rule(example: Example, now: float) -> None:
    assert sent(example("purchase"), now) == {
        "conversion": f"{RULE}123456",
        "conversionHappenedAt": 1795219200500,
        "user": {
            "userIds": [
                {"idType": "SHA256_EMAIL", "idValue": digest("jane.doe@example.com")},
                {"idType": "PLAINTEXT_IP_ADDRESS", "idValue": "203.0.113.7"},
            ]
        },
        "conversionValue": {"currencyCode": "EUR", "amount": "59.80"},
        "eventId": "01-purchase",
    }


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"click_ids": {"li_fat_id": "li-1"}}, {"LINKEDIN_FIRST_PARTY_ADS_TRACKING_UUID": "li-1"}),
        (
            {"page_location": "https://a.example/?li_fat_id=li-2"},
            {"LINKEDIN_FIRST_PARTY_ADS_TRACKING_UUID": "li-2"},
        ),
        ({"gaid": DEVICE}, {"GOOGLE_AID": DEVICE}),
        ({"user_data": {"aaid": DEVICE}}, {"GOOGLE_AID": DEVICE}),
        ({"user_data": {"madid": DEVICE}, "action_source": "app_android"}, {"GOOGLE_AID": DEVICE}),
        ({"gaid": "00000000-0000-0000-0000-000000000000", "aaid": DEVICE}, {"GOOGLE_AID": DEVICE}),
        ({"ip_override": "203.0.113.7"}, {"PLAINTEXT_IP_ADDRESS": "203.0.113.7"}),
        (
            {"user_data": {"email_address": " Jane Doe@Example.com"}},
            {"SHA256_EMAIL": digest("janedoe@example.com")},
        ),
    ],
)
def test_each_identifier(
    example: Example, now: float, fields: dict[str, Any], found: dict[str, str]
) -> None:
    assert ids(example("purchase", **{**NOBODY, **fields}), now) == found


@pytest.mark.parametrize("vector", of_vendor("linkedin"), ids=lambda v: v["source"][:12])
def test_an_e_mail_address_is_hashed_as_linkedin_has_it(
    example: Example, now: float, vector: dict[str, Any]
) -> None:
    event = example("purchase", user_data={"email_address": vector["input"]})
    assert ids(event, now)["SHA256_EMAIL"] == vector["sha256"]


def test_names_go_only_if_the_settings_say_so(example: Example, now: float) -> None:
    event = example("purchase")
    assert "userInfo" not in sent(event, now)["user"]
    info = sent(event, now, send_names=True)["user"]["userInfo"]
    assert info == {"firstName": "Jane", "lastName": "Doe", "countryCode": "DE"}


def test_names_that_are_hashes_are_none(example: Example, now: float) -> None:
    hashed = {"first_name": digest("jane").upper(), "last_name": digest("doe")}
    clear = {"first_name": "Jane", "last_name": "Doe"}
    person = {"address": [hashed, clear]}
    info = sent(example("purchase", user_data=person), now, send_names=True)["user"]["userInfo"]
    assert info == {"firstName": "Jane", "lastName": "Doe"}
    nobody = example("purchase", **{**NOBODY, "user_data": {"address": hashed}})
    assert "no usable customer information" in linkedin(send_names=True).unsendable(nobody)


@pytest.mark.parametrize(
    ("fields", "value"),
    [
        ({"value": 20}, {"currencyCode": "EUR", "amount": "20.00"}),
        ({"value": 0.1234567}, {"currencyCode": "EUR", "amount": "0.123457"}),
        ({"value": None}, {"currencyCode": "EUR", "amount": "59.80"}),
        ({"value": None, "items": None}, None),
        ({"currency": None}, None),
    ],
)
def test_the_value_is_text_with_a_currency(
    example: Example, now: float, fields: dict[str, Any], value: dict[str, str] | None
) -> None:
    assert sent(example("purchase", **fields), now).get("conversionValue") == value


def test_a_value_without_a_currency_is_remarked(example: Example, now: float) -> None:
    with collect_remarks() as remarks:
        sent(example("purchase", currency=None), now)
    assert remarks == ["value: left out, since LinkedIn takes none without a currency"]


def test_a_mapping_completes_the_user_in_linkedin_s_form(example: Example, now: float) -> None:
    fields = {
        "user.userInfo.title": {"field": "job_title"},
        "user.externalIds": {"field": "crm_id"},
        "user.lead": "urn:li:leadGenFormResponse:1",
    }
    event = example("purchase", job_title="CTO", crm_id="c-1")
    mapping = {**MAPPING, "fields": fields}
    user = sent(event, now, mapping=mapping, send_names=True)["user"]
    assert user["userInfo"]["title"] == "CTO"
    assert (user["externalIds"], user["lead"]) == (["c-1"], "urn:li:leadGenFormResponse:1")
    assert "userInfo" not in sent(event, now, mapping=mapping)["user"], "it has no names"


@pytest.mark.parametrize(("stated", "amount"), [(20, "20.00"), ("7.5", "7.50"), (0, "0.00")])
def test_an_amount_of_a_mapping_is_text(
    example: Example, now: float, stated: object, amount: str
) -> None:
    mapping = {**MAPPING, "fields": {"conversionValue.amount": {"field": "margin"}}}
    value = sent(example("purchase", margin=stated), now, mapping=mapping)["conversionValue"]
    assert value == {"currencyCode": "EUR", "amount": amount}


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"conversionValue.amount": -1}, "conversionValue.amount is negative"),
        ({"conversionValue.amount": "much"}, "conversionValue.amount is not a number"),
        ({"conversionValue.currencyCode": None}, "needs currencyCode and amount"),
        ({"conversionValue": "much"}, "needs currencyCode and amount"),
    ],
)
def test_a_value_of_a_mapping_that_cannot_be_sent(
    example: Example, now: float, fields: dict[str, Any], words: str
) -> None:
    assert words in refused(example("purchase"), now, mapping={**MAPPING, "fields": fields})


# Refusals


@pytest.mark.parametrize(
    ("name", "fields", "words"),
    [
        ("purchase", NOBODY, "no usable customer information"),
        ("purchase", {**NOBODY, "ip_override": "2001:db8::1"}, "no usable customer information"),
        ("purchase", {"value": -1}, "LinkedIn does not support refunds"),
        ("refund", {}, "LinkedIn does not support refunds"),
        ("purchase", {"consent": {"ad_personalization": "denied"}}, "no field that says so"),
        ("purchase", {"consent": {"ad_user_data": "denied"}}, "no field that says so"),
        ("purchase", {"opt_out": True}, "opt_out asks for a restriction, and LinkedIn has no"),
        ("purchase", {"data_processing_options": ["LDU"]}, "data_processing_options asks for"),
    ],
)
def test_what_linkedin_never_counts_is_withheld(
    example: Example, now: float, name: str, fields: dict[str, Any], words: str
) -> None:
    event = example(name, **fields)
    mapping = {"events": {"purchase": 1, "refund": 2}}
    assert words in linkedin(mapping=mapping).unsendable(event)
    assert words in refused(event, now, mapping=mapping)


def test_an_event_without_a_rule_is_not_sent(example: Example, now: float) -> None:
    assert linkedin().mapper.withholds(example("sign_up"))
    assert refused(example("sign_up"), now) == (
        "`mapping.events` has no conversion rule for this event"
    )


def test_a_name_that_is_a_number_reaches_no_other_rule(now: float) -> None:
    event = read_event({"event_name": "999", "ip_override": "203.0.113.7"})
    assert linkedin().mapper.withholds(event)
    assert "no conversion rule" in refused(event, now)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"mapping": {}}, "names no event"),
        ({"mapping": {"events": {"purchase": None}}}, "names no event"),
        ({"mapping": {"events": {"purchase": "Purchase"}}}, "events.purchase: is not an id"),
        ({"mapping": {"events": {"purchase": {"name": "x"}}}}, "events.purchase: is not an id"),
        ({"mapping": {**MAPPING, "other_events": "custom"}}, "other_events: custom"),
        ({"access_token": None}, "exactly one of `access_token` and `credential`"),
        ({"credential": "linkedin"}, "exactly one of `access_token` and `credential`"),
        ({"api_version": "v2026"}, "api_version"),
    ],
)
def test_settings_that_cannot_work_say_why(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        linkedin(**settings)


def test_settings_without_a_mapping_say_what_to_write() -> None:
    with pytest.raises(ValidationError, match="write each with the id of its conversion rule"):
        LinkedInSettings.model_validate({"access_token": "TOKEN"})


# Requests


def test_requests_have_a_version_and_a_token(example: Example, now: float) -> None:
    request = made(example("purchase"), now, api_version="202603")
    assert isinstance(request, Request)
    assert request.headers["linkedin-version"] == "202603"
    assert request.headers["authorization"] == "Bearer TOKEN"
    assert request.headers["x-restli-method"] == "BATCH_CREATE"


def test_with_a_credential_the_gateway_adds_the_token(example: Example, now: float) -> None:
    request = made(example("purchase"), now, access_token=None, credential="linkedin")
    assert isinstance(request, Request)
    assert request.credential == "linkedin"
    assert "authorization" not in request.headers


@pytest.mark.parametrize(
    ("version", "end"),
    [
        ("202511", date(2026, 11, 16)),
        ("202603", date(2027, 3, 16)),
        ("202401", date(2026, 10, 15)),
        ("202608", None),
    ],
)
def test_versions_end(version: str, end: date | None) -> None:
    assert LinkedIn.api_versions is not None
    assert LinkedIn.api_versions.end_of(version) == end


# Responses

TWO = Request("POST", "https://api.linkedin.com/rest/conversionEvents", {}, b"", (0, 1))
DELIVERED = ("delivered", "event")
HALVED = ("rejected", "request")
GUILTY = ("rejected", "event")
LATER = ("retry", "destination")
MEND = ("retry", "configuration")
ERROR = "ERROR :: /conversionValue/amount :: field is required but not found"


def answered(status: int, body: Any = None, headers: dict[str, str] | None = None) -> list[Outcome]:
    raw = body if isinstance(body, bytes) else b"" if body is None else orjson.dumps(body)
    return list(linkedin().outcomes(TWO, Response(status, headers or {}, raw)))


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (201, None, [DELIVERED, DELIVERED]),
        (200, {"elements": [{"status": 201}, {"status": 201}]}, [DELIVERED, DELIVERED]),
        (200, {"elements": [{"status": 201}, {"status": 422}]}, [DELIVERED, GUILTY]),
        (200, {"elements": [{"status": 503}, {"status": 201}]}, [LATER, DELIVERED]),
        (200, {"elements": [{"status": 429}, {"status": 403}]}, [LATER, MEND]),
        (200, {"elements": [{"status": 422}]}, [DELIVERED, DELIVERED]),
        (200, b" <html>welcome</html>", [LATER, LATER]),
        (200, b"\xef\xbb\xbf\r\n<html>welcome</html>", [LATER, LATER]),
        (200, {"status": 401, "message": "The token has expired"}, [MEND, MEND]),
        (201, {"status": 422, "message": f"Index: 1, {ERROR}"}, [HALVED, GUILTY]),
        (200, {"status": 503}, [LATER, LATER]),
        (200, {"status": "422"}, [DELIVERED, DELIVERED]),
        (422, {"message": f"Index: 0, {ERROR}"}, [GUILTY, HALVED]),
        (422, {"message": f"Index: 0, {ERROR}\n{ERROR}\n\nIndex: 1, {ERROR}"}, [GUILTY, GUILTY]),
        (422, {"message": f"Index: 2, {ERROR}"}, [HALVED, HALVED]),
        (422, {"message": ERROR}, [HALVED, HALVED]),
        (400, {"message": "conversionHappenedAt is not valid for indices [1]"}, [HALVED, GUILTY]),
        (400, {"message": "not valid for indices [0, 1]"}, [GUILTY, GUILTY]),
        (400, {"message": "not valid for indices [0, 7]"}, [HALVED, HALVED]),
        (400, {"message": f"not valid for indices [{'9' * 5000}]"}, [HALVED, HALVED]),
        (400, b"<html>", [HALVED, HALVED]),
        (401, {"code": "REVOKED_ACCESS_TOKEN", "message": "revoked"}, [MEND, MEND]),
        (403, {"message": "No ad accounts found"}, [MEND, MEND]),
        (404, None, [MEND, MEND]),
        (426, {"code": "NONEXISTENT_VERSION"}, [MEND, MEND]),
        (423, {"message": "locked"}, [LATER, LATER]),
        (429, {"message": "throttled"}, [LATER, LATER]),
        (500, b"", [LATER, LATER]),
    ],
)
def test_what_an_answer_means(status: int, body: Any, expected: list[tuple[str, str]]) -> None:
    assert [(each.result, each.scope) for each in answered(status, body)] == expected


def test_each_refused_event_gets_its_own_words() -> None:
    message = f"Index: 0, {ERROR}\n\nIndex: 1, ERROR :: /user :: is empty"
    first, second = answered(422, {"message": message})
    assert (first.reason, second.reason) == (ERROR, "ERROR :: /user :: is empty")


@pytest.mark.parametrize(
    ("status", "words"),
    [(401, "set a new one"), (403, "rw_conversions"), (426, "`api_version` has ended")],
)
def test_a_verdict_says_what_to_mend(status: int, words: str) -> None:
    assert words in answered(status, {"message": "no"})[0].reason
