"""Consent in `gateway check`: the defaults that apply to unknown places, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from gateway.configuration.settings import Settings
from gateway.event.consent import CONSENT_TYPES
from gateway.event.text import folded
from gateway.pipeline.routes import required_consent
from gateway.sources.base import TrustedSourceSettings
from gateway.stages.consent import ConsentSettings
from gateway.stages.consent.defaults import UNKNOWN, defaults_by_place, states_in, unknown_region_of
from gateway.stages.consent.settings import CookieFormat
from gateway.stages.enrichment import ConfiguredEnrichment, element_of

States = Mapping[str, str]

USUAL_COOKIES: Mapping[str, CookieFormat] = {
    "CookieConsent": "cookiebot",
    "OptanonConsent": "onetrust",
    "euconsent-v2": "tcf",
}
"""The cookies of consent managers, with their formats."""


def consent_notes(settings: Settings) -> Iterator[str]:
    """A line for each fact that an operator should know."""
    table = defaults_by_place(settings.consent)
    unknown = table[UNKNOWN]
    yield f"Consent at an unknown place: {_in_words(unknown)} ({_why(settings.consent)})."
    for name, source in _trusted_sources(settings):
        if source.consent_default:
            states = _in_words(states_in(source.consent_default))
            yield (
                f"Consent of source {name}: {states} at every place, where an event does not state "
                "it (`consent_default`)."
            )
    yield from _cookies(settings.consent.cookies)
    yield from _vague_countries(settings, table)
    yield from _backends(settings, unknown)


def _trusted_sources(settings: Settings) -> Iterator[tuple[str, TrustedSourceSettings]]:
    for name, source in settings.sources.items():
        if isinstance(source, TrustedSourceSettings):
            yield name, source


def _why(consent: ConsentSettings) -> str:
    strictest = "the strictest of `consent.default` and `consent.regions`"
    if not consent.unknown_place:
        return strictest if consent.regions else "`consent.default`; `consent.regions` is empty"
    if len(consent.unknown_place) == len(CONSENT_TYPES):
        return "set by `consent.unknown_place`"
    return f"set by `consent.unknown_place`; for types that it does not list, {strictest}"


def _cookies(cookies: Mapping[str, CookieFormat]) -> Iterator[str]:
    """Warns of a cookie that no browser sends under its name, or whose format is that of another
    consent manager."""
    by_folded = {folded(name): name for name in USUAL_COOKIES}
    for name, form in cookies.items():
        usual = by_folded.get(folded(name), name)
        if usual != name and usual not in cookies:
            yield (
                f"Warning: `consent.cookies` names {name}. Upper and lower case count in the names "
                f"of cookies, and the usual one is {usual}: under another name, the visitor's "
                "choice is not read."
            )
        elif usual == name and form != USUAL_COOKIES.get(name, form):
            yield (
                f"Warning: `consent.cookies` reads {name} as {form}. Its usual format is "
                f"{USUAL_COOKIES[name]}; a cookie that cannot be read denies."
            )


def _vague_countries(settings: Settings, table: Mapping[str, States]) -> Iterator[str]:
    """Warns of countries whose regions have defaults, while `geo` can only tell countries."""
    geo = element_of(settings.enrichment, "geo")
    if isinstance(geo, ConfiguredEnrichment) and geo.geo and geo.geo.can_tell_regions:
        return
    regions = [place for each in settings.consent.regions for place in each.places if "-" in place]
    for country in dict.fromkeys(region[:2] for region in regions):
        named = ", ".join(region for region in regions if region[:2] == country)
        yield (
            f"Warning: `consent.regions` names {named}, but the enrichment `geo` can only tell "
            f"countries. All visitors from {country} get its strictest default: "
            f"{_in_words(table[unknown_region_of(country)])}. Give `geo` a `database` with regions "
            "or the `headers` of your CDN."
        )


def _backends(settings: Settings, unknown: States) -> Iterator[str]:
    """Notes which trusted sources lose events that state neither consent nor a place."""
    sources = [name for name, each in _trusted_sources(settings) if not each.consent_default]
    destinations = [
        name
        for name, each in settings.destinations.items()
        if each.on_denied == "withhold"
        and any(unknown.get(needed) != "granted" for needed in required_consent(each))
    ]
    if sources and destinations:
        yield (
            f"Note: purchases and other events from {_and(sources)} that have neither `consent` "
            f"nor `ip_override` are withheld from {_and(destinations)}. If these backends send "
            "only what their visitors have agreed to, set `consent_default` for the source."
        )


def _in_words(states: States) -> str:
    """Such as ``ad_storage and ad_user_data denied, analytics_storage granted``."""
    by_state: dict[str, list[str]] = {}
    for name in CONSENT_TYPES:
        by_state.setdefault(states.get(name, ""), []).append(name)
    stated = [state for state in ("denied", "granted") if state in by_state]
    parts = [f"{_and(by_state[state])} {state}" for state in stated]
    return ", ".join(parts) or "nothing granted"


def _and(words: Sequence[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last
