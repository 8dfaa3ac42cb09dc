"""Settings of an X destination."""

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, HttpUrl, model_validator

from destinations.base import DestinationSettings
from destinations.conversions import checked_ids
from destinations.mapping import MappingSettings
from destinations.setting_types import BaseUrl, Credential, OptionalPhoneRegion

_IDS = "its event id from Events Manager, as in `purchase: tw-oabc1-odef2`"


def _with_ids(mapping: MappingSettings) -> MappingSettings:
    return checked_ids(mapping, re.compile(r"[A-Za-z0-9_-]{1,64}").fullmatch, _IDS)


class OAuthSettings(BaseModel):
    """Keys of OAuth 1.0a, by which the gateway signs each request as a user of X."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    consumer_key: Credential = Field(
        description="API key of an app with access to the Ads API, from X's developer console."
    )
    consumer_secret: Credential = Field(description="API key secret of that app.")
    access_token: Credential = Field(
        description="Access token of a user who is an account administrator or ad manager."
    )
    access_token_secret: Credential = Field(description="Secret of that access token.")


class XSettings(DestinationSettings):
    type: Literal["x"] = Field(default="x", description="X Conversion API.")
    mapping: Annotated[MappingSettings, AfterValidator(_with_ids)] = Field(
        default=MappingSettings(),
        validate_default=True,
        description="Which events X gets: `events` has an event id for each, such as `purchase: "
        "tw-oabc1-odef2`. Create an event with Conversion API in Events Manager, or take the id of "
        "one that your pixel sends. `fields` sets fields of the conversion.",
    )
    pixel_id: str = Field(
        pattern=r"^[A-Za-z0-9]{1,32}$",
        description="ID of the X pixel, which is the ID of the event source in Events Manager.",
    )
    pixel_token: Credential | None = Field(
        default=None,
        description="Access token of the pixel, from Events Manager, Install pixel, Manual, "
        "Conversion API, Generate access token.",
    )
    oauth: OAuthSettings | None = Field(
        default=None, description="Keys of OAuth 1.0a, in place of `pixel_token`."
    )
    api_version: str = Field(
        default="12", pattern=r"^[0-9]{1,3}$", description="Version of X's Ads API."
    )
    base_url: BaseUrl = Field(
        default=HttpUrl("https://ads-api.x.com"), description="Base URL of X's Ads API."
    )
    phone_region: OptionalPhoneRegion = None

    @model_validator(mode="after")
    def _has_one_way_to_authenticate(self) -> Self:
        if (self.pixel_token is None) == (self.oauth is None):
            raise ValueError("needs exactly one of `pixel_token` and `oauth`")
        return self
