"""The section `consent` of the configuration."""

from typing import Annotated, Literal, get_args

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PositiveInt,
    StringConstraints,
    model_validator,
)

from gateway.consent.places import Place
from gateway.event import ConsentState

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

CookieFormat = Literal["tcf", "gpp", "cookiebot", "onetrust", "usercentrics"]
CookieName = Annotated[str, StringConstraints(pattern=r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")]
"""A token of RFC 6265."""

Purpose = Annotated[int, Field(ge=1, le=24)]


class RegionDefault(BaseModel):
    """Consent that holds for visitors of some places."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    places: list[Place] = Field(
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


def _tcf_purposes() -> dict[ConsentType, list[Purpose]]:
    return {
        "ad_storage": [1],
        "analytics_storage": [1, 8, 9],
        "ad_user_data": [1, 2, 7],
        "ad_personalization": [1, 3, 4],
    }


class TcfSettings(BaseModel):
    """What a consent string of IAB Europe's TCF (2.2, 2.3) says in Consent Mode's types.

    Purposes: iabeurope.eu/iab-europe-transparency-consent-framework-policies, appendix A.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    purposes: dict[ConsentType, list[Purpose]] = Field(
        default_factory=_tcf_purposes,
        description="Consent types, and the purposes that the visitor must all have consented to; "
        "the string says nothing about a type that is not listed.",
    )
    vendor: Annotated[int, Field(ge=1, le=65_535)] | None = Field(
        default=755,
        description="Number in the vendor list of who must have consent too for the `ad_` types; "
        "755 is Google. `null`: purposes alone decide.",
    )


class HoldSettings(BaseModel):
    """Late consent: events wait for a word from their visitor instead of being withheld."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    seconds: Annotated[int, Field(ge=1, le=86_400)] = Field(
        default=1800, description="How long an event waits; then it is destroyed."
    )
    most_events: PositiveInt = Field(
        default=100,
        le=1000,
        description="Most events of one visitor that wait; further ones are withheld.",
    )


class ConsentSettings(BaseModel):
    """Where consent is read beside the event's own word, and what holds when nothing is said."""

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
    global_privacy_control: bool | list[Place] = Field(
        default=True,
        description="Whether the header `Sec-GPC: 1` denies `ad_user_data` and "
        "`ad_personalization`, whatever the event says. A list of places (as in `regions`): only "
        "for their visitors, and for those whose place is not known.",
    )
    tcf: TcfSettings = Field(
        default_factory=TcfSettings,
        description="How a TCF consent string is read; see `consent.tcf`.",
    )
    cookies: dict[CookieName, CookieFormat] = Field(
        default={},
        description="Cookies of the site's consent manager that are read, the most trusted first, "
        "and the format of each: `tcf`, `gpp`, `cookiebot`, `onetrust` or `usercentrics`; such as "
        "`euconsent-v2: tcf`, `CookieConsent: cookiebot`, `OptanonConsent: onetrust`.",
    )
    categories: dict[str, list[ConsentType]] = Field(
        default={},
        description="Ids of the consent manager's categories or services, as in the messages of "
        "Segment and RudderStack and in its cookie, and the consent types that each stands for. A "
        "type of several is denied when one of them is.",
    )
    hold: HoldSettings | None = Field(
        default=None,
        description="Whether events wait in Redis, by their visitor's `client_id`, while nobody "
        "has stated a consent type that a destination needs. Without it they are withheld.",
    )
    withdrawals: bool = Field(
        default=False,
        description="Whether a denial also stops events of the same `client_id` that were accepted "
        "before and still wait to be sent to destinations which need that type.",
    )

    @model_validator(mode="after")
    def _each_place_once(self) -> "ConsentSettings":
        seen: set[str] = set()
        for place in (place for region in self.regions for place in region.places):
            if place in seen:
                raise ValueError(f'regions: "{place}" is listed twice')
            seen.add(place)
        return self

    @property
    def depends_on_place(self) -> bool:
        """Whether events must have their `event_location` before consent is settled."""
        return bool(self.regions) or not isinstance(self.global_privacy_control, bool)
