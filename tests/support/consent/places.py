"""The places of visitors, in every form in which a request states them or fails to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.support.consent.oracle import ANALYTICS, FOUR

GERMAN = "85.214.132.117"
AMERICAN = "8.8.8.8"
CANADIAN = "192.206.151.131"

REGIONS = """
  regions:
    - in: [EEA, GB, CH]
      default:
        {ad_storage: denied, analytics_storage: denied, ad_user_data: denied,
         ad_personalization: denied}
    - in: [CA-QC]
      default: {analytics_storage: denied}
"""
"""The configuration that determines `Place.denies`."""


@dataclass(frozen=True)
class Place:
    """denies: the types denied there by default. headers: those that the proxy sets. address: as a
    backend states it; None if it states none. claim: the country that a page states."""

    name: str
    denies: frozenset[str]
    headers: Mapping[str, str] = field(default_factory=dict)
    address: str | None = None
    claim: str = ""

    def __str__(self) -> str:
        return self.name


def _behind_proxy(name: str, denies: frozenset[str], value: str, **more: str) -> Place:
    headers = {"x-forwarded-for": value} if value else {}
    return Place(name, denies, {**headers, **more})


NOTHING: frozenset[str] = frozenset()
GERMANY = Place("Germany", FOUR, {"x-forwarded-for": GERMAN}, GERMAN)
AMERICA = Place("USA", NOTHING, {"x-forwarded-for": AMERICAN}, AMERICAN)
NOWHERE = Place("no address", FOUR)

KNOWN = [
    GERMANY,
    AMERICA,
    Place("Canada, no region", ANALYTICS, {"x-forwarded-for": CANADIAN}, CANADIAN),
    *(
        _behind_proxy(f"{words}, address {value!r}", denies, value)
        for words, denies, value in (
            ("Germany", FOUR, f"{GERMAN}:51234"),
            ("Germany", FOUR, f'"{GERMAN}"'),
            ("Germany", FOUR, f" {GERMAN} , "),
            ("Germany", FOUR, f"::ffff:{GERMAN}"),
            ("Germany", FOUR, f"[::ffff:{GERMAN}]:443"),
            ("Germany", FOUR, f"{AMERICAN}, {GERMAN}"),
            ("USA", NOTHING, f"{AMERICAN}:80"),
            ("USA", NOTHING, f"{GERMAN}, {AMERICAN}"),
            ("USA", NOTHING, "2001:4860:4860::8888"),
            ("USA", NOTHING, "[2001:4860:4860::8888]:443"),
        )
    ),
    Place("Germany, Forwarded", FOUR, {"forwarded": f'for="{GERMAN}:80";proto=https'}),
    Place("USA, Forwarded", NOTHING, {"forwarded": f"For={AMERICAN}"}),
    *(
        _behind_proxy(f"{words} by the CDN", denies, AMERICAN, **headers)
        for words, denies, headers in (
            ("Germany", FOUR, {"cf-ipcountry": "DE"}),
            ("the EU", FOUR, {"cf-ipcountry": "EU"}),
            ("USA", NOTHING, {"cf-ipcountry": "us"}),
            ("Canada, no region", ANALYTICS, {"cf-ipcountry": "CA"}),
            ("Quebec", ANALYTICS, {"cf-ipcountry": "CA", "cf-region-code": "QC"}),
            ("Ontario", NOTHING, {"cf-ipcountry": "CA", "cf-region-code": "ON"}),
        )
    ),
]

UNKNOWN = [
    NOWHERE,
    *(
        _behind_proxy(f"unknown, address {value!r}", FOUR, value)
        for value in (
            "unknown",
            "_hidden",
            ",",
            "10.1.2.3",
            "192.168.1.5",
            "127.0.0.1",
            "fe80::1%eth0",
            "300.1.1.1",
            f"{AMERICAN}.1",
            f"[{AMERICAN}",
            f"{AMERICAN}:http",
            f"{AMERICAN} {GERMAN}",
            f"{AMERICAN};{GERMAN}",
            f"{AMERICAN}, unknown",
            "null",
            "undefined",
        )
    ),
    Place("unknown, Forwarded hides it", FOUR, {"forwarded": "for=unknown, for=_x"}),
    Place("unknown, Forwarded is broken", FOUR, {"forwarded": f"for={AMERICAN}:x"}),
    Place(
        "unknown, X-Forwarded-For is and Forwarded is not",
        FOUR,
        {"x-forwarded-for": "unknown", "forwarded": f"for={AMERICAN}"},
    ),
    *(
        _behind_proxy(f"unknown by the CDN, {code!r}", FOUR, AMERICAN, **{"cf-ipcountry": code})
        for code in ("XX", "T1", "", "xx", "USA", "--")
    ),
]

CLAIMED = [
    Place("USA, claims Germany", FOUR, AMERICA.headers, claim="DE"),
    Place("USA, claims the EEA", FOUR, AMERICA.headers, claim="EU"),
    Place("USA, claims USA", NOTHING, AMERICA.headers, claim="US"),
    Place("USA, claims nonsense", NOTHING, AMERICA.headers, claim="Narnia"),
    Place("Germany, claims USA", FOUR, GERMANY.headers, claim="US"),
    Place("no address, claims USA", FOUR, {}, claim="US"),
]

STATED_BY_A_BACKEND = [
    Place(f"a backend's {value!r}", FOUR, address=value)
    for value in ("", " ", "unknown", "10.1.2.3", "null", "127.0.0.1", "::1")
]


def written(place: Place, is_browser: bool) -> tuple[list[tuple[str, Any]], dict[str, str]]:
    """How a sender states `place`: fields of its event, and headers of its request. The address in
    a backend's headers is the backend's own."""
    if is_browser:
        claim = [("event_location", {"country": place.claim})] if place.claim else []
        return claim, dict(place.headers)
    stated = [] if place.address is None else [("ip_override", place.address)]
    return stated, {"x-forwarded-for": "8.8.4.4"}
