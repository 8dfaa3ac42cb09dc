"""Strings and lists of accepted categories within `consent`."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.event import Received, read_event
from gateway.event.consent import CONSENT_TYPES
from gateway.event.consent_members import CATEGORIES, NOT_ACCEPTED, with_consent_read
from gateway.stages.consent import ConsentSettings, compile_consent
from tests.support.consent.signals import TCF_ACCEPTED, TCF_REFUSED

STAGE = compile_consent(ConsentSettings())
ADS = {"ad_storage", "ad_user_data", "ad_personalization"}
GOOGLE = {*ADS, "analytics_storage"}
A = {"necessary": True, "preferences": True, "statistics": True, "marketing": True}
ALL = dict.fromkeys(sorted(GOOGLE), "granted")
GPP_ACCEPTED = "DBABBg~BAoAAABA.QA"
"""Of California, without an opt-out."""


def denied(fields: dict[str, Any]) -> set[str]:
    """The Google consent types that are denied in a country whose default grants them."""
    event = read_event({"event_name": "x", "event_location": {"country": "US"}, **fields})
    states = STAGE(event, Received("site", 0.0)).event["consent"]
    return {name for name in GOOGLE if states[name] != "granted"}


@pytest.mark.parametrize(
    ("said", "fields"),
    [
        ({"gcs": "G100"}, {"gcs": "G100"}),
        ({"gcd": "11p1p1p1p5", "npa": 1}, {"gcd": "11p1p1p1p5", "npa": 1}),
        ({"tcString": "C", "gdprApplies": True}, {"tc_string": "C", "gdpr": True}),
        ({"gdpr_consent": "C"}, {"gdpr_consent": "C"}),
        ({"gppString": "D", "applicableSections": [7]}, {"gpp": "D", "gpp_sid": 7}),
        ({"gpp_sid": [7, 8]}, {"gpp_sid": [7, 8]}),
        ({"uspString": "1YYN", "us_privacy": "1YNN"}, {"us_privacy": ["1YYN", "1YNN"]}),
        ({"gdprApplies": False}, {"gdpr": False}),
        ([{"gcs": "G100"}, {"gcs": "G100"}], {"gcs": "G100"}),
        (json.dumps({"gcs": "G100"}), {"gcs": "G100"}),
        ({"gcs": ""}, {"consent_unknown_keys": ["gcs"]}),
        ({"gdpr": "accepted"}, {"consent_unknown_keys": ["gdpr"]}),
        ({"tcString": {"a": 1}}, {"consent_unknown_keys": ["tcString"]}),
    ],
)
def test_strings_in_it_become_fields(said: Any, fields: dict[str, Any]) -> None:
    assert with_consent_read({"consent": said}) == fields


def test_strings_are_told_beside_those_of_the_event() -> None:
    read = with_consent_read({"gcs": "G111", "consent": {"gcs": "G100", "ad_storage": True}})
    assert read == {"gcs": ["G111", "G100"], "consent": {"ad_storage": "granted"}}
    many = [{"gcs": f"G1{n}"} for n in range(20)]
    assert len(with_consent_read({"consent": [many] * 20})["gcs"]) == 20


@pytest.mark.parametrize(
    ("said", "types"),
    [
        ({"gcs": "G100"}, {"ad_storage", "analytics_storage"}),
        ({"gcs": "G101"}, {"ad_storage"}),
        ({"us_privacy": "1YYN"}, {"ad_user_data", "ad_personalization"}),
        ({"tc_string": "cut off"}, GOOGLE),
        ({"tcString": TCF_REFUSED, "gdprApplies": True}, GOOGLE),
        ({"gdprApplies": False}, set()),
        ({"gdpr": False}, GOOGLE),
        ({"tc_string": "denied"}, GOOGLE),
        ({"us_privacy": False}, GOOGLE),
        ({"usp": "1YYN"}, {"ad_user_data", "ad_personalization"}),
        ({"purposes": {"SaleOfInfo": True}, "tcf": TCF_REFUSED}, GOOGLE),
        ({"gdprConsent": {"consentString": TCF_REFUSED, "gdprApplies": True}}, GOOGLE),
        ({"usp": "v1", "tcf": "2.2", "ccpa": True, "consentString": "analytics"}, set()),
        ({"npa": 0}, set()),
        ({"npa": True}, {"ad_personalization"}),
        ({"gpp_sid": [7], "ad_storage": "granted"}, GOOGLE - {"ad_storage"}),
    ],
)
def test_what_strings_in_it_deny(said: Any, types: set[str]) -> None:
    assert denied({"consent": said}) == types


@pytest.mark.parametrize("key", ["gpc", "globalPrivacyControl", "sec_gpc", "isGpcEnabled"])
@pytest.mark.parametrize("value", [True, 1, "1", "true", [False, True]])
def test_global_privacy_control_holds_beside_grants(key: str, value: Any) -> None:
    opted_out = {"ad_user_data", "ad_personalization"}
    for said in ({**ALL, key: value}, {**ALL, "cmp": {key: value}}, [{key: value}, ALL]):
        assert denied({"consent": said}) == opted_out
        assert denied({"consent_state": said}) == opted_out
    assert denied({"consent": {**ALL, key: False}}) == set()
    assert denied({"consent": {key: value}}) == GOOGLE


@pytest.mark.parametrize("key", ["accepted", "acceptedCategories", "categories", "Granted"])
def test_a_list_of_what_was_accepted_denies_the_rest(key: str) -> None:
    assert denied({"consent": {key: ["necessary", "analytics"]}}) == ADS
    assert denied({"consent": {key: ["ads", "analytics"]}}) == set()
    assert denied({"consent": {key: []}}) == GOOGLE
    assert denied({"consent": {key: ["Vendor X", 4]}}) == GOOGLE
    assert denied({"consent": {key: [{"id": "ads"}]}}) == {"analytics_storage"}
    assert denied({"consent": [{key: ["ads"]}, {key: ["analytics"]}]}) == set()
    assert denied({"consent": {key: ["4"], "ad_storage": True}}) == GOOGLE - {"ad_storage"}
    assert denied({"consent": {key: ["ads", "analytics"], "ad_storage": 0}}) == {"ad_storage"}


@pytest.mark.parametrize(
    "said",
    [
        {"tcData": {"tcString": TCF_REFUSED, "gdprApplies": True}},
        {"google": {"gcs": "G100"}},
        {"usp": {"version": 1, "uspString": "1YYY"}},
        {"consent": {"accepted": ["necessary"]}},
        {"cookie": {"categories": ["necessary"]}},
        {"euconsent-v2": TCF_REFUSED},
        *({"accepted": text} for text in ("necessary", "necessary,functional", '["necessary"]')),
        {"granted": "security_storage"},
        {"acceptedCategories": {"necessary": True}},
        {"accepted": {"0": "necessary"}},
        {"accepted": [{"id": "necessary"}]},
        {"categories": ["necessary", None]},
        {"accepted": [""]},
        {"OnetrustActiveGroups": ",C0001,"},
        {"activeGroups": ["C0001"]},
        {"groups": ["C0001:1", "C0004:0"]},
        {"groups": "C0001:1,C0002:0,C0003:0,C0004:0"},
        {"allowedConsentIds": ["C0001"]},
        {"didomiPurposesConsent": "necessary,"},
        {"purposes": {"enabled": ["necessary"]}},
        {"acceptType": "necessary"},
        {"level": ["necessary"]},
        {"update": json.dumps(dict.fromkeys(sorted(GOOGLE), "denied"))},
        {"klaro": '{"meta": false}'},
        {"tarteaucitron": "!facebookpixel=false!gtag=true"},
        {"cookieyes-consent": "consent:no,action:yes,necessary:yes,advertisement:no"},
        {"CookieConsent": "{stamp:'x',necessary:true,marketing:false,method:'explicit'}"},
        *(
            {"marketing": word}
            for word in (
                *("no_consent", "no thanks", "not agreed", "do not consent", "without consent"),
                *("necessary_only", "only_necessary", "withheld", "forbidden", "not_authorized"),
            )
        ),
        *(
            {key: True}
            for key in ("dnt", "ldu", "rdp", "nonPersonalizedAds", "essential_only", "blocked")
        ),
        {"dataProcessingOptions": ["LDU"]},
        {"cookie_banner": "rejected"},
        {"cookiebanner": False},
        {"clickedButton": "decline"},
        {"method": "reject_all"},
        {"consent_type": "denied"},
        {"CookieConsent": "{stamp:%27a+/D==%27%2Cnecessary:true%2Cmarketing:false%2Cver:1}"},
        {"groups": "C0001%3A1%2CC0002%3A0%2CC0004%3A0"},
        {"klaro": "%7B%22meta%22%3Afalse%7D"},
        {"cookie": "marketing:false"},
        {"cookie": "marketing:false,marketing:true"},
        {"groups": ["C0004:0", "C0004:1"]},
        {"uspString": ["1YYN"]},
        {"OnetrustActiveGroups": ",1,"},
        {"OnetrustActiveGroups": ","},
        {"acceptedCategories": ""},
        {"allowed_cookies": ","},
        {"axeptio_authorized_vendors": ",,"},
        {"axeptio_authorized_vendors": ",google_analytics,"},
        {"authorizedVendors": ["google_analytics"]},
    ],
    ids=str,
)
def test_a_denial_in_the_form_of_a_consent_manager_denies(said: dict[str, Any]) -> None:
    event = {"consent": said}
    assert denied(event)
    assert denied({"consent_state": said}) == denied(event)
    assert denied({"consent": {"own": said}}) == denied(event)


@pytest.mark.parametrize(
    "said",
    [
        {**A, "region": "NO", "languageCode": "no"},
        {"region": ["NO", "SE"], "ad_storage": "granted"},
        {"categories": ["ads", "analytics"], "revision": 0},
        {"status": "ALL_ACCEPTED", "required": False},
        {"marketing": "allow", "consent_type": "optout"},
        {**A, "shouldShowBanner": False, "changed": False, "expired": False},
        {**ALL, "url_passthrough": False, "ads_data_redaction": False},
        {"granted": True, "opt_out_url": "https://shop.example/opt-out", "showRejectButton": True},
        {"marketing": True, "gpc": "not detected"},
        {
            "acceptType": "all",
            "acceptedCategories": ["necessary", "analytics", "ads"],
            "rejectedCategories": [],
            "acceptedServices": {"ads": ["meta"]},
            "rejectedServices": {"necessary": [], "ads": []},
        },
        {
            "tcString": TCF_ACCEPTED,
            "gdprApplies": True,
            "purposeOneTreatment": False,
            "listenerId": 0,
            "vendor": {"consents": {"1": False}},
        },
        {"tcString": TCF_ACCEPTED, "enableAdvertiserConsentMode": False},
        {
            "IABTCF_TCString": TCF_ACCEPTED,
            "IABTCF_gdprApplies": 1,
            "IABTCF_PurposeOneTreatment": 0,
            "IABTCF_VendorLegitimateInterests": "0",
        },
        {
            "gppVersion": "1.1",
            "gppString": GPP_ACCEPTED,
            "applicableSections": [8],
            "cmpDisplayStatus": "disabled",
            "parsedSections": {"usca": [{"SaleOptOut": 2, "SensitiveDataProcessing": [0, 0]}]},
        },
        {"IABGPP_HDR_GppString": GPP_ACCEPTED, "IABGPP_GppSID": "8", "IABGPP_USCA_Gpc": 0},
        ["consent", "update", ALL],
        {"0": "consent", "1": "default", "2": ALL},
        {"gppString": "DBAA", "applicableSections": [-1]},
        {"accepted": "2026-11-21T10:00:00Z"},
        {"accepted": "all"},
        {"categories": ["ALL"]},
        *(
            {**A, **more}
            for more in (
                *({"didomiGDPRApplies": 0}, {"isUserActionCompleted": False}, {"$$duration": 0}),
                *({"prompted": False}, {"isIABGlobal": False}, {"AwaitingReconsent": False}),
                *({"cmplz_consenttype": "optout"}, {"legalBasisCode": "consent_optout"}),
            )
        ),
        {"granted": "explicit"},
        {"purposes": {"Advertising": True}, "confirmed": True, "updated": False},
        {**A, "implied": False},
        {
            "gdpr": {
                "euconsent": TCF_ACCEPTED,
                "gdprApplies": True,
                "consentStatus": {
                    "rejectedAny": False,
                    "consentedAll": True,
                    "granularStatus": {"defaultConsent": False, "previousOptInAll": False},
                },
            }
        },
        {"acceptedCookies": "2026-11-21T10:00:00Z"},
        {"acceptedCategories": None},
        {"shown": "10:00,11:00"},
    ],
    ids=str,
)
def test_what_a_consent_manager_tells_besides_denies_nothing(said: Any) -> None:
    assert denied({"consent": said}) == set()


@pytest.mark.parametrize(
    "query",
    [
        "consent[gcs]=G100",
        'consent={"gcs":"G100"}',
        "consent[accepted][]=necessary",
        "consent.accepted=necessary&consent.accepted=functional",
        f"consent[tcString]={TCF_REFUSED}",
    ],
)
def test_the_same_in_a_query(query: str) -> None:
    event = read_event({"event_name": "x", "event_location": {"country": "US"}})
    states = STAGE(event, Received("site", 0.0, query=query)).event["consent"]
    assert states["ad_storage"] == "denied"


def test_choices_of_the_event_are_told_beside_the_list() -> None:
    said = {"accepted": ["ads", "analytics"]}
    assert denied({"consent": said, "consent_categories": {"ads": False}}) == ADS
    assert denied({"consent": said, "consent_categories": '{"ads": false}'}) == ADS
    repeated = '{"ads": false, "ads": true}'
    assert denied({"consent": said, "consent_categories": repeated}) == ADS
    assert denied({"consent": said, "consent_categories": "?"}) == GOOGLE
    read = with_consent_read({"consent": said, CATEGORIES: None})
    assert read == {CATEGORIES: {NOT_ACCEPTED: False, "ads": True, "analytics": True}}


def test_more_than_is_read_denies() -> None:
    strings = [{"gcs": f"G{n}"} for n in range(20)]
    assert denied({"consent": [strings] * 20 + [{"gcs": "G111"}]}) == GOOGLE
    accepted = [f"vendor {n}" for n in range(300)]
    assert denied({"consent": {"accepted": [*accepted, "ads", "analytics"]}}) == GOOGLE


names = st.sampled_from(
    [
        *("gcs", "gcd", "tcString", "gdprApplies", "gppString", "gpp_sid", "npa", "us_privacy"),
        *("accepted", "categories", "ad_storage", "marketing"),
    ]
)
scalars = st.none() | st.booleans() | st.integers(-3, 2**63) | st.floats() | st.text(max_size=8)
values = scalars | st.lists(scalars, max_size=4) | st.dictionaries(names, scalars, max_size=3)


@given(st.dictionaries(names, values, max_size=6), st.sampled_from(CONSENT_TYPES))
def test_nothing_beside_a_denial_takes_it_away(other: dict[str, Any], name: str) -> None:
    read = with_consent_read({"consent": [other, {name: "denied"}]})
    assert read["consent"][name] == "denied"
    assert read == with_consent_read({"consent": [other, {name: "denied"}]})
