"""Consent from several signals at once: a denial holds, and the trace names the decisive one."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.event import Received
from gateway.sources.ga4.hit import to_event
from gateway.stages.consent import ConsentSettings, compile_consent, readers, signals

FIXTURE = Path(__file__).parents[2] / "fixtures" / "consent" / "strings.json"
STRINGS = json.loads(FIXTURE.read_text())
TCF = {string["name"]: string["text"] for string in STRINGS["tcf"]}
GPP = {string["name"]: string["text"] for string in STRINGS["gpp"]}

FOUR = ("ad_storage", "analytics_storage", "ad_user_data", "ad_personalization")
OPTED_OUT = ("ad_user_data", "ad_personalization")
WORDS = {"g": "granted", "d": "denied"}

HERE = {"event_location": {"country": "US"}}

NOTHING_ELSE: dict[str, Any] = {"default": {}, "regions": []}
"""No defaults, so every state in the result comes from the event or the request."""

COOKIES = {
    "euconsent-v2": "tcf",
    "gpp": "gpp",
    "CookieConsent": "cookiebot",
    "OptanonConsent": "onetrust",
    "uc": "usercentrics",
}


def combine(
    event: dict[str, Any],
    headers: dict[str, str] | None = None,
    config: dict[str, Any] | None = None,
) -> tuple[str, str]:
    """The states of `FOUR` as letters (`gd--`), and the line of the trace."""
    stage = compile_consent(
        ConsentSettings.model_validate({**NOTHING_ELSE, "cookies": COOKIES, **(config or {})})
    )
    received = Received("site", 1_795_000_000.0, headers=headers or {})
    consented, line, *_ = stage({"event_name": "page_view", **HERE, **event}, received)
    return "".join(consented["consent"].get(name, "-")[0] for name in FOUR), line


def said(letters: str) -> dict[str, str]:
    return {
        name: WORDS[letter] for name, letter in zip(FOUR, letters, strict=True) if letter in WORDS
    }


ACCEPTED, REFUSED = TCF["all consented"], TCF["nothing consented"]
EU_GPP = GPP["EU alone"]
COOKIEBOT = "CookieConsent={necessary:true%2Cstatistics:true%2Cmarketing:false}"
ONETRUST = "OptanonConsent=groups=C0002%3A0%2CC0004%3A1"


@pytest.mark.parametrize(
    ("event", "cookie", "expected", "source"),
    [
        ({"consent": said("gdgd")}, "", "gdgd", "event"),
        ({"x-ga-gcd": "13r3r3r2r5l1"}, "", "gggg", "gcd"),
        ({"x-ga-gcd": "13p3p3p3p5l1", "x-ga-gcs": "G111"}, "", "dddd", "default in gcd"),
        ({"x-ga-gcs": "G101"}, "", "dg--", "gcs"),
        ({"tc_string": ACCEPTED}, "", "gggg", "tcf"),
        ({"gdpr_consent": REFUSED}, "", "dddd", "tcf"),
        ({"x-ga-mp2-gdpr_consent": REFUSED}, "", "dddd", "tcf"),
        ({"x-sst-system_properties": {"gdpr_consent": REFUSED}}, "", "dddd", "tcf"),
        ({"gpp": EU_GPP}, "", "gggg", "gpp"),
        ({"gpp": EU_GPP, "gpp_sid": [2]}, "", "gggg", "gpp"),
        ({"gpp": EU_GPP, "gpp_sid": 2}, "", "gggg", "gpp"),
        ({"gpp": EU_GPP, "gpp_sid": "8"}, "", "----", ""),
        ({"gpp": EU_GPP, "gpp_sid": ["2"]}, "", "gggg", "gpp"),
        ({"gpp": EU_GPP, "gpp_sid": ["7", "8"]}, "", "----", ""),
        ({"consent_categories": {"ads": False, "other": True}}, "", "d---", "categories"),
        ({}, f"euconsent-v2={REFUSED}", "dddd", "cookie euconsent-v2"),
        ({}, f"gpp={EU_GPP}", "gggg", "cookie gpp"),
        ({}, COOKIEBOT, "dgdd", "cookie CookieConsent"),
        ({}, ONETRUST, "gdgg", "cookie OptanonConsent"),
        ({}, "uc=%7B%22adStorage%22%3A%22denied%22%7D", "d---", "cookie uc"),
        ({}, "OptanonConsent=groups=C0002:1,C0004:1,C0005:0", "gggg", "cookie OptanonConsent"),
        ({}, "OptanonConsent=groups=C0002:1,C0005:0", "dgdd", "cookie OptanonConsent"),
        ({}, "OptanonConsent=groups=C0001:1,C0005:1", "----", ""),
        ({}, "other=1; CookieConsent=-1", "----", ""),
    ],
)
def test_each_source_is_read_and_named(
    event: dict[str, Any], cookie: str, expected: str, source: str
) -> None:
    config = {"categories": {"ads": ["ad_storage"]}}
    letters, line = combine(event, {"cookie": cookie}, config)
    assert letters == expected
    for name, letter in zip(FOUR, letters, strict=True):
        stated = f"{name} {WORDS[letter]} ({source})" if letter in WORDS else f"{name} unset"
        assert stated in line.split("; ")


LADDER: list[tuple[str, dict[str, Any]]] = [
    ("event", {"consent": said("dg--")}),
    ("gcd", {"x-ga-gcd": "13r3q3r3q5l1"}),
    ("categories", {"consent_categories": {"C": False}}),
    ("tcf", {"tc_string": TCF["advertising without personalisation"]}),
    ("gpp", {"gpp": EU_GPP}),
]
"""The most trusted first."""


@pytest.mark.parametrize("rung", range(len(LADDER) - 1))
def test_by_rank_the_more_trusted_source_decides(rung: int) -> None:
    config = {"conflicts": "ranked", "categories": {"C": [*FOUR]}, "default": said("gggg")}
    event = {name: value for _, fields in LADDER[rung:] for name, value in fields.items()}
    alone, _ = combine(LADDER[rung][1], config={**config, "default": {}})
    letters, line = combine(event, config=config)
    for name, decided, letter in zip(FOUR, alone, letters, strict=True):
        if decided in WORDS:
            assert letter == decided
            assert f"{name} {WORDS[letter]} ({LADDER[rung][0]})" in line


@pytest.mark.parametrize("who", LADDER, ids=lambda rung: rung[0])
@pytest.mark.parametrize("other", LADDER, ids=lambda rung: rung[0])
def test_a_denial_of_any_rank_vetoes(
    who: tuple[str, dict[str, Any]], other: tuple[str, dict[str, Any]]
) -> None:
    config = {"categories": {"C": [*FOUR]}, "default": said("gggg")}
    letters, _ = combine({**who[1], **other[1]}, config=config)
    for name, _, *alone in zip(
        FOUR, letters, combine(who[1])[0], combine(other[1], config=config)[0], strict=True
    ):
        assert "d" not in alone or letters[FOUR.index(name)] == "d"


def test_of_cookies_by_rank_the_first_in_the_configuration_counts() -> None:
    by_rank = {"default": said("gggg"), "conflicts": "ranked"}
    config = {**by_rank, "cookies": dict(reversed(COOKIES.items()))}
    cookie = f"euconsent-v2={ACCEPTED}; {COOKIEBOT}; {ONETRUST}"
    assert combine({}, {"cookie": cookie}, config)[0] == "gdgg"
    assert combine({}, {"cookie": cookie}, by_rank)[0] == "gggg"
    assert combine({"tc_string": REFUSED}, {"cookie": cookie}, by_rank)[0] == "dddd"
    assert combine({}, {"cookie": cookie})[0] == "dddd"


@pytest.mark.parametrize("order", [1, -1])
def test_what_a_cookie_denies_before_it_breaks_off_is_denied(order: int) -> None:
    cookies = ["CookieConsent={statistics:false%2Cmark", f"euconsent-v2={ACCEPTED}"][::order]
    letters, line = combine({}, {"cookie": "; ".join(cookies)})
    assert letters == "gdgg"
    assert "unreadable cookie CookieConsent" in line


@pytest.mark.parametrize("order", [1, -1])
def test_of_a_cookie_that_comes_twice_the_denial_holds(order: int) -> None:
    twice = [f"euconsent-v2={ACCEPTED}", f"euconsent-v2={REFUSED}"][::order]
    assert combine({}, {"cookie": "; ".join(twice)})[0] == "dddd"


def test_cookies_that_the_configuration_does_not_name_are_not_read() -> None:
    assert combine({}, {"cookie": f"euconsent-v2={REFUSED}"}, {"cookies": {}})[0] == "----"


@pytest.mark.parametrize(
    ("event", "headers", "source"),
    [
        ({}, {"sec-gpc": "1"}, "Sec-GPC"),
        ({"us_privacy": "1YYN"}, {}, "us_privacy"),
        ({"x-ga-mp2-us_privacy": "1YYN"}, {}, "us_privacy"),
        ({"x-sst-system_properties": {"us_privacy": "1YYN"}}, {}, "us_privacy"),
        ({"x-sst-system_properties": '{"us_privacy": "1YYN"}'}, {}, "us_privacy"),
        ({"US_PRIVACY": "1YYN"}, {}, "us_privacy"),
        ({"Us_Privacy": "1YYN"}, {}, "us_privacy"),
        ({"usPrivacy": "1YYN", "us_privacy": "1YNN"}, {}, "us_privacy"),
        ({"GPP": GPP["usnat: SharingOptOut"]}, {}, "gpp opt-out"),
        ({"gpp": GPP["usca: Gpc"], "gppSid": "8"}, {}, "gpp gpc"),
        ({"gpp": GPP["usnat: SharingOptOut"]}, {}, "gpp opt-out"),
        ({"gpp": GPP["usca: Gpc"], "gpp_sid": "8"}, {}, "gpp gpc"),
        ({"gpp": GPP["US Privacy: opted out"]}, {}, "gpp opt-out"),
        ({}, {"cookie": f"gpp={GPP['ustx: SaleOptOut']}"}, "cookie gpp opt-out"),
        ({"uspString": "1YYN"}, {}, "us_privacy"),
        ({"us-privacy": "1YYN"}, {}, "us_privacy"),
        ({"IABUSPrivacy_String": "1YYN"}, {}, "us_privacy"),
        ({"gppString": GPP["usnat: SharingOptOut"], "applicableSections": [7]}, {}, "gpp opt-out"),
        ({"IABGPP_HDR_GppString": GPP["usnat: SaleOptOut"]}, {}, "gpp opt-out"),
        ({"gpc": True}, {}, "gpc"),
        ({"gpc": "1"}, {}, "gpc"),
        ({"globalPrivacyControl": True}, {}, "gpc"),
        ({"global_privacy_control": "true"}, {}, "gpc"),
        ({"GPC": 1}, {}, "gpc"),
        ({"Sec-GPC": "1"}, {}, "gpc"),
        ({"sec_gpc": "1"}, {}, "gpc"),
        ({"gpc": 1.0}, {}, "gpc"),
        ({"gpc": "yes"}, {}, "gpc"),
        ({"gpc": " On "}, {}, "gpc"),
        ({"gpc": "1.0"}, {}, "gpc"),
        ({"gpc": "enabled"}, {}, "gpc"),
        ({"x-ga-gcd": "13r3r3r3rdl1"}, {}, "gcd gpc"),
    ],
)
def test_an_opt_out_holds_whatever_else_is_said(
    event: dict[str, Any], headers: dict[str, str], source: str
) -> None:
    letters, line = combine({**event, "consent": said("gggg")}, headers)
    assert letters == "ggdd"
    assert f"ad_user_data denied ({source}); ad_personalization denied ({source})" in line
    assert "ad_storage granted (event)" in line


@pytest.mark.parametrize(
    "name",
    [
        "TC_STRING",
        "tcString",
        "TcString",
        "TCString",
        "gdprConsent",
        "tcstring",
        "TC_String",
        "tc-string",
        "GDPRConsent",
        "IABTCF_TCString",
    ],
)
def test_a_tc_string_is_read_in_other_spellings(name: str) -> None:
    assert (
        combine({name: REFUSED, "consent": said("gggg")})[0]
        == combine({"tc_string": REFUSED, "consent": said("gggg")})[0]
    )


@pytest.mark.parametrize(
    "event",
    [
        {"GPP": 35},
        {"NPA": "1003"},
        {"Gcs": "words"},
        {"GDPR": "accepted"},
        {"TCString": 7},
        {"gppString": True},
        {"uspString": 0},
        {"globalPrivacyControl": "words"},
    ],
)
def test_what_is_alike_and_something_of_the_senders_own_says_nothing(event: dict[str, Any]) -> None:
    assert combine({**event, "consent": said("gggg")})[0] == "gggg"


@pytest.mark.parametrize("name", ["consentCategories", "Consent_Categories", "CONSENT_CATEGORIES"])
def test_categories_are_read_in_other_spellings(name: str) -> None:
    denied = {"ad_storage": False}
    expected = combine({"consent_categories": denied, "consent": said("gggg")})
    for value in (denied, json.dumps(denied), [denied], [json.dumps(denied), "{}"]):
        assert combine({name: value, "consent": said("gggg")}) == expected
    assert expected[0] != "gggg"
    own = {name: ["analytics"], "consent": said("gggg")}
    assert combine(own)[0] == "gggg"


@pytest.mark.parametrize(
    "event",
    [
        {"us_privacy": "1YNN"},
        {"gpp": GPP["usca: stays"]},
        {"gpp": GPP["usca: SaleOptOut"], "gpp_sid": "7"},
        {"gpp": GPP["usca: SaleOptOut"], "gpp_sid": "-1"},
        {"gpp": GPP["Canada alone"], "gpp_sid": "7"},
        {"gpp_sid": "-1"},
        {"gpc": False},
        {"gpc": "10000045"},
        {"gdprApplies": False},
        {"npa": 0.0, "gdpr": 0.0},
        {"gpp": GPP["usca: SaleOptOut"], "gpp_sid": -1.0},
    ],
)
def test_not_opting_out_is_no_consent(event: dict[str, Any]) -> None:
    assert combine(event)[0] == "----"
    assert combine({**event, "consent": said("gggg")})[0] == "gggg"


def test_npa_denies_personalisation_and_by_rank_not_against_the_event() -> None:
    assert combine({"x-ga-gcd": "13r3r3r3r5l1", "x-ga-npa": "1"})[0] == "gggd"
    assert "ad_personalization denied (npa)" in combine({"x-ga-npa": "1"})[1]
    event = {"x-ga-npa": "1", "consent": said("---g")}
    assert combine(event)[0] == "---d"
    assert combine(event, config={"conflicts": "ranked"})[0] == "---g"


@pytest.mark.parametrize(
    ("place", "honoured"),
    [
        ({"country": "US", "region": "CA"}, True),
        ({"country": "US", "region": "US-CO"}, True),
        ({"country": "usa", "region": "ca"}, True),
        ({"country": "US", "region": "TX"}, False),
        ({"country": "US"}, True),  # it may be California
        ({"country": "DE"}, True),
        ({"country": "EU"}, True),
        ({"country": "GB"}, False),
        ({"country": "CA"}, False),
        ({}, True),
        ({"city": "Springfield"}, True),
    ],
)
def test_gpc_can_be_kept_to_some_places(place: dict[str, str], honoured: bool) -> None:
    config = {"global_privacy_control": ["US-CA", "US-CO", "EEA"]}
    for event, headers in (
        ({}, {"sec-gpc": "1"}),
        ({"gpp": GPP["usca: Gpc"]}, {}),
    ):
        located = {**event, "consent": said("gggg"), "event_location": place}
        assert combine(located, headers, config)[0] == ("ggdd" if honoured else "gggg")


@pytest.mark.parametrize(
    "signal", [{"gpp": GPP["usca: Gpc"]}, {"gpc": True}, {"gcd": "13r3r3r3rdl1"}]
)
def test_gpc_switched_off_is_not_read_elsewhere_either(signal: dict[str, Any]) -> None:
    event = {"consent": said("gggg"), **signal}
    assert combine(event, config={"global_privacy_control": False})[0] == "gggg"


def test_the_canadian_section_of_a_gpp_string_can_deny() -> None:
    letters, line = combine({"gpp": GPP["Canada alone"]}, config={"default": said("gggg")})
    assert letters == "gddd"
    assert "analytics_storage denied (gpp)" in line


def test_an_event_needs_its_place_only_where_the_configuration_names_places() -> None:
    def depends(config: dict[str, Any]) -> bool:
        return ConsentSettings.model_validate(config).depends_on_place

    assert depends({})
    assert not depends(NOTHING_ELSE)
    assert depends({**NOTHING_ELSE, "global_privacy_control": ["US"]})
    assert depends({**NOTHING_ELSE, "unknown_place": {"ad_storage": "denied"}})


SECRET = "Cs3cret!"


@pytest.mark.parametrize(
    ("event", "cookie", "note"),
    [
        ({"tc_string": SECRET}, "", "unreadable tcf string"),
        ({"tc_string": "C" * 5000}, "", "unreadable tcf string"),
        ({"tc_string": TCF["disclosure required and missing"]}, "", "outdated tcf string"),
        ({"gpp": SECRET}, "", "unreadable gpp string"),
        ({"gpp": f"DBABMA~{SECRET}"}, "", "unreadable tcf string in gpp string"),
        ({"gpp": f"DBABBg~{SECRET}"}, "", "unreadable section in gpp string"),
        ({"us_privacy": SECRET}, "", "unreadable us_privacy string"),
        ({"x-ga-gcd": SECRET}, "", "unreadable gcd string"),
        ({"x-ga-gcs": SECRET}, "", "unreadable gcs string"),
        ({}, f"euconsent-v2={SECRET}", "unreadable cookie euconsent-v2"),
        ({}, f"gpp={SECRET}", "unreadable cookie gpp"),
        ({}, f"CookieConsent={SECRET}", "unreadable cookie CookieConsent"),
        ({}, f"OptanonConsent={SECRET}", "unreadable cookie OptanonConsent"),
        ({}, f"uc={SECRET}", "unreadable cookie uc"),
    ],
)
def test_a_string_that_cannot_be_read_denies_and_is_not_shown(
    event: dict[str, Any], cookie: str, note: str
) -> None:
    letters, line = combine(event, {"cookie": cookie}, {"default": said("dgdg")})
    assert letters == "dddd"
    assert line.endswith(f"; {note}")
    assert SECRET not in line


@pytest.mark.parametrize(
    ("event", "cookie"),
    [
        ({"tc_string": SECRET}, ""),
        ({"gpp": f"DBABMA~{SECRET}"}, ""),
        ({"us_privacy": SECRET}, ""),
        ({"x-ga-gcd": SECRET}, ""),
        ({}, f"OptanonConsent={SECRET}"),
        ({}, "OptanonConsent="),
        ({"gdpr": "1"}, ""),
        ({"gdprApplies": True}, ""),
        ({"IABTCF_gdprApplies": 1, "IABTCF_TCString": ""}, ""),
        ({"gpp_sid": "7"}, ""),
        ({"gppSid": [7, 8], "gpp": ""}, ""),
        ({"gdpr": 1, "gdpr_consent": ""}, ""),
        ({"gdpr": "${GDPR}"}, ""),
    ],
)
def test_what_cannot_be_read_denies_only_what_nothing_readable_decides(
    event: dict[str, Any], cookie: str
) -> None:
    config = {"default": said("gggg")}
    assert combine(event, {"cookie": cookie}, config)[0] == "dddd"
    assert combine({**event, "consent": said("g-g-")}, {"cookie": cookie}, config)[0] == "gdgd"


def test_what_cannot_be_read_is_no_word_of_the_visitor() -> None:
    stage = compile_consent(ConsentSettings())
    event = {"event_name": "a", **HERE, "consent": said("d---"), "tc_string": SECRET}
    consented = stage(event, Received("site", 0.0))
    assert consented.event["consent"]["analytics_storage"] == "denied"
    assert "analytics_storage" in consented.unstated - consented.open
    assert "ad_storage" not in consented.unstated


def test_gdpr_with_a_readable_string_is_no_sign_of_its_own() -> None:
    assert combine({"gdpr": "1", "gdpr_consent": ACCEPTED})[0] == "gggg"
    assert combine({"gdpr": True}, {"cookie": f"euconsent-v2={ACCEPTED}"})[0] == "gggg"
    assert combine({"gdprApplies": "True", "tcString": ACCEPTED})[0] == "gggg"
    assert combine({"gdpr": "0"}, config={"default": said("gggg")})[0] == "gggg"


def test_what_gcs_denies_counts_also_beside_gcd() -> None:
    letters, line = combine({"x-ga-gcd": "13r3r3r3r5l1", "x-ga-gcs": "G110"})
    assert letters == "gdgg"
    assert "analytics_storage denied (gcs)" in line


@pytest.mark.parametrize("cut", [35, 40, 50])
def test_a_refusal_in_a_string_that_breaks_off_holds_against_a_grant(cut: int) -> None:
    event = {"consent": said("gggg")}
    for text, expected in ((REFUSED, "dddd"), (ACCEPTED, "gggg")):
        letters, line = combine({**event, "tc_string": text[:cut]})
        assert letters == expected
        assert line.endswith("unreadable tcf string")


def test_a_refusal_in_an_outdated_string_holds_against_a_grant() -> None:
    outdated = TCF["disclosure required and missing"]
    event = {"consent": said("gggg"), "tc_string": outdated}
    assert combine(event)[0] == "gggg"
    needs_more = {"tcf": {"purposes": {name: [24] for name in FOUR}}}
    letters, line = combine(event, config=needs_more)
    assert letters == "dddd"
    assert "ad_storage denied (tcf)" in line
    assert line.endswith("outdated tcf string")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"x-ga-gcs": "G10"}, "dg"),
        ({"x-ga-gcs": "G100"}, "dd"),
        ({"x-ga-gcd": "13q3"}, "dg"),
        ({"x-ga-gcd": "13r3q3"}, "gd"),
    ],
)
def test_a_denial_in_front_of_what_cannot_be_read_holds(
    fields: dict[str, str], expected: str
) -> None:
    assert combine({**fields, "consent": said("gggg")})[0] == f"{expected}gg"


@pytest.mark.parametrize("nothing", [None, [], {}, ""])
def test_a_string_that_is_empty_says_nothing(nothing: Any) -> None:
    for name in ("tc_string", "gdpr_consent", "gpp", "us_privacy", "gcs", "gdpr"):
        assert combine({name: nothing}, config={"default": said("gggg")})[0] == "gggg"


@pytest.mark.parametrize("value", [True, 7, 1.5, ["x"], {"a": 1}, [1, None]])
def test_a_string_of_another_type_cannot_be_read(value: Any) -> None:
    assert combine({"tc_string": value})[0] == "dddd"


@pytest.mark.parametrize("value", [None, True, 7, ["x"], {"a": 1}])
def test_system_properties_of_another_type_say_nothing(value: Any) -> None:
    letters, line = combine({"x-sst-system_properties": value})
    assert letters == "----"
    assert "unreadable" not in line


@pytest.mark.parametrize("order", [1, -1])
def test_of_several_strings_of_one_kind_each_is_read(order: int) -> None:
    both = [ACCEPTED, REFUSED][::order]
    assert combine({"tc_string": both})[0] == "dddd"
    assert combine({"tc_string": both[0], "gdpr_consent": both[1]})[0] == "dddd"
    assert combine({"x-ga-gcs": ["G111", "G100"][::order]})[0] == "dd--"
    assert combine({"tc_string": [ACCEPTED] * 30})[0] == "gggg"
    assert combine({"tc_string": [f"{ACCEPTED}.{n}" for n in range(30)]})[0] == "gggg"


def test_copies_of_a_string_do_not_hide_another() -> None:
    granted = {"consent": said("gggg")}
    assert combine({**granted, "us_privacy": [*["1YNN"] * 40, "1YYN"]})[0] == "ggdd"
    assert combine({**granted, "gpp": GPP["usca: SaleOptOut"], "gpp_sid": [*[7] * 200, 8]})[0] == (
        "ggdd"
    )


def test_more_strings_than_are_read_are_unreadable() -> None:
    strings = [f"1Y{first}{second}" for first in "N-n" for second in "YN-yn"]
    assert combine({"us_privacy": strings}, config={"default": said("gggg")})[0] == "gggg"
    many = [*strings, *(f"1N{string[2:]}" for string in strings)]
    letters, line = combine({"us_privacy": many}, config={"default": said("gggg")})
    assert letters == "dddd"
    assert "unreadable tcf string" in line


def test_more_sections_than_are_read_leave_all_in_force() -> None:
    event = {"gpp": GPP["usca: SaleOptOut"], "gpp_sid": [*range(100, 300)]}
    assert combine({**event, "consent": said("gggg")})[0] == "ggdd"


def test_copies_of_a_cookie_do_not_hide_another() -> None:
    copies = "; ".join(["CookieConsent={statistics:true}"] * 40)
    cookie = f"{copies}; CookieConsent={{statistics:false}}"
    assert combine({"consent": said("gggg")}, {"cookie": cookie})[0] == "gdgg"


def test_more_cookies_than_are_read_are_unreadable() -> None:
    many = "; ".join(f"CookieConsent={{statistics:true%2Cver:{n}}}" for n in range(30))
    letters, line = combine({}, {"cookie": f"{many}; {ONETRUST}"}, {"default": said("gggg")})
    assert letters == "dgdd"
    assert "unreadable cookie CookieConsent" in line


@pytest.mark.parametrize(
    ("event", "source"),
    [
        ({"us_privacy": "1YY"}, "us_privacy"),
        ({"gpp": "DBABLA~BVVVAAA."}, "gpp opt-out"),
        ({"gpp": "DBABLA~BVVVAAA.*"}, "gpp opt-out"),
        ({"gpp": "DBACTY~1YYN"}, "gpp opt-out"),
        ({"gpp": "DBACLY~BVVVAAA"}, "gpp opt-out"),
        ({"gpp": "DBABTA~1YY"}, "gpp opt-out"),
    ],
)
@pytest.mark.parametrize("conflicts", ["deny", "ranked"])
def test_an_opt_out_in_a_damaged_string_holds_whatever_else_is_said(
    event: dict[str, Any], source: str, conflicts: str
) -> None:
    config = {"conflicts": conflicts}
    letters, line = combine({**event, "consent": said("gggg")}, config=config)
    assert letters == "ggdd"
    assert f"ad_user_data denied ({source})" in line
    assert "unreadable" in line


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("gcs=G100", "dd--"),
        ("a=b&GCS=G101&c=d", "dg--"),
        ("gcs=G111&gcs=G100", "dd--"),
        ("consent.ad_storage=denied", "d---"),
        ("consent[ad_storage]=denied&consent[analytics_storage]=granted", "dg--"),
        ("consent%5BadStorage%5D=0", "d---"),
        ("consent[ad_storage][]=granted&consent[ad_storage][]=denied", "d---"),
        ("consent=%7B%22ad_storage%22%3A%22denied%22%7D", "d---"),
        ("consent.ad_storage=", "d---"),
        ("consent.ad_storage", "d---"),
        ("consent%2Ead_storage=denied", "d---"),
        ("%63onsent.ad_storage=denied", "d---"),
        ("a=1&con%73ent%5Bad_storage%5D=denied&x=%20", "d---"),
        (f"gdpr%5Fconsent={REFUSED}", "dddd"),
        ("us%5fprivacy=1YYN&a%26gcs=G100", "--dd"),
        ("g%63s", "----"),
        ("a%26gcs=G100&b%3Dgcs=G100&%2563onsent=denied", "----"),
        ("consent&gcs", "----"),
        ("consent=", "----"),
        ("consent=denied", "dddd"),
        (f"gdpr=1&gdpr_consent={REFUSED}", "dddd"),
        ("gdpr=1", "dddd"),
        ("us_privacy=1YYN", "--dd"),
        ("npa=1", "---d"),
        ("consents=denied&xgcs=G100&q=gcs", "----"),
    ],
)
def test_the_query_is_read_whatever_the_source(query: str, expected: str) -> None:
    stage = compile_consent(ConsentSettings.model_validate(NOTHING_ELSE))
    received = Received("site", 0.0, query=query)
    consented = stage({"event_name": "page_view", **HERE}, received).event["consent"]
    assert "".join(consented.get(name, "-")[0] for name in FOUR) == expected


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("conflicts", ["deny", "ranked"])
def test_a_source_that_contradicts_itself_denies_by_rank_too(conflicts: str, order: int) -> None:
    config = {**NOTHING_ELSE, "conflicts": conflicts, "cookies": {"euconsent-v2": "tcf"}}
    stage = compile_consent(ConsentSettings.model_validate(config))
    cookies = [f"euconsent-v2={ACCEPTED}", f"euconsent-v2={REFUSED}"][::order]
    body, query = [said("gg--"), said("dd--")][::order]
    asked = "&".join(f"consent.{name}={state}" for name, state in query.items())

    def letters(event: dict[str, Any], **received: Any) -> str:
        event = {"event_name": "page_view", **HERE, **event}
        states = stage(event, Received("site", 0.0, **received)).event["consent"]
        return "".join(states.get(name, "-")[0] for name in FOUR)

    assert letters({}, headers={"cookie": "; ".join(cookies)}) == "dddd"
    assert letters({"x-ga-gcs": ["G111", "G100"][::order]}) == "dd--"
    assert letters({"consent": body}, query=asked) == "dd--"


def test_contradictions_are_counted_by_the_pair_of_signals() -> None:
    stage = compile_consent(ConsentSettings(cookies={"euconsent-v2": "tcf"}))
    received = Received("site", 0.0, headers={"cookie": f"euconsent-v2={REFUSED}"})
    event = {"event_name": "page_view", **HERE, "consent": said("gggg"), "x-ga-gcs": "G100"}
    assert {name for name in stage(event, received).counts if "conflicts" in name} == {
        "consent_conflicts:gcs:event",
        "consent_conflicts:cookie euconsent-v2:event",
    }


def test_unknown_keys_are_named_counted_and_taken_out() -> None:
    stage = compile_consent(ConsentSettings())
    event = {"event_name": "page_view", **HERE, "consent_unknown_keys": ["banner", 7]}
    consented = stage(event, Received("site", 0.0))
    assert consented.line.endswith("unknown keys in consent: banner")
    assert "consent_unknown_keys:site" in consented.counts
    assert "consent_unknown_keys" not in consented.event


def test_unknown_keys_are_bounded_and_printable_also_if_a_sender_names_them() -> None:
    stage = compile_consent(ConsentSettings())
    keys = ["a\nb", "c" * 100, *map(str, range(50))]
    consented = stage({"event_name": "x", **HERE, "consent_unknown_keys": keys}, Received("s", 0.0))
    assert consented.line.endswith(
        f"unknown keys in consent: a\\nb, {'c' * 64}, 0, 1, 2, 3, 4, 5, 6, 7"
    )


def test_the_line_has_every_type_in_its_order() -> None:
    event = {"consent": {"analytics_storage": "granted"}, "tc_string": TCF["all but storage"]}
    config = {
        "tcf": {"purposes": {"ad_storage": [1]}},
        "default": {"security_storage": "granted"},
        "regions": [{"in": ["DE"], "default": {"functionality_storage": "denied"}}],
    }
    _, line = combine({**event, "event_location": {"country": "DE"}}, {"sec-gpc": "1"}, config)
    assert line == (
        "ad_storage denied (tcf); analytics_storage granted (event); "
        "ad_user_data denied (Sec-GPC); ad_personalization denied (Sec-GPC); "
        "functionality_storage denied (default for DE); personalization_storage unset; "
        "security_storage granted (default for DE)"
    )
    assert combine({}, config=config)[1].endswith("security_storage granted (default)")


def test_a_hit_of_googles_tag_is_said_to_come_from_its_strings() -> None:
    event = to_event({"en": "page_view", "gcd": "13q3r3q3q5l1", "gcs": "G101", "npa": "1"})
    letters, line = combine(event)
    assert letters == "dgdd"
    assert line.startswith(
        "ad_storage denied (gcd); analytics_storage granted (gcd); "
        "ad_user_data denied (gcd); ad_personalization denied (npa)"
    )


def test_the_consent_of_one_event_is_not_that_of_another() -> None:
    stage = compile_consent(ConsentSettings())
    received = Received("site", 0.0)
    first, *_ = stage({"event_name": "a", **HERE}, received)
    first["consent"]["ad_storage"] = "changed by a rule"
    second, *_ = stage({"event_name": "a", **HERE}, received)
    assert second["consent"]["ad_storage"] == "granted"


SIGNS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_"
GCD_UPDATE = {"g": 3, "d": 2, "-": 1}


def gcd_of(letters: str) -> str:
    return "1" + "".join(f"3{SIGNS[0b010100 | GCD_UPDATE[letter]]}" for letter in letters) + "5"


def categories_saying(letters: str) -> dict[str, bool]:
    return {
        name: letter == "g" for name, letter in zip(FOUR, letters, strict=True) if letter in WORDS
    }


TCF_LETTERS = {
    ACCEPTED: "gggg",
    REFUSED: "dddd",
    TCF["storage and measurement only"]: "ggdd",
    TCF["advertising without personalisation"]: "gdgd",
    TCF["disclosure required and missing"]: "----",
    "garbage": "----",
    "": "----",
}
UNREADABLE = {TCF["disclosure required and missing"], "garbage"}
US_GPP = {
    GPP["usca: SaleOptOut"]: True,
    GPP["usnat: Gpc"]: True,
    GPP["usca: stays"]: False,
    "": False,
}
LETTERS = st.text("gd-", min_size=4, max_size=4)
STRING = st.sampled_from([*TCF_LETTERS])


@given(
    event=LETTERS,
    gcd=LETTERS | st.just("absent"),
    gcs=st.text("10-", min_size=2, max_size=2),
    categories=LETTERS,
    tcf=STRING,
    gpp=st.sampled_from([*US_GPP]),
    us_privacy=st.sampled_from(["", "1YYN", "1YNN", "nonsense"]),
    cookie=STRING,
    cookiebot=st.sampled_from(["g", "d", "-"]),
    default=LETTERS,
    gpc=st.booleans(),
)
def test_what_any_source_denies_is_denied_and_the_default_only_grants_what_all_can_be_read_on(
    event: str,
    gcd: str,
    gcs: str,
    categories: str,
    tcf: str,
    gpp: str,
    us_privacy: str,
    cookie: str,
    cookiebot: str,
    default: str,
    gpc: bool,
) -> None:
    gcs_states = gcs.translate(str.maketrans("10", "gd")) + "--"
    tags = [gcs_states] if gcd == "absent" else [gcd, gcs_states.replace("g", "-")]
    analytics = f"-{cookiebot}--"
    sources = [event, *tags, categories, TCF_LETTERS[tcf], TCF_LETTERS[cookie], analytics]
    opted_out = gpc or us_privacy == "1YYN" or US_GPP[gpp]
    unreadable = us_privacy == "nonsense" or not {tcf, cookie}.isdisjoint(UNREADABLE) or not cookie

    letters, line = combine(
        {
            "consent": said(event),
            **({} if gcd == "absent" else {"x-ga-gcd": gcd_of(gcd)}),
            "x-ga-gcs": f"G1{gcs}",
            "consent_categories": categories_saying(categories),
            "tc_string": tcf,
            "gpp": gpp,
            "us_privacy": us_privacy,
        },
        {
            **({"sec-gpc": "1"} if gpc else {}),
            "cookie": f"euconsent-v2={cookie}; CookieConsent="
            + {"g": "{statistics:true}", "d": "{statistics:false}", "-": "0"}[cookiebot],
        },
        {"categories": {name: [name] for name in FOUR}, "default": said(default)},
    )

    for position, name in enumerate(FOUR):
        stated = {source[position] for source in sources} & {*WORDS}
        if opted_out and name in OPTED_OUT:
            stated.add("d")
        if stated:
            assert letters[position] == min(stated), line  # d before g
        else:
            assert letters[position] == ("d" if unreadable else default[position]), line


def test_strings_that_are_too_long_together_deny_what_nothing_else_decides() -> None:
    others = [f"{ACCEPTED}.{letter * 4_000}" for letter in "ABCDE"]
    assert combine({"tc_string": ACCEPTED})[0] == "gggg"
    letters, line = combine({"tc_string": [ACCEPTED, *others]})
    assert letters == "gggg"
    assert "unreadable tcf string" in line
    longer = [f"{each}{'A' * 13_000}" for each in others]
    assert combine({"us_privacy": "1YNN", "tc_string": longer[:2]})[0] == "dddd"
    assert combine({"tc_string": [*others, REFUSED]})[0] == "dddd"


def test_long_strings_are_read_once_for_all_events_of_a_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read: list[str] = []
    whole = readers.read_tcf

    def counted(text: str, *rest: Any) -> Any:
        read.append(text)
        return whole(text, *rest)

    monkeypatch.setattr(readers, "read_tcf", counted)
    stage = compile_consent(ConsentSettings.model_validate(NOTHING_ELSE))
    received = Received("site", 1_795_000_000.0)
    long = f"{ACCEPTED}.{'A' * 12_000}"
    for _ in range(20):
        stage({"event_name": "page_view", **HERE, "tc_string": long}, received)
    assert read == [long]


LONG_QUERY = "&".join(f"gc%73=G1{number}" for number in range(5_000))


def test_a_long_query_is_read_once_for_all_events_of_a_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """To read a query of 64 KB for each of a thousand events took half a minute."""
    read: list[str] = []
    whole = signals._stated_in

    def counted(query: str) -> Any:
        read.append(query)
        return whole(query)

    monkeypatch.setattr(signals, "_stated_in", counted)
    stage = compile_consent(ConsentSettings.model_validate(NOTHING_ELSE))
    for query in (LONG_QUERY, "a=1"):
        received = Received("site", 1_795_000_000.0, query=query)
        for _ in range(20):
            stage({"event_name": "page_view", **HERE}, received)
    assert [len(query) for query in read] == [len(LONG_QUERY), len("a=1")]
