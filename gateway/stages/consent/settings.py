"""The section `consent` of the configuration."""

from typing import Annotated, Literal, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PositiveInt,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)

from gateway.event.consent import ConsentType
from gateway.event.fields import changed_path
from gateway.event.schema import ConsentState
from gateway.stages.consent.places import Place

_STATES = {"enum": ["granted", "denied", True, False]}
Defaults = dict[ConsentType, Annotated[ConsentState, WithJsonSchema(_STATES)]]

CookieFormat = Literal["tcf", "gpp", "cookiebot", "onetrust", "usercentrics"]
CookieName = Annotated[str, StringConstraints(pattern=r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")]
"""A token of RFC 6265."""

Purpose = Annotated[int, Field(ge=1, le=24)]

_ALWAYS_NEEDED = ("event_name", "event_id", "timestamp", "consent")


def _covered_field(path: str) -> str:
    if path.split(".")[0] in _ALWAYS_NEEDED:
        raise ValueError(f"{path}: required in every event, so it cannot be removed")
    has_pattern = any("*" in key and key != "*" for key in path.split("."))
    if has_pattern and ("." in path or "*" in path[:-1]):
        raise ValueError(
            f"{path}: `*` stands for the rest of a name only at the end of a name without dots, "
            "such as `my_*`; name each field"
        )
    return changed_path(path)


def _whole_name(name: str) -> str:
    if "*" in name:
        raise ValueError(f"{name}: `*` is no pattern here; name each parameter")
    return name


CoveredField = Annotated[str, AfterValidator(_covered_field)]
UrlParameter = Annotated[
    str, StringConstraints(pattern=r"^[^\s?&#;=%+]{1,128}$"), AfterValidator(_whole_name)
]
"""The decoded name of a parameter."""


class RegionDefault(BaseModel):
    """Consent that holds for visitors of some places."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    places: list[Place] = Field(
        alias="in",
        min_length=1,
        description="ISO 3166 countries (`DE`), regions of a country (`US-CA`), or `EEA`. The "
        "most specific match decides each type: a region, then its country, then a group.",
    )
    default: Defaults = Field(
        description="Default state (`granted` or `denied`) of each consent type. A type that is "
        "not listed keeps the default of the wider place."
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
    """How a consent string of IAB Europe's TCF (2.2, 2.3) maps to Consent Mode's types.

    Purposes: iabeurope.eu/iab-europe-transparency-consent-framework-policies, batch A.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    purposes: dict[ConsentType, list[Purpose]] = Field(
        default_factory=_tcf_purposes,
        description="TCF purposes that each consent type requires; the visitor must have "
        "consented to all of them. The string does not decide types that are not listed.",
    )
    vendor: Annotated[int, Field(ge=1, le=65_535)] | None = Field(
        default=755,
        description="ID in the vendor list of the vendor that also needs consent for the `ad_` "
        "types; 755 is Google. With `null`, only the purposes decide.",
    )


class HoldSettings(BaseModel):
    """Held consent: events wait for an answer from their page instead of being withheld."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    seconds: Annotated[int, Field(ge=1, le=86_400)] = Field(
        default=1800, description="Seconds for which an event is held before it is withheld."
    )
    most_events: PositiveInt = Field(
        default=100,
        le=1000,
        description="Maximum number of held events of one page. Further events are withheld.",
    )
    max_events: PositiveInt = Field(
        default=100_000,
        description="Maximum number of held events of all pages. At 70 % of it, further events "
        "are withheld; at 95 %, also those of senders with a key.",
    )
    max_bytes: PositiveInt | None = Field(
        default=None,
        description="Maximum size in bytes of all held events, with the same thresholds as "
        "`max_events`. Default: a tenth of the memory of Redis.",
    )


class ConsentSettings(BaseModel):
    """Where consent is read besides the event itself, and the defaults for what is not stated."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    default: Defaults = Field(
        default_factory=_everything_granted,
        description="Default state (`granted` or `denied`) of each consent type, for visitors "
        "from places that `regions` does not list. A type that is not listed counts as not "
        "granted.",
    )
    regions: list[RegionDefault] = Field(
        default_factory=_europe_denied,
        description="Defaults by country or region of the visitor. Without this setting, "
        "advertising and analytics are denied in the EEA, Great Britain and Switzerland.",
    )
    unknown_place: Defaults | None = Field(
        default=None,
        description="Default for visitors from an unknown place. Without this setting, each type "
        "has the strictest state of `default` and of all `regions`.",
    )
    conflicts: Literal["deny", "ranked"] = Field(
        default="deny",
        description="State of a type that one signal of an event grants and another denies. "
        "`deny` denies it; `ranked` uses the signal that comes first in docs/consent.md, for "
        "sites with older cookies that lag behind the visitor's choice. An opt-out always denies.",
    )
    global_privacy_control: bool | list[Place] = Field(
        default=True,
        description="Whether the header `Sec-GPC: 1` denies `ad_user_data` and "
        "`ad_personalization`, regardless of other signals. A list of places (as in `regions`) "
        "limits this to visitors from these places and from unknown places.",
    )
    tcf: TcfSettings = Field(
        default_factory=TcfSettings,
        description="How a TCF consent string is interpreted; see `consent.tcf`.",
    )
    cookies: dict[CookieName, CookieFormat] = Field(
        default={},
        description="Cookies of the site's consent manager to read, the most trusted first, with "
        "the format of each: `tcf`, `gpp`, `cookiebot`, `onetrust` or `usercentrics`. Examples: "
        "`euconsent-v2: tcf`, `CookieConsent: cookiebot`, `OptanonConsent: onetrust`.",
    )
    categories: dict[str, list[ConsentType]] = Field(
        default={},
        description="IDs of the consent manager's categories or services, as in messages of "
        "Segment and RudderStack and in its cookie, with the consent types that each controls. A "
        "type with several categories is denied if one of them is.",
    )
    fields: dict[ConsentType, list[CoveredField]] = Field(
        default={},
        description="Fields, in addition to those in docs/consent.md, that destinations receive "
        "only if the type is granted: names of fields, anywhere in the event, or paths such as "
        "`user_properties.ad_id`.",
    )
    url_parameters: dict[ConsentType, list[UrlParameter]] = Field(
        default={},
        description="URL parameters, in addition to those in docs/consent.md, to remove from all "
        "texts of an event unless the type is granted. Case is ignored.",
    )
    hold: HoldSettings | None = Field(
        default=None,
        description="Hold events of the snippet in Redis, encrypted, until their page has stated "
        "every consent type that a destination needs. Without this setting, they are withheld. "
        "Requires `server.hash_salt`.",
    )
    withdrawals: bool = Field(
        default=False,
        description="Whether a denial also stops earlier events that are still pending for "
        "destinations that need the type. It applies to events of the same page, of the visitor "
        "id that the browser's proof cookie confirms, or of the `client_id` that a trusted "
        "sender names. Requires `server.hash_salt`.",
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
        """Whether events must have their `event_location` before consent is known."""
        return (
            bool(self.regions)
            or self.unknown_place is not None
            or not isinstance(self.global_privacy_control, bool)
        )
