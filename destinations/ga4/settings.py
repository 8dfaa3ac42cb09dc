"""Settings of a GA4 destination."""

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, HttpUrl, model_validator

from destinations.base import DestinationSettings
from destinations.common import BaseUrl, Credential, PhoneRegion


def _not_universal_analytics(given: object) -> object:
    if isinstance(given, str) and given.upper().startswith("UA-"):
        raise ValueError(
            "ids that begin with UA- are of Universal Analytics, which Google has shut down; use "
            "the measurement ID of a GA4 web stream, which begins with G- (Admin, Data streams)"
        )
    return given


class GA4Settings(DestinationSettings):
    type: Literal["ga4"] = Field(default="ga4", description="GA4 Measurement Protocol.")
    measurement_id: Annotated[str | None, BeforeValidator(_not_universal_analytics)] = Field(
        default=None,
        pattern=r"^G-[A-Z0-9]+$",
        description="Measurement ID of a web stream, such as `G-ABC123`, from Admin, Data streams.",
    )
    firebase_app_id: str | None = Field(
        default=None,
        pattern=r"^[0-9a-z]+(:[0-9a-z]+)+$",
        description="Firebase app ID of an app stream.",
    )
    api_secret: Credential = Field(
        description="API secret of the stream, from Admin > Data streams > Measurement Protocol "
        "API secrets in Google Analytics."
    )
    base_url: BaseUrl = Field(
        default=HttpUrl("https://www.google-analytics.com"),
        description="Base URL of the Measurement Protocol. Use "
        "https://region1.google-analytics.com to collect data in the EU.",
    )
    debug_mode: bool = Field(
        default=False,
        description="Show the events in DebugView. Google Analytics still counts them.",
    )
    phone_region: PhoneRegion | None = Field(
        default=None,
        description="Country (ISO 3166-1 alpha-2) of phone numbers without a country code when "
        "neither the address in `user_data` nor `event_location` names a country.",
    )

    @model_validator(mode="after")
    def _one_stream(self) -> Self:
        if (self.measurement_id is None) == (self.firebase_app_id is None):
            raise ValueError("needs either measurement_id or firebase_app_id")
        return self
