"""Consent: what the visitor allowed, completed with what holds where the visitor is.

What an event says about a consent type always holds. A type that it does not mention gets the
default of the visitor's place, and a browser that sends Global Privacy Control opts out of sale
and sharing whatever else was said.

Consent types: developers.google.com/tag-platform/security/concepts/consent-mode
Global Privacy Control: w3c.github.io/gpc
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from gateway.event import ConsentState, Event, Received

ConsentType = Literal[
    "ad_storage",
    "analytics_storage",
    "ad_user_data",
    "ad_personalization",
    "functionality_storage",
    "personalization_storage",
    "security_storage",
]
Defaults = dict[ConsentType, ConsentState]

_COUNTRIES = frozenset(
    """
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS
    BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE
    EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM
    HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC
    LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA
    NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW
    SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO
    TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW
    """.split()  # noqa: SIM905 (249 quoted strings would be unreadable)
)
"""ISO 3166-1 alpha-2, and XK, by which location services know Kosovo."""

_GROUPS = {
    "EEA": frozenset(
        """
        AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK
        AX GF GP MF MQ RE YT
        """.split()  # noqa: SIM905
    )
}
"""EEA: the member states, then their parts that have codes of their own and the same law."""

_MISTAKEN = {"UK": "GB", "EL": "GR", "USA": "US", "EU": "EEA"}
"""What people and address registries write, and the code that they mean."""


def _place(text: str) -> str:
    code = text.strip().upper()
    country, dash, region = code.partition("-")
    if country in _MISTAKEN:
        raise ValueError(f'"{text}" is not an ISO 3166 code: write "{_MISTAKEN[country]}"')
    if code in _GROUPS:
        return code
    if country not in _COUNTRIES or (dash and not re.fullmatch("[A-Z0-9]{1,3}", region)):
        raise ValueError(
            f'"{text}" is not a place: write an ISO 3166 country ("DE"), a country and region '
            f'("US-CA") or a group ({", ".join(_GROUPS)})'
        )
    return code


class RegionDefault(BaseModel):
    """Consent that holds for visitors of some places."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    places: list[Annotated[str, AfterValidator(_place)]] = Field(
        alias="in",
        min_length=1,
        description="ISO 3166 countries (`DE`), regions of a country (`US-CA`), or `EEA`. "
        "The closest match decides each type: a region, then its country, then a group.",
    )
    default: Defaults = Field(
        description="Consent types and `granted` or `denied`; a type that is not listed keeps the "
        "default of the wider place."
    )


def _everything_granted() -> Defaults:
    return dict.fromkeys(get_args(ConsentType), "granted")


def _europe_denied() -> list[RegionDefault]:
    denied: Defaults = {
        "ad_storage": "denied",
        "analytics_storage": "denied",
        "ad_user_data": "denied",
        "ad_personalization": "denied",
    }
    return [RegionDefault.model_validate({"in": ["EEA", "GB", "CH"], "default": denied})]


class ConsentSettings(BaseModel):
    """What holds when an event says nothing about a consent type."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    default: Defaults = Field(
        default_factory=_everything_granted,
        description="Consent types and `granted` or `denied`, for visitors of every place that "
        "`regions` does not name. A type that is not listed counts as not granted.",
    )
    regions: list[RegionDefault] = Field(
        default_factory=_europe_denied,
        description="Other defaults by the visitor's country or region. Left out, advertising and "
        "analytics are denied in the EEA, Great Britain and Switzerland.",
    )
    global_privacy_control: bool = Field(
        default=True,
        description="Whether the header `Sec-GPC: 1` denies `ad_user_data` and "
        "`ad_personalization`, whatever the event says.",
    )

    @model_validator(mode="after")
    def _each_place_once(self) -> "ConsentSettings":
        seen: set[str] = set()
        for place in (place for region in self.regions for place in region.places):
            if place in seen:
                raise ValueError(f'regions: "{place}" is listed twice')
            seen.add(place)
        return self


_OPTED_OUT = {"ad_user_data": "denied", "ad_personalization": "denied"}


def compile_consent(settings: ConsentSettings) -> Callable[[Event, Received], Event]:
    """The stage that completes `consent`. It needs `event_location` to be known already.

    ``event_location.region`` is read with its country (``US-CA``) and without (``CA``).
    """
    everywhere = settings.default
    by_place = _by_place(settings)
    honour_gpc = settings.global_privacy_control

    def consent_of(location: Mapping[str, Any]) -> Defaults:
        country = location.get("country", "").upper()
        region = location.get("region", "").upper()
        if region:
            place = region if "-" in region else f"{country}-{region}"
            if place in by_place:
                return by_place[place]
        return by_place.get(country, everywhere)

    def complete_consent(event: Event, received: Received) -> Event:
        location = event.get("event_location")
        default = consent_of(location) if location else everywhere
        consent = {**default, **event.get("consent", {})}
        if honour_gpc and received.headers.get("sec-gpc") == "1":
            consent.update(_OPTED_OUT)
        return {**event, "consent": consent}

    return complete_consent


def missing(event: Event, required: Sequence[str]) -> list[str]:
    """Those of the `required` types that are not granted; one that is not stated is not granted."""
    consent = event.get("consent", {})
    return [name for name in required if consent.get(name) != "granted"]


def _by_place(settings: ConsentSettings) -> dict[str, Defaults]:
    """All that holds in each place that is named, itself or through a group."""
    stated: dict[str, Defaults] = {
        place: {**region.default} for region in settings.regions for place in region.places
    }
    table: dict[str, Defaults] = {}
    for country in _countries_of(stated):
        table[country] = {
            **settings.default,
            **_of_groups(country, stated),
            **stated.get(country, {}),
        }
    for place in stated:
        if "-" in place:
            table[place] = {**table[place[:2]], **stated[place]}
    for mistaken, meant in _MISTAKEN.items():
        if meant in table:
            table[mistaken] = table[meant]
        elif meant in stated:
            table[mistaken] = {**settings.default, **stated[meant]}
    return table


def _countries_of(stated: Mapping[str, object]) -> Iterator[str]:
    for place in stated:
        yield from _GROUPS.get(place, [place[:2]])


def _of_groups(country: str, stated: Mapping[str, Defaults]) -> Defaults:
    return {
        name: state
        for group, members in _GROUPS.items()
        if group in stated and country in members
        for name, state in stated[group].items()
    }
