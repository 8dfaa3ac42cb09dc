"""Settings of a Meta destination."""

from typing import Literal

from pydantic import Field, HttpUrl

from destinations.base import DestinationSettings
from destinations.common import BaseUrl, Credential, PhoneRegion

ActionSource = Literal[
    "email",
    "website",
    "app",
    "phone_call",
    "chat",
    "physical_store",
    "system_generated",
    "business_messaging",
    "other",
]


class MetaSettings(DestinationSettings):
    type: Literal["meta"] = Field(default="meta", description="Meta Conversions API.")
    pixel_id: str = Field(
        pattern=r"^\d+$",
        description="Id of the pixel, which Meta now calls dataset: digits, from Events Manager, "
        "Data sources, Settings.",
    )
    access_token: Credential = Field(description="From Events Manager, Settings, Conversions API.")
    app_secret: Credential | None = Field(
        default=None, description="Of the token's app, when it demands an appsecret_proof."
    )
    api_version: str = Field(
        default="v26.0", pattern=r"^v\d+\.\d+$", description="Version of the Graph API."
    )
    base_url: BaseUrl = Field(
        default=HttpUrl("https://graph.facebook.com"), description="Where the Graph API is."
    )
    test_event_code: str | None = Field(
        default=None,
        description="Shows the events under Test Events. They still count: not for production.",
    )
    action_source: ActionSource = Field(
        default="website", description="Where events happened that have no `action_source`."
    )
    custom_events: bool = Field(
        default=True,
        description="Send events that have no standard name at Meta as custom events.",
    )
    phone_region: PhoneRegion | None = Field(
        default=None,
        description="Country (ISO 3166-1 alpha-2) of phone numbers without a country code, if "
        "neither the address in `user_data` nor `event_location` names a country.",
    )
