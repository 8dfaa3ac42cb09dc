"""The section `consent` of the configuration."""

from typing import Annotated, Literal, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PositiveInt,
    StringConstraints,
    model_validator,
)

from gateway.event.consent import ConsentType
from gateway.event.fields import changed_path
from gateway.event.schema import ConsentState
from gateway.stages.consent.places import Place

Defaults = dict[ConsentType, ConsentState]

CookieFormat = Literal["tcf", "gpp", "cookiebot", "onetrust", "usercentrics"]
CookieName = Annotated[str, StringConstraints(pattern=r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")]
"""A token of RFC 6265."""

Purpose = Annotated[int, Field(ge=1, le=24)]

_ALWAYS_NEEDED = ("event_name", "event_id", "timestamp", "consent")


def _covered_field(path: str) -> str:
    if path.split(".")[0] in _ALWAYS_NEEDED:
        raise ValueError(f"{path}: required in every event, so it cannot be removed")
    return changed_path(path)


CoveredField = Annotated[str, AfterValidator(_covered_field)]
UrlParameter = Annotated[str, StringConstraints(pattern=r"^[^\s?&#;=%+]{1,128}$")]
"""The decoded name of a parameter."""


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

    Purposes: iabeurope.eu/iab-europe-transparency-consent-framework-policies, batch A.
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
    """Held consent: events wait for a word from their page instead of being withheld."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    seconds: Annotated[int, Field(ge=1, le=86_400)] = Field(
        default=1800, description="How long an event waits; then it is withheld."
    )
    most_events: PositiveInt = Field(
        default=100,
        le=1000,
        description="Most events of one page that wait; further ones are withheld.",
    )
    max_events: PositiveInt = Field(
        default=100_000,
        description="Most events of all pages together that wait. From 70 % on, further ones are "
        "withheld; those of senders with a key from 95 % on.",
    )
    max_bytes: PositiveInt | None = Field(
        default=None,
        description="Most bytes that these events may take together, with the same consequences. "
        "By default a tenth of the memory of Redis.",
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
    unknown_place: Defaults | None = Field(
        default=None,
        description="The default for visitors whose place is not known. Left out, each type has "
        "the strictest state of `default` and of all `regions`.",
    )
    conflicts: Literal["deny", "ranked"] = Field(
        default="deny",
        description="What holds for a type that one signal of an event grants and another denies: "
        "`deny`, or `ranked`, the signal that comes first in the order of docs/consent.md, for "
        "sites whose older cookies lag behind the visitor's choice. An opt-out denies either way.",
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
    fields: dict[ConsentType, list[CoveredField]] = Field(
        default={},
        description="Further fields that destinations only get when the type is granted, in "
        "addition to those in docs/consent.md: names of fields, wherever they are in the event, "
        "or paths such as `user_properties.ad_id`.",
    )
    url_parameters: dict[ConsentType, list[UrlParameter]] = Field(
        default={},
        description="Further URL parameters that are removed from all texts of an event unless "
        "the type is granted. Case does not matter.",
    )
    hold: HoldSettings | None = Field(
        default=None,
        description="Whether events of our snippet wait in Redis, encrypted, while their page has "
        "not stated a consent type that a destination needs. Without it they are withheld. Needs "
        "`server.hash_salt`.",
    )
    withdrawals: bool = Field(
        default=False,
        description="Whether a denial also stops events that were accepted before and still wait "
        "to be sent to destinations which need that type: those of the same page, of the visitor "
        "id whose proof cookie the browser brings, or, from a trusted sender, of the `client_id` "
        "that it names. Needs `server.hash_salt`.",
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
        return (
            bool(self.regions)
            or self.unknown_place is not None
            or not isinstance(self.global_privacy_control, bool)
        )
