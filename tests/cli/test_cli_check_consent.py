"""`gateway check` says which consent defaults apply where little is known, and why."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from gateway.configuration.load import parse_settings
from gateway.operations.checking.consent import consent_notes

BACKEND = "sources: {backend: {type: events, keys: [k]}}\n"
AGREED = (
    "sources: {backend: {type: events, keys: [k], consent_default: "
    "{ad_storage: granted, analytics_storage: granted}}}\n"
)
SITE = "sources: {site: {type: collect}}\n"
ADS = "destinations: {ads: {type: webhook, url: 'https://ads.example/', consent: [ad_storage]}}\n"
CALIFORNIA = "consent: {regions: [{in: [US-CA, US-VA], default: {ad_storage: denied}}]}\n"


def notes(*parts: str) -> list[str]:
    return [*consent_notes(parse_settings("".join(parts), environment={}))]


@pytest.mark.parametrize(
    ("consent", "note"),
    [
        (
            "",
            "ad_storage, analytics_storage, ad_user_data and ad_personalization denied, "
            "functionality_storage, personalization_storage and security_storage granted "
            "(the strictest of `consent.default` and `consent.regions`).",
        ),
        (
            "consent: {default: {ad_storage: granted}, regions: []}",
            "ad_storage granted (`consent.default`; `consent.regions` is empty).",
        ),
        ("consent: {default: {}, regions: []}", "nothing granted (`consent.default`; "),
        (
            "consent: {default: {}, unknown_place: {ad_storage: granted}}",
            "analytics_storage, ad_user_data and ad_personalization denied, ad_storage granted "
            "(set by `consent.unknown_place`; for types that it does not list, the strictest of "
            "`consent.default` and `consent.regions`).",
        ),
        (
            "consent: {unknown_place: {ad_storage: denied, analytics_storage: denied, "
            "ad_user_data: denied, ad_personalization: denied, functionality_storage: denied, "
            "personalization_storage: denied, security_storage: denied}}",
            "and security_storage denied (set by `consent.unknown_place`).",
        ),
    ],
)
def test_what_holds_at_an_unknown_place_and_why(consent: str, note: str) -> None:
    first, *rest = notes(SITE, ADS, consent)
    assert first.startswith("Consent at an unknown place: ")
    assert note in first
    assert rest == []


def test_a_source_with_a_default_of_its_own_is_named() -> None:
    assert notes(AGREED, ADS)[1:] == [
        "Consent of source backend: ad_storage and analytics_storage granted at every place, "
        "where an event does not state it (`consent_default`)."
    ]


def test_backends_that_lose_events_are_named() -> None:
    assert notes(BACKEND, ADS)[1:] == [
        "Note: purchases and other events from backend that have neither `consent` nor "
        "`ip_override` are withheld from ads. If these backends send only what their visitors "
        "have agreed to, set `consent_default` for the source."
    ]


def test_with_held_consent_they_do_not_wait_either() -> None:
    """Events from backends have no page token."""
    salt = "server: {hash_salt: a-salt-of-the-shop}\n"
    _, note = notes(BACKEND, ADS, f"{salt}consent: {{hold: {{seconds: 60}}}}")
    assert "nor `ip_override` are withheld from ads." in note


@pytest.mark.parametrize(
    ("sources", "destinations", "consent"),
    [
        (SITE, ADS, ""),
        (BACKEND, ADS, "consent: {regions: []}"),
        (BACKEND, ADS, "consent: {unknown_place: {ad_storage: granted}}"),
        (BACKEND, ADS.replace("[ad_storage]", "[]"), ""),
        (BACKEND, ADS.replace("consent:", "on_denied: anonymise, consent:"), ""),
    ],
)
def test_there_is_no_note_where_no_event_of_a_backend_is_lost(
    sources: str, destinations: str, consent: str
) -> None:
    assert len(notes(sources, destinations, consent)) == 1


@pytest.mark.parametrize(
    "enrichment",
    ["", "enrichment: []", "enrichment: [{geo: {headers: {country: x-country}}}]"],
)
def test_regions_that_cannot_be_told_apart_are_warned_of(enrichment: str) -> None:
    assert notes(SITE, ADS, CALIFORNIA, enrichment)[1:] == [
        "Warning: `consent.regions` names US-CA, US-VA, but the enrichment `geo` can only tell "
        "countries. All visitors from US get its strictest default: ad_storage denied, "
        "analytics_storage, ad_user_data, ad_personalization, functionality_storage, "
        "personalization_storage and security_storage granted. Give `geo` a `database` with "
        "regions or the `headers` of your CDN."
    ]


@pytest.mark.parametrize("headers", ["cloudflare", "{country: x-country, region: x-region}"])
def test_a_cdn_that_tells_regions_needs_no_warning(headers: str) -> None:
    enrichment = f"enrichment: [{{geo: {{headers: {headers}}}}}]"
    assert len(notes(SITE, ADS, CALIFORNIA, enrichment)) == 1


@pytest.mark.parametrize(
    ("cookie", "words"),
    [
        ("optanonconsent: onetrust", "the usual one is OptanonConsent"),
        ("cookieconsent: cookiebot", "the usual one is CookieConsent"),
        ("euconsent_v2: tcf", "the usual one is euconsent-v2"),
        ("OptanonConsent: cookiebot", "Its usual format is onetrust"),
        ("CookieConsent: tcf", "Its usual format is cookiebot"),
    ],
)
def test_a_cookie_that_browsers_send_otherwise_is_warned_of(cookie: str, words: str) -> None:
    warnings = [
        note for note in notes(SITE, ADS, f"consent: {{cookies: {{{cookie}}}}}\n") if words in note
    ]
    assert len(warnings) == 1
    assert warnings[0].startswith("Warning: `consent.cookies`")


@pytest.mark.parametrize(
    "cookies",
    [
        "CookieConsent: cookiebot, OptanonConsent: onetrust, euconsent-v2: tcf",
        "cookieconsent: cookiebot, CookieConsent: cookiebot",
        "ucData: usercentrics, my_consent: onetrust",
    ],
)
def test_other_cookies_need_no_warning(cookies: str) -> None:
    said = notes(SITE, ADS, f"consent: {{cookies: {{{cookies}}}}}\n")
    assert not [note for note in said if "consent.cookies" in note]


def test_countries_need_no_warning() -> None:
    consent = "consent: {regions: [{in: [DE, EEA], default: {ad_storage: denied}}]}"
    assert len(notes(SITE, ADS, consent)) == 1


def test_the_command_prints_the_notes(run: Callable[..., Result], tmp_path: Path) -> None:
    file = tmp_path / "gateway.yaml"
    file.write_text(AGREED + ADS)
    result = run("check", file)
    printed = [
        line for line in result.stdout.splitlines()[1:] if "sources.backend.keys" not in line
    ]
    assert printed == notes(AGREED, ADS)
