"""Consent outside `consent`: in objects with other names, and in fields named after types."""

from typing import Any

import pytest

from gateway.event import Event, Received
from gateway.stages.consent import Consented, ConsentSettings, compile_consent

EVERYTHING = ("ad_storage", "analytics_storage", "ad_user_data", "ad_personalization")
STAGE = compile_consent(ConsentSettings())


def consented(event: Event, query: str = "") -> Consented:
    """The result for an event from the USA, where the default grants everything."""
    here = {"event_name": "page_view", "event_location": {"country": "US"}, **event}
    return STAGE(here, Received("site", 0.0, query=query))


def denied(event: Event, query: str = "") -> set[str]:
    states = consented(event, query).event["consent"]
    return {name for name in EVERYTHING if states.get(name) != "granted"}


@pytest.mark.parametrize(
    "name", ["consent_state", "consentState", "Consent_State", "consentStatus", "consent_mode"]
)
def test_an_object_with_another_name_is_a_statement(name: str) -> None:
    said = consented({name: {"ad_storage": "denied", "analytics_storage": True}})
    assert "ad_storage denied (event); analytics_storage granted (event)" in said.line
    assert {"ad_storage", "analytics_storage"}.isdisjoint(said.unstated)
    assert denied({name: {"marketing": "deny"}}) == {*EVERYTHING}
    assert denied({name: {"ad_storage": "denied"}, "consent": {"ad_storage": "granted"}}) == {
        "ad_storage"
    }


@pytest.mark.parametrize(
    "value",
    [
        '{"ad_storage": "denied"}',
        '{"ad_storage": "denied", "ad_storage": "granted"}',
        [{"ad_storage": "denied"}],
        '[{"analytics_storage": "granted"}, {"ad_storage": "denied"}]',
        ["update", {"ad_storage": False}],
        ['{"ad_storage": "denied"}', '{"ad_storage": "granted"}'],
        [[{"ad_storage": "denied"}]],
    ],
)
def test_the_object_may_be_in_a_text_or_a_list(value: Any) -> None:
    for name in ("consent_state", "userConsent"):
        assert denied({name: value}) == {"ad_storage"}


@pytest.mark.parametrize(
    "text",
    [
        "{'ad_storage': 'denied'}",
        '{"ad_storage": "denied"',
        '{"ad_storage": "denied", "at": NaN}',
        '\ufeff{"ad_storage": "denied"}',
        '"{\\"ad_storage\\": \\"denied\\"}"',
    ],
)
def test_an_object_in_a_text_that_cannot_be_read_denies(text: str) -> None:
    assert denied({"consent_state": text}) == {*EVERYTHING}
    assert denied({"consentStatus": {"ad_storage": True}, "consent_state": text}) == {*EVERYTHING}


@pytest.mark.parametrize(
    "name", ["consents", "userConsent", "cookie_consent", "google_consent", "CONSENT_UPDATE"]
)
def test_objects_that_may_have_anything_deny_types_alone(name: str) -> None:
    event = {name: {"newsletter": False, "ad_storage": "denied", "analytics_storage": True}}
    said = consented(event)
    assert "ad_storage denied (event); analytics_storage granted (default)" in said.line
    assert denied({name: [{"newsletter": False}] * 25}) == set()
    assert denied({name: {"update": {"ad_storage": 0}, "sms": {"on": 0}}}) == {"ad_storage"}
    assert denied({name: {"adStorage": 0}, "consent_state": {"ad_storage": True}}) == {"ad_storage"}
    assert denied({name: [{"ad_storage": True}] * 21}) == {*EVERYTHING}


@pytest.mark.parametrize("name", ["user_consent", "cookieConsent", "consent_data"])
def test_a_text_with_types_that_cannot_be_read_denies_everything(name: str) -> None:
    assert denied({name: "{'ad_storage': 'denied'}"}) == {*EVERYTHING}
    assert denied({name: ["{'ad_storage': 'granted'}"]}) == {*EVERYTHING}
    assert denied({name: "{'newsletter': 'denied'}"}) == set()


@pytest.mark.parametrize(
    "value",
    [
        {"type": "ad_storage", "status": "denied"},
        [{"type": "adStorage", "granted": False}, {"type": "analytics_storage", "granted": True}],
        {"denied": ["ad_storage"], "granted": ["analytics_storage"]},
        {"purposes": [{"name": "ad_storage", "value": "DENIED"}]},
        {"rejected": "ad_storage"},
        {"purposes": '[{"id": "ad-storage", "status": 0}]'},
    ],
    ids=str,
)
def test_a_type_may_be_a_value(value: Any) -> None:
    assert denied({"consents": value}) == {"ad_storage"}


@pytest.mark.parametrize(
    "text",
    [
        "ad_storage:denied,analytics_storage:granted,ad_user_data:granted,ad_personalization:denied",
        "ad_storage=denied&analytics_storage=granted&ad_personalization=denied",
        "%7B%22ad_storage%22%3A%22denied%22%2C%22ad_personalization%22%3A0%7D",
        "%257B%2522ad_storage%2522%253A0%252C%2522ad_personalization%2522%253A0%257D",
        '{"denied": "ad_storage,ad_personalization", "granted": "analytics_storage"}',
        '{"type": "ad_storage|ad_personalization", "status": "denied"}',
        '{"value": "ad_storage:0;ad_personalization:0"}',
        '{"ad_storage": "denied", "ad_personalization": false, "more": "' + 5000 * "x" + '"}',
    ],
    ids=lambda text: text[:40],
)
def test_types_in_a_text(text: str) -> None:
    for name in ("consents", "user_consent", "analytics consent", "consentSettings"):
        assert denied({name: text}) == {"ad_storage", "ad_personalization"}
        assert denied({name: [text]}) == {"ad_storage", "ad_personalization"}


@pytest.mark.parametrize("name", ["consent_state", "consent_mode", "cookieConsent"])
def test_types_in_a_text_that_is_no_json(name: str) -> None:
    text = "ad_storage:{0},analytics_storage:{0},ad_user_data:{0},ad_personalization:{0}"
    assert denied({name: text.format("denied")}) == {*EVERYTHING}
    granted = consented({name: text.format("granted")})
    assert granted.open >= {*EVERYTHING}
    assert denied({name: text.format("granted")}) == set()


def test_a_type_as_a_value_that_is_not_denied() -> None:
    assert denied({"consents": [{"type": "ad_storage", "status": "granted"}]}) == set()
    assert denied({"consents": {"granted": ["ad_storage"], "at": 5}}) == set()


@pytest.mark.parametrize(
    "name", ["consent_state", "Consent-Status", "userConsent", "cookie_consent", "Tracking Consent"]
)
def test_a_word_can_deny_everything(name: str) -> None:
    for value in ("denied", "Rejected", "opt-out", "no", False, ["granted", "denied"]):
        assert denied({name: value}) == {*EVERYTHING}
    for value in ("granted", "pending", "required", True, 0, 1, None, "", "n/a"):
        assert denied({name: value}) == set()


@pytest.mark.parametrize(
    "name",
    [
        *(" consent", "consent\n", "\ufeffconsent", "Consent State", "Consent-State"),
        *("cOnsEnt_sTate", "User Consent", "visitorConsent", "consent_info", "analytics_consent"),
        *("page consent (Google)", "x.consent"),
    ],
)
def test_a_name_may_be_written_in_any_way(name: str) -> None:
    assert denied({name: {"ad_storage": "denied"}}) == {"ad_storage"}
    assert denied({name: {"adStorage": 0}, "consent": {"ad_storage": "granted"}}) == {"ad_storage"}
    assert denied({f"{name}.ad_storage": "denied"}) == {"ad_storage"}
    assert denied({f"{name}[ad_storage]": "denied", name: {"ad_storage": True}}) == {"ad_storage"}


@pytest.mark.parametrize("name", [" consent", "Consent ", "consent\n", "\ufeffconsent"])
def test_a_consent_with_spaces_in_its_name_that_cannot_be_read(name: str) -> None:
    for value in ("nein", 0, "refused it all, thank you", ["granted"], '{"ad_storage"'):
        assert denied({name: value}) == {*EVERYTHING}
    for value in (None, "", [], {}, {"ad_storage": "granted"}, '{"ad_storage": "granted"}'):
        assert denied({name: value}) == set()


def test_strings_and_defaults_in_other_spellings() -> None:
    page = {"Consent Default": {"ad_storage": "denied"}}
    assert denied(page) == {"ad_storage"}
    assert denied({**page, "consent": {"ad_storage": "granted"}}) == set()
    assert denied({"GDPR Consent": "x"}) == {*EVERYTHING}
    assert denied({"Consent Categories": {"analytics": False}}) == {"analytics_storage"}


@pytest.mark.parametrize("name", ["default_consent", "consentDefaults", "Initial Consent"])
def test_defaults_under_other_names_deny_until_the_visitor_chooses(name: str) -> None:
    for value in ({"ad_storage": "denied"}, '{"ad_storage": 0}', [{"page": {"adStorage": "no"}}]):
        assert denied({name: value}) == {"ad_storage"}
        assert denied({name: value, "consent": {"ad_storage": "granted"}}) == set()
    assert denied({f"{name}.ad_storage": "denied"}) == {"ad_storage"}
    for value in ("denied", False, "https://shop.example/", {"newsletter": False}, [], None):
        assert denied({name: value}) == set()


def test_fields_about_consent_that_state_no_type() -> None:
    others = {
        "consent_id": "7f0c",
        "Consent Version": 0,
        "newsletter_consent": False,
        "marketing_consent": {"sms": False, "email": "denied"},
        "consent.url": "https://shop.example/denied",
    }
    assert denied(others) == set()


@pytest.mark.parametrize("value", ["advanced", "denied", True, 0, [], {}, None])
def test_in_a_consent_mode_only_objects_are_statements(value: Any) -> None:
    assert denied({"consent_mode": value}) == set()


@pytest.mark.parametrize(
    "name",
    [
        "ad_storage",
        "adStorage",
        "AD_STORAGE",
        "ad-storage",
        "consent_ad_storage",
        "consentAdStorage",
        "Consent_Ad_Storage",
        "ad_storage_consent",
        "adStorageConsent",
    ],
)
@pytest.mark.parametrize("value", ["denied", "DENY", False, 0, "no", ["granted", "denied"]])
def test_a_type_as_a_field_denies(name: str, value: Any) -> None:
    assert denied({name: value}) == {"ad_storage"}
    assert "ad_storage denied (field of the event)" in consented({name: value}).line


def test_a_type_as_a_field_is_no_word_of_the_visitor() -> None:
    assert "ad_storage" in consented({"ad_storage": "denied"}).open
    assert denied({"ad_storage": "denied", "consent": {"ad_storage": "granted"}}) == set()
    assert "ad_storage granted (default)" in consented({"ad_storage": "granted"}).line


@pytest.mark.parametrize("value", ["", None, "unset", {}, []])
def test_a_type_as_a_field_that_denies_nothing(value: Any) -> None:
    assert denied({"ad_storage": value}) == set()


@pytest.mark.parametrize(
    "name", ["usPrivacy", "usprivacy", "us-privacy", "uspString", "US_Privacy"]
)
def test_strings_are_read_in_the_query_in_other_spellings(name: str) -> None:
    opted_out = {"ad_user_data", "ad_personalization"}
    assert denied({}, f"a=1&{name}=1YYN") == opted_out
    assert denied({}, f"a=1&amp;{name}=1YYN&amp;b=2") == opted_out
    assert denied({}, f"x{name}=1YYN") == set()
    assert denied({}, "gpc=1") == opted_out


@pytest.mark.parametrize(("name", "texts"), [("uspString", ["1YNN", "1YYN"]), ("gpc", [False, 1])])
def test_of_several_strings_all_are_read(name: str, texts: list[Any]) -> None:
    assert denied({name: texts}) == {"ad_user_data", "ad_personalization"}
