"""Settings of a GA4 destination."""

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, HttpUrl, model_validator

from destinations.base import DestinationSettings
from destinations.common import BaseUrl, Credential, PhoneRegion
from destinations.ga4.late import TooOld

Transport = Literal["measurement_protocol", "gtag"]


def _not_universal_analytics(given: object) -> object:
    if isinstance(given, str) and given.upper().startswith("UA-"):
        raise ValueError(
            "ids that begin with UA- are of Universal Analytics, which Google has shut down; use "
            "the measurement ID of a GA4 web stream, which begins with G- (Admin, Data streams)"
        )
    return given


class GA4Settings(DestinationSettings):
    type: Literal["ga4"] = Field(default="ga4", description="Google Analytics 4.")
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
    transport: Transport = Field(
        default="measurement_protocol",
        description="How events are sent: `measurement_protocol`, which Google documents, or "
        "`gtag`, as hits of Google's own tag, which belong to the visitor's session. `gtag` needs "
        "a web stream and `analytics_storage`.",
    )
    api_secret: Credential | None = Field(
        default=None,
        description="API secret of the stream, from Admin > Data streams > Measurement Protocol "
        "API secrets in Google Analytics. Required, except with `transport: gtag`.",
    )
    base_url: BaseUrl = Field(
        default=HttpUrl("https://www.google-analytics.com"),
        description="Base URL of Google Analytics. Use https://region1.google-analytics.com to "
        "collect data in the EU.",
    )
    too_old: TooOld = Field(
        default="expire",
        description="What happens to an event older than GA4 accepts (72 hours): `expire` does not "
        "send it, `clamp` sends it with a time 72 hours ago, `send_without_time` sends it without "
        "its time, so that GA4 counts it when it comes. The last two accept events up to 7 days "
        "old, or up to `delivery.max_age`. Hits of `gtag` have no time: there `expire` means 24 "
        "hours, and `clamp` is a mistake.",
    )
    validate_share: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="Share of the requests that are also sent to Google's validation server, from "
        "0 to 1. What it finds is a warning of the delivered events. It stores nothing. At most "
        "four requests of a drain are validated at the same time. Not with `transport: gtag`.",
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

    @model_validator(mode="after")
    def _fits_transport(self) -> Self:
        if self.transport == "measurement_protocol":
            if self.api_secret is None:
                raise ValueError("needs api_secret, unless `transport: gtag`")
            return self
        if self.measurement_id is None:
            raise ValueError("transport: gtag needs measurement_id; app streams have no hits")
        if self.too_old == "clamp":
            raise ValueError("too_old: clamp needs a time, and hits of `transport: gtag` have none")
        if self.validate_share:
            raise ValueError("validate_share: Google's validation server does not read gtag hits")
        return self
