"""Consent from everywhere at once: the order of trust, and the line that says who decided."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.consent import ConsentSettings, compile_consent
from gateway.event import Received
from gateway.sources.ga4_hit import to_event

FIXTURE = Path(__file__).parents[1] / "fixtures" / "consent" / "strings.json"
STRINGS = json.loads(FIXTURE.read_text())
TCF = {string["name"]: string["text"] for string in STRINGS["tcf"]}
GPP = {string["name"]: string["text"] for string in STRINGS["gpp"]}

FOUR = ("ad_storage", "analytics_storage", "ad_user_data", "ad_personalization")
OPTED_OUT = ("ad_user_data", "ad_personalization")
WORDS = {"g": "granted", "d": "denied"}

NOTHING_ELSE: dict[str, Any] = {"default": {}, "regions": []}
"""No defaults: what is stated in the result came from the event or the request."""

COOKIES = {
    "euconsent-v2": "tcf",
    "gpp": "gpp",
    "CookieConsent": "cookiebot",
    "OptanonConsent": "onetrust",
    "uc": "usercentrics",
}


def settle(
    event: dict[str, Any],
    headers: dict[str, str] | None = None,
    config: dict[str, Any] | None = None,
) -> tuple[str, str]:
    """The states of `FOUR` as letters (`gd--`), and the line."""
    stage = compile_consent(
        ConsentSettings.model_validate({**NOTHING_ELSE, "cookies": COOKIES, **(config or {})})
    )
    received = Received("site", 1_795_000_000.0, headers=headers or {})
    settled, line, _ = stage({"event_name": "page_view", **event}, received)
    return "".join(settled["consent"].get(name, "-")[0] for name in FOUR), line


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
        ({"x-ga-gcd": "13p3p3p3p5l1", "x-ga-gcs": "G111"}, "", "dddd", "gcd"),
        ({"x-ga-gcs": "G101"}, "", "dg--", "gcs"),
        ({"tc_string": ACCEPTED}, "", "gggg", "tcf"),
        ({"gdpr_consent": REFUSED}, "", "dddd", "tcf"),
        ({"x-ga-mp2-gdpr_consent": REFUSED}, "", "dddd", "tcf"),
        ({"x-sst-system_properties": {"gdpr_consent": REFUSED}}, "", "dddd", "tcf"),
        ({"gpp": EU_GPP}, "", "gggg", "gpp"),
        ({"gpp": EU_GPP, "gpp_sid": [2]}, "", "gggg", "gpp"),
        ({"gpp": EU_GPP, "gpp_sid": 2}, "", "gggg", "gpp"),
        ({"gpp": EU_GPP, "gpp_sid": "8"}, "", "----", ""),
        ({"consent_categories": {"ads": False, "other": True}}, "", "d---", "categories"),
        ({}, f"euconsent-v2={REFUSED}", "dddd", "cookie euconsent-v2"),
        ({}, f"gpp={EU_GPP}", "gggg", "cookie gpp"),
        ({}, COOKIEBOT, "dgdd", "cookie CookieConsent"),
        ({}, ONETRUST, "gdgg", "cookie OptanonConsent"),
        ({}, "uc=%7B%22adStorage%22%3A%22denied%22%7D", "d---", "cookie uc"),
        ({}, "other=1; CookieConsent=-1", "----", ""),
    ],
)
def test_each_source_is_read_and_named(
    event: dict[str, Any], cookie: str, expected: str, source: str
) -> None:
    config = {"categories": {"ads": ["ad_storage"]}}
    letters, line = settle(event, {"cookie": cookie}, config)
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
def test_the_more_trusted_source_decides(rung: int) -> None:
    config = {"categories": {"C": [*FOUR]}, "default": said("gggg")}
    event = {name: value for _, fields in LADDER[rung:] for name, value in fields.items()}
    alone, _ = settle(LADDER[rung][1], config={**config, "default": {}})
    letters, line = settle(event, config=config)
    for name, decided, letter in zip(FOUR, alone, letters, strict=True):
        if decided in WORDS:
            assert letter == decided
            assert f"{name} {WORDS[letter]} ({LADDER[rung][0]})" in line


def test_cookies_come_last_in_their_order_and_before_the_default() -> None:
    config = {"default": said("gggg"), "cookies": dict(reversed(COOKIES.items()))}
    cookie = f"euconsent-v2={ACCEPTED}; {COOKIEBOT}; {ONETRUST}"
    assert settle({}, {"cookie": cookie}, config)[0] == "gdgg"
    assert settle({}, {"cookie": cookie})[0] == "gggg"
    assert settle({"tc_string": REFUSED}, {"cookie": cookie})[0] == "dddd"


def test_cookies_that_the_configuration_does_not_name_are_not_read() -> None:
    assert settle({}, {"cookie": f"euconsent-v2={REFUSED}"}, {"cookies": {}})[0] == "----"


@pytest.mark.parametrize(
    ("event", "headers", "source"),
    [
        ({}, {"sec-gpc": "1"}, "Sec-GPC"),
        ({"us_privacy": "1YYN"}, {}, "us_privacy"),
        ({"x-ga-mp2-us_privacy": "1YYN"}, {}, "us_privacy"),
        ({"x-sst-system_properties": {"us_privacy": "1YYN"}}, {}, "us_privacy"),
        ({"gpp": GPP["usnat: SharingOptOut"]}, {}, "gpp opt-out"),
        ({"gpp": GPP["usca: Gpc"], "gpp_sid": "8"}, {}, "gpp gpc"),
        ({"gpp": GPP["US Privacy: opted out"]}, {}, "gpp opt-out"),
        ({}, {"cookie": f"gpp={GPP['ustx: SaleOptOut']}"}, "cookie gpp opt-out"),
    ],
)
def test_an_opt_out_holds_whatever_else_is_said(
    event: dict[str, Any], headers: dict[str, str], source: str
) -> None:
    letters, line = settle({**event, "consent": said("gggg")}, headers)
    assert letters == "ggdd"
    assert f"ad_user_data denied ({source}); ad_personalization denied ({source})" in line
    assert "ad_storage granted (event)" in line


@pytest.mark.parametrize(
    "event",
    [
        {"us_privacy": "1YNN"},
        {"gpp": GPP["usca: stays"]},
        {"gpp": GPP["usca: SaleOptOut"], "gpp_sid": "7"},
        {"gpp": GPP["usca: SaleOptOut"], "gpp_sid": "-1"},
        {"gpp": GPP["Canada alone"]},
    ],
)
def test_not_opting_out_is_no_consent(event: dict[str, Any]) -> None:
    assert settle(event)[0] == "----"
    assert settle({**event, "consent": said("gggg")})[0] == "gggg"


def test_npa_denies_personalisation_but_not_against_the_event() -> None:
    assert settle({"x-ga-gcd": "13r3r3r3r5l1", "x-ga-npa": "1"})[0] == "gggd"
    assert "ad_personalization denied (npa)" in settle({"x-ga-npa": "1"})[1]
    assert settle({"x-ga-npa": "1", "consent": said("---g")})[0] == "---g"


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
        assert settle(located, headers, config)[0] == ("ggdd" if honoured else "gggg")


def test_gpc_switched_off_is_not_read_from_gpp_either() -> None:
    event = {"consent": said("gggg"), "gpp": GPP["usca: Gpc"]}
    assert settle(event, config={"global_privacy_control": False})[0] == "gggg"


def test_an_event_needs_its_place_only_where_the_configuration_names_places() -> None:
    def depends(config: dict[str, Any]) -> bool:
        return ConsentSettings.model_validate(config).depends_on_place

    assert depends({})
    assert not depends(NOTHING_ELSE)
    assert depends({**NOTHING_ELSE, "global_privacy_control": ["US"]})


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
def test_a_string_that_says_nothing_is_reported_without_being_shown(
    event: dict[str, Any], cookie: str, note: str
) -> None:
    letters, line = settle(event, {"cookie": cookie}, {"default": said("dgdd")})
    assert letters == "dgdd"
    assert line.endswith(f"; {note}")
    assert SECRET not in line


@pytest.mark.parametrize(
    "value", [None, True, 7, 1.5, [], {}, ["x"], {"a": 1}, "", [1, None], {"C": "yes"}]
)
def test_fields_of_other_types_say_nothing(value: Any) -> None:
    fields = ("tc_string", "gdpr_consent", "x-sst-system_properties", "consent_categories")
    for name in fields:
        letters, line = settle({name: value}, config={"categories": {"C": ["ad_storage"]}})
        assert letters == "----"
        assert (name == "tc_string" or name == "gdpr_consent") or "unreadable" not in line


def test_the_line_has_every_type_in_its_order() -> None:
    event = {"consent": {"analytics_storage": "granted"}, "tc_string": TCF["all but storage"]}
    config = {
        "tcf": {"purposes": {"ad_storage": [1]}},
        "default": {"security_storage": "granted"},
        "regions": [{"in": ["DE"], "default": {"functionality_storage": "denied"}}],
    }
    _, line = settle({**event, "event_location": {"country": "DE"}}, {"sec-gpc": "1"}, config)
    assert line == (
        "ad_storage denied (tcf); analytics_storage granted (event); "
        "ad_user_data denied (Sec-GPC); ad_personalization denied (Sec-GPC); "
        "functionality_storage denied (default for DE); personalization_storage unset; "
        "security_storage granted (default for DE)"
    )
    assert settle({}, config=config)[1].endswith("security_storage granted (default)")


def test_a_hit_of_googles_tag_is_said_to_come_from_its_strings() -> None:
    event = to_event({"en": "page_view", "gcd": "13q3r3q3q5l1", "gcs": "G101", "npa": "1"})
    letters, line = settle(event)
    assert letters == "dgdd"
    assert line.startswith(
        "ad_storage denied (gcd); analytics_storage granted (gcd); "
        "ad_user_data denied (gcd); ad_personalization denied (npa)"
    )


def test_the_consent_of_one_event_is_not_that_of_another() -> None:
    stage = compile_consent(ConsentSettings())
    received = Received("site", 0.0)
    first, *_ = stage({"event_name": "a"}, received)
    first["consent"]["ad_storage"] = "changed by a rule"
    second, *_ = stage({"event_name": "a"}, received)
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
@settings(max_examples=300, deadline=None)
def test_what_the_most_trusted_source_denies_is_never_granted(
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
    tags = gcs.translate(str.maketrans("10", "gd")) + "--" if gcd == "absent" else gcd
    analytics = f"-{cookiebot}--"
    trusted = [event, tags, categories, TCF_LETTERS[tcf], TCF_LETTERS[cookie], analytics, default]
    opted_out = gpc or us_privacy == "1YYN" or US_GPP[gpp]

    letters, line = settle(
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
        stated = [source[position] for source in trusted if source[position] in WORDS]
        if opted_out and name in OPTED_OUT:
            stated.insert(0, "d")
        assert letters[position] == (stated[0] if stated else "-"), line
