"""Every signal of consent in every form, and what it means."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.support.consent.oracle import ADS, ANALYTICS, FOUR, OPT_OUT, OTHERS, Says
from tests.support.consent.senders import Message, Pairs, Sender, Written

COOKIES = """
  cookies:
    euconsent-v2: tcf
    gpp: gpp
    CookieConsent: cookiebot
    OptanonConsent: onetrust
    uc: usercentrics
"""
"""The configuration that the signals in cookies need."""


@dataclass(frozen=True)
class Signal:
    """for_json: whether the signal cannot be written as fields of a form. only: how the names of
    the senders that support it begin; empty for all."""

    name: str
    says: Says
    fields: Pairs = ()
    envelope: Pairs = ()
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    cookie: str = ""
    for_json: bool = False
    only: str = ""

    def __str__(self) -> str:
        return self.name

    def suits(self, sender: Sender) -> bool:
        return (
            sender.name.startswith(self.only)
            and (not self.for_json or sender.writes == "json")
            and (not self.envelope or sender.has_envelope)
        )


def message(signals: Iterable[Signal], more: Pairs = (), **headers: str) -> Message:
    """All of `signals` in one message, in this order."""
    signals = [*signals]
    cookies = "; ".join(signal.cookie for signal in signals if signal.cookie)
    return Message(
        [*more, *(pair for signal in signals for pair in signal.fields)],
        [pair for signal in signals for pair in signal.envelope],
        "&".join(signal.query for signal in signals if signal.query),
        {
            **headers,
            **{name: text for signal in signals for name, text in signal.headers.items()},
            **({"cookie": cookies} if cookies else {}),
        },
    )


NOTHING = Says()
UNREADABLE = Says(unreadable=True)
OPTED_OUT = Says(denies=OPT_OUT)
ALL_DENIED = Says(denies=FOUR)
ALL_GRANTED = Says(grants=FOUR)
EVERYTHING_DENIED = Says(denies=FOUR | OTHERS)
NAMES = ("ad_storage", "analytics_storage", "ad_user_data", "ad_personalization")


def four(value: Any, spell: Any = str) -> dict[str, Any]:
    return {spell(name): value for name in NAMES}


def camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))


def _consent(name: str, says: Says, value: Any, for_json: bool = False) -> Signal:
    return Signal(f"consent {name}", says, [("consent", value)], for_json=for_json)


DENIED, GRANTED = four("denied"), four("granted")

_SPELLINGS = {
    "capitals": str.upper,
    "camelCase": camel,
    "dashes": lambda name: name.replace("_", "-"),
    "blanks": lambda name: name.replace("_", " ").title(),
}

CONSENT = [
    _consent("denied", ALL_DENIED, DENIED),
    _consent("granted", ALL_GRANTED, GRANTED),
    *(_consent(f"denied, {how}", ALL_DENIED, four("denied", to)) for how, to in _SPELLINGS.items()),
    *(
        _consent(f"granted, {how}", ALL_GRANTED, four("granted", to))
        for how, to in _SPELLINGS.items()
    ),
    *(
        _consent(f"is {value!r}", ALL_DENIED, four(value))
        for value in ("DENIED", " Denied ", "false", "0", "no", "", "off", "never", "granted?", "2")
    ),
    *(
        _consent(f"is {value!r}", ALL_DENIED, four(value), for_json=True)
        for value in (False, 0, None, [], {}, ["denied"], ["granted", "denied"], 2, {"a": 1}, [[]])
    ),
    *(
        _consent(f"is {value!r}", ALL_GRANTED, four(value))
        for value in ("GRANTED", " Granted ", "true", "1", "yes")
    ),
    *(
        _consent(f"is {value!r}", ALL_GRANTED, four(value), for_json=True)
        for value in (True, 1, 1.0, ["granted"], [True], ["granted", "granted"])
    ),
    _consent("as a text, denied", ALL_DENIED, json.dumps(DENIED)),
    _consent("as a text, granted", ALL_GRANTED, json.dumps(GRANTED)),
    _consent("in a list, denied", ALL_DENIED, [DENIED], for_json=True),
    _consent("in a list, granted", ALL_GRANTED, [GRANTED], for_json=True),
    _consent("in a list, both", ALL_DENIED, [DENIED, GRANTED], for_json=True),
    _consent("in a list, both, the grant first", ALL_DENIED, [GRANTED, DENIED], for_json=True),
    _consent("by index", ALL_DENIED, {"0": GRANTED, "1": DENIED}, for_json=True),
    _consent("is a word", EVERYTHING_DENIED, "denied"),
    _consent("is a number", EVERYTHING_DENIED, 7, for_json=True),
    _consent("is false", EVERYTHING_DENIED, False, for_json=True),
    _consent("is broken", EVERYTHING_DENIED, '{"ad_storage": "gran'),
    *(
        _consent(f"is {value!r}", NOTHING, value, for_json=True)
        for value in (None, {}, [], "", " ", [{}], [None])
    ),
    _consent("only of ads, denied", Says(denies=ADS), dict.fromkeys(sorted(ADS), "denied")),
    _consent("only of analytics, denied", Says(denies=ANALYTICS), {"analytics_storage": "denied"}),
    _consent("only of storage, granted", Says(grants=ANALYTICS), {"analytics_storage": "granted"}),
    _consent("by other names, denied", EVERYTHING_DENIED, {"marketing": "denied"}),
    _consent("by other names, granted", NOTHING, {"marketing": "granted"}),
    _consent("in an update, denied", EVERYTHING_DENIED, {"update": DENIED}),
    _consent("with a time to wait, granted", ALL_GRANTED, {**GRANTED, "wait_for_update": 500}),
    Signal("Consent, denied", ALL_DENIED, [("Consent", DENIED)]),
    Signal("CONSENT, denied", ALL_DENIED, [("CONSENT", DENIED)], for_json=True),
    Signal("CONSENT, granted", ALL_GRANTED, [("CONSENT", GRANTED)], for_json=True),
    Signal("consent and Consent", ALL_DENIED, [("consent", GRANTED), ("Consent", DENIED)]),
    Signal("Consent and consent", ALL_DENIED, [("Consent", DENIED), ("consent", GRANTED)]),
    Signal("default of the page, denied", Says(page_denies=FOUR), [("consent_default", DENIED)]),
    Signal("default of the page, granted", NOTHING, [("consent_default", GRANTED)]),
]

AROUND = [
    Signal("envelope, denied", ALL_DENIED, envelope=[("consent", DENIED)]),
    Signal("envelope, granted", ALL_GRANTED, envelope=[("consent", GRANTED)]),
    Signal("envelope and event", ALL_DENIED, [("consent", GRANTED)], [("consent", DENIED)]),
    Signal("event and envelope", ALL_DENIED, [("consent", DENIED)], [("consent", GRANTED)]),
]

_DENY_EACH = "&".join(f"consent.{name}=denied" for name in NAMES)
_GRANT_EACH = "&".join(f"consent.{name}=granted" for name in NAMES)
_IN_BRACKETS = "&".join(f"consent%5B{name}%5D=denied" for name in NAMES)
_EMPTY_EACH = "&".join(f"consent.{name}=" for name in NAMES)

QUERY = [
    Signal("query, dots, denied", ALL_DENIED, query=_DENY_EACH),
    Signal("query, dots, granted", ALL_GRANTED, query=_GRANT_EACH),
    Signal("query, brackets, denied", ALL_DENIED, query=_IN_BRACKETS),
    Signal("query, bare brackets", ALL_DENIED, query=_IN_BRACKETS.replace("%5B", "[")),
    Signal("query, capitals", ALL_DENIED, query=_DENY_EACH.upper()),
    Signal("query, encoded dots", ALL_DENIED, query=_DENY_EACH.replace(".", "%2E")),
    Signal("query, no values", ALL_DENIED, query=_EMPTY_EACH),
    Signal("query, no equals signs", ALL_DENIED, query=_EMPTY_EACH.replace("=", "")),
    Signal("query, JSON, denied", ALL_DENIED, query=f"consent={quote(json.dumps(DENIED))}"),
    Signal("query, JSON, granted", ALL_GRANTED, query=f"consent={quote(json.dumps(GRANTED))}"),
    Signal("query, both", ALL_DENIED, query=f"{_DENY_EACH}&{_GRANT_EACH}"),
    Signal("query, both, the grant first", ALL_DENIED, query=f"{_GRANT_EACH}&{_DENY_EACH}"),
    Signal("query denies, event grants", ALL_DENIED, [("consent", GRANTED)], query=_DENY_EACH),
    Signal("query grants, event denies", ALL_DENIED, [("consent", DENIED)], query=_GRANT_EACH),
]

_NESTED = {
    order: Written(
        "{" + ",".join(f'"{name}":"{first}","{name}":"{second}"' for name in NAMES) + "}"
    )
    for order, first, second in (
        ("denied first", "denied", "granted"),
        ("granted first", "granted", "denied"),
    )
}

TWICE = [
    Signal("consent twice, denied first", ALL_DENIED, [("consent", DENIED), ("consent", GRANTED)]),
    Signal("consent twice, granted first", ALL_DENIED, [("consent", GRANTED), ("consent", DENIED)]),
    *(
        Signal(f"types twice, {order}", ALL_DENIED, [("consent", value)], for_json=True)
        for order, value in _NESTED.items()
    ),
]

_STORAGE = frozenset(["ad_storage", "analytics_storage"])
_AD, _AD_USER = frozenset(["ad_storage"]), frozenset(["ad_storage", "ad_user_data"])

_FIXTURE = Path(__file__).parents[2] / "fixtures" / "consent" / "strings.json"
_STRINGS = {
    kind: {string["name"]: string["text"] for string in strings}
    for kind, strings in json.loads(_FIXTURE.read_text()).items()
}
TCF, GPP = _STRINGS["tcf"], _STRINGS["gpp"]
TCF_ACCEPTED, TCF_REFUSED = TCF["all consented"], TCF["nothing consented"]


_WORDS = {
    TCF_ACCEPTED: "accepted",
    TCF_REFUSED: "refused",
    GPP["usca: SaleOptOut"]: "opted out",
}


def _string(name: str, text: str, says: Says, *more: tuple[str, Any]) -> Signal:
    words = " ".join([name, _WORDS.get(text, text), *(_WORDS.get(t, t) for _, t in more)])
    return Signal(words, says, [(name, text), *more])


GOOGLE = [
    _string("gcs", "G100", Says(denies=_STORAGE)),
    _string("gcs", "G111", Says(grants=_STORAGE)),
    _string("gcs", "G110", Says(grants=_AD, denies=ANALYTICS)),
    _string("gcs", "G101", Says(grants=ANALYTICS, denies=_AD)),
    _string("gcs", "G1--", NOTHING),
    _string("gcs", "G1", UNREADABLE),
    _string("gcs", "G10", Says(denies=_AD, unreadable=True)),
    _string("gcs", "G1x0", Says(denies=ANALYTICS, unreadable=True)),
    _string("gcs", "G211", UNREADABLE),
    _string("gcs", "garbage", UNREADABLE),
    _string("gcd", "13l3l3l3l1l1", NOTHING),
    _string("gcd", "13p3p3p3p5l1", Says(page_denies=FOUR)),
    _string("gcd", "13t3t3t3t5l1", NOTHING),
    _string("gcd", "13r3r3r2r5l1", ALL_GRANTED),
    _string("gcd", "13q3q3q3q5l1", ALL_DENIED),
    _string("gcd", "13q3r3q3q5l1", Says(grants=ANALYTICS, denies=ADS)),
    _string("gcd", "13q3", Says(denies=_AD, unreadable=True)),
    _string("gcd", "23r3r3r2r5l1", UNREADABLE),
    _string("gcd", "garbage", UNREADABLE),
    _string("npa", "1", Says(denies=frozenset(["ad_personalization"]))),
    _string("npa", "0", NOTHING),
    _string("npa", "maybe", UNREADABLE),
]

IAB = [
    _string("gdpr_consent", TCF_ACCEPTED, ALL_GRANTED),
    _string("gdpr_consent", TCF_REFUSED, ALL_DENIED),
    _string("tc_string", TCF_REFUSED, ALL_DENIED),
    _string("gdpr_consent", TCF["all but storage"], ALL_DENIED),
    _string(
        "gdpr_consent",
        TCF["all purposes, without Google"],
        Says(grants=ANALYTICS, denies=ADS),
    ),
    _string("gdpr_consent", TCF_ACCEPTED[:20], UNREADABLE),
    _string("gdpr_consent", TCF["disclosure required and missing"], UNREADABLE),
    _string("gdpr_consent", TCF["for many sites at once"], UNREADABLE),
    _string("gdpr_consent", "garbage", UNREADABLE),
    _string("gdpr_consent", "${GDPR_CONSENT_755}", UNREADABLE),
    _string("gdpr", "1", UNREADABLE),
    _string("gdpr", "true", UNREADABLE),
    _string("gdpr", "0", NOTHING),
    _string("gdpr", "1", ALL_GRANTED, ("gdpr_consent", TCF_ACCEPTED)),
    _string("gdpr", "1", ALL_DENIED, ("gdpr_consent", TCF_REFUSED)),
    _string("gpp", GPP["usca: SaleOptOut"], OPTED_OUT),
    _string("gpp", GPP["usnat: TargetedAdvertisingOptOut"], OPTED_OUT),
    _string("gpp", GPP["usca: Gpc"], OPTED_OUT),
    _string("gpp", GPP["usca: stays"], NOTHING),
    _string("gpp", "DBAA~garbage", UNREADABLE),
    _string("gpp", "garbage", UNREADABLE),
    _string("gpp", GPP["usca: SaleOptOut"], OPTED_OUT, ("gpp_sid", "8")),
    _string("gpp", GPP["usca: SaleOptOut"], NOTHING, ("gpp_sid", "7")),
    *(
        Signal(
            f"gpp with gpp_sid {sid!r}",
            says,
            [("gpp", GPP["usca: SaleOptOut"]), ("gpp_sid", sid)],
            for_json=True,
        )
        for sid, says in (
            (8, OPTED_OUT),
            ([8], OPTED_OUT),
            (["8"], OPTED_OUT),
            ([7, 8], OPTED_OUT),
            (["7", "8"], OPTED_OUT),
            ([7], NOTHING),
            (["7"], NOTHING),
            ([], OPTED_OUT),
            ([None], OPTED_OUT),
        )
    ),
    _string("us_privacy", "1YYN", OPTED_OUT),
    _string("us_privacy", "1yyn", OPTED_OUT),
    _string("us_privacy", "1YNN", NOTHING),
    _string("us_privacy", "1---", NOTHING),
    _string("us_privacy", "2YYN", UNREADABLE),
    _string("us_privacy", "1Y", UNREADABLE),
]

HEADERS = [
    *(
        Signal(f"Sec-GPC: {value!r}", OPTED_OUT, headers={"sec-gpc": value})
        for value in ("1", " 1 ", "1, 1", "1,1", "0, 1")
    ),
    *(Signal(f"Sec-GPC: {v!r}", NOTHING, headers={"sec-gpc": v}) for v in ("0", "", "0, 0")),
]


def _cookie(name: str, value: str, says: Says, words: str) -> Signal:
    return Signal(f"cookie {name} {words}", says, cookie=f"{name}={value}")


def _groups(choices: str) -> str:
    groups = quote(choices, safe="")
    return (
        f"isGpcEnabled=0&datestamp=Mon+Nov+23+2026&version=202405.1.0&groups={groups}&geolocation="
    )


_ONE_TRUST = "C0001:1,C0002:{},C0003:{},C0004:{}"
_ACCEPTED, _REFUSED = _groups(_ONE_TRUST.format(1, 1, 1)), _groups(_ONE_TRUST.format(0, 0, 0))
_COOKIEBOT = (
    "{{stamp:%27a/b==%27%2Cnecessary:true%2Cpreferences:{0}%2Cstatistics:{0}%2Cmarketing:{0}"
    "%2Cmethod:%27explicit%27%2Cver:1%2Cutc:1795000000000%2Cregion:%27de%27}}"
)
_COMFORT = frozenset(["functionality_storage", "personalization_storage"])
_OF_MANAGER_GRANTED = Says(grants=FOUR | OTHERS)
_OF_MANAGER_DENIED = Says(denies=FOUR | _COMFORT)


def _usercentrics(state: str) -> str:
    return quote(json.dumps({"gcm": {camel(name): state for name in NAMES}}))


MANAGERS = [
    _cookie("OptanonConsent", _ACCEPTED, _OF_MANAGER_GRANTED, "accepted"),
    _cookie("OptanonConsent", _REFUSED, _OF_MANAGER_DENIED, "refused"),
    _cookie("OptanonConsent", quote(_ACCEPTED), _OF_MANAGER_GRANTED, "accepted, encoded twice"),
    _cookie("OptanonConsent", quote(_REFUSED), _OF_MANAGER_DENIED, "refused, encoded twice"),
    _cookie(
        "OptanonConsent", f"hosts={'x' * 5000}&{_REFUSED}", _OF_MANAGER_DENIED, "refused, over 4 KB"
    ),
    _cookie(
        "OptanonConsent",
        _groups("C0001:1,C0002:1,C0003:1,C0004:1,C0005:0"),
        _OF_MANAGER_GRANTED,
        "accepted but for social media",
    ),
    _cookie("OptanonConsent", _groups("1:1,2:0"), ALL_DENIED, "of other groups, one refused"),
    _cookie("OptanonConsent", _groups("1:1,2:1"), NOTHING, "of other groups, accepted"),
    _cookie(
        "OptanonConsent",
        _groups("C0001:1,C0002:0,C0004:0,C0002:1,C0004:1"),
        ALL_DENIED,
        "groups twice",
    ),
    _cookie("OptanonConsent", _groups("C0002:no,C0004:"), ALL_DENIED, "with odd states"),
    _cookie("OptanonConsent", _groups(""), UNREADABLE, "without groups"),
    _cookie("OptanonConsent", "", UNREADABLE, "empty"),
    _cookie("OptanonConsent", "garbage", UNREADABLE, "garbage"),
    Signal("cookie OptanonConsent without a value", UNREADABLE, cookie="OptanonConsent"),
    Signal(
        "cookie OptanonConsent twice, refused first",
        _OF_MANAGER_DENIED,
        cookie=f"OptanonConsent={_REFUSED}; OptanonConsent={_ACCEPTED}",
    ),
    Signal(
        "cookie OptanonConsent twice, accepted first",
        _OF_MANAGER_DENIED,
        cookie=f"OptanonConsent={_ACCEPTED}; OptanonConsent={_REFUSED}",
    ),
    _cookie("CookieConsent", _COOKIEBOT.format("true"), _OF_MANAGER_GRANTED, "accepted"),
    _cookie("CookieConsent", _COOKIEBOT.format("false"), _OF_MANAGER_DENIED, "refused"),
    _cookie(
        "CookieConsent", quote(_COOKIEBOT.format("false")), _OF_MANAGER_DENIED, "encoded twice"
    ),
    _cookie(
        "CookieConsent",
        _COOKIEBOT.format("true").replace("}", "%2Cmarketing:false%2Cstatistics:false}"),
        ALL_DENIED,
        "choices twice",
    ),
    _cookie(
        "CookieConsent",
        _COOKIEBOT.format("false").partition("%2Cstatistics")[0],
        Says(denies=_COMFORT, unreadable=True),
        "broken off",
    ),
    _cookie("CookieConsent", "-1", NOTHING, "not asked"),
    _cookie("CookieConsent", "", UNREADABLE, "empty"),
    _cookie("CookieConsent", "garbage", UNREADABLE, "garbage"),
    _cookie("euconsent-v2", TCF_ACCEPTED, ALL_GRANTED, "accepted"),
    _cookie("euconsent-v2", TCF_REFUSED, ALL_DENIED, "refused"),
    _cookie("euconsent-v2", "CPx73UA", UNREADABLE, "broken off"),
    _cookie("euconsent-v2", "", UNREADABLE, "empty"),
    _cookie("euconsent-v2", "%22%22", UNREADABLE, "empty in quotes"),
    _cookie("gpp", GPP["usca: SaleOptOut"], OPTED_OUT, "opted out"),
    _cookie("gpp", "garbage", UNREADABLE, "garbage"),
    _cookie("uc", _usercentrics("granted"), ALL_GRANTED, "granted"),
    _cookie("uc", _usercentrics("denied"), ALL_DENIED, "denied"),
    _cookie("uc", quote('{"services": [{"id": "S1", "status": false}]}'), ALL_DENIED, "a service"),
    _cookie("uc", "%7B", UNREADABLE, "broken off"),
]


def _segment(name: str, says: Says, context: Any) -> Signal:
    return Signal(f"Segment's {name}", says, [("context", context)], for_json=True, only="Segment")


def _preferences(**choices: Any) -> Any:
    return {"consent": {"categoryPreferences": choices}}


def _managed(allowed: Any, denied: Any) -> Any:
    return {
        "consentManagement": {
            "provider": "oneTrust",
            "allowedConsentIds": allowed,
            "deniedConsentIds": denied,
        }
    }


_ALL_GROUPS = ["C0001", "C0002", "C0003", "C0004"]

CATEGORIES = [
    _segment("preferences, granted", ALL_GRANTED, _preferences(Advertising=True, Analytics=True)),
    _segment("preferences, denied", ALL_DENIED, _preferences(Advertising=False, Analytics=False)),
    _segment(
        "OneTrust groups, granted",
        Says(grants=FOUR | OTHERS),
        _preferences(**dict.fromkeys(_ALL_GROUPS, True)),
    ),
    _segment(
        "OneTrust groups with C0005, granted",
        Says(grants=FOUR | OTHERS),
        _preferences(**dict.fromkeys([*_ALL_GROUPS, "C0005"], True)),
    ),
    _segment("'false'", ALL_DENIED, _preferences(C0002="false", C0004="false")),
    _segment("an unknown one, denied", ALL_DENIED, _preferences(Newsletter=False)),
    _segment("an unknown one, granted", NOTHING, _preferences(Newsletter=True)),
    _segment("none", NOTHING, _preferences()),
    _segment("managed ids, allowed", Says(grants=FOUR | OTHERS), _managed(_ALL_GROUPS, [])),
    _segment("managed ids, denied", _OF_MANAGER_DENIED, _managed(["C0001"], _ALL_GROUPS[1:])),
    _segment("managed ids, none", NOTHING, _managed([], [])),
    _segment("managed ids, unreadable", ALL_DENIED, {"consentManagement": "yes"}),
    Signal(
        "Segment's batch denies, message grants",
        ALL_DENIED,
        [("context", _preferences(Advertising=True, Analytics=True))],
        [("context", _preferences(Advertising=False, Analytics=False))],
        for_json=True,
        only="Segment batch",
    ),
    Signal(
        "Segment's batch denies, message is empty",
        ALL_DENIED,
        [("context", {"consent": {}})],
        [("context", _preferences(Advertising=False, Analytics=False))],
        for_json=True,
        only="Segment batch",
    ),
    Signal(
        "categories of the event, denied",
        ALL_DENIED,
        [("consent_categories", {"marketing": False, "statistics": False})],
    ),
    Signal(
        "categories of the event, granted",
        ALL_GRANTED,
        [("consent_categories", {"marketing": True, "statistics": True})],
    ),
]

SIGNALS = [
    *CONSENT,
    *AROUND,
    *QUERY,
    *TWICE,
    *GOOGLE,
    *IAB,
    *HEADERS,
    *MANAGERS,
    *CATEGORIES,
]
