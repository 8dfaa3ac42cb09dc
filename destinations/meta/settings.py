"""Settings of a Meta destination."""

from datetime import date
from typing import Literal

from pydantic import Field, HttpUrl

from destinations.api_versions import ApiVersions
from destinations.base import DestinationSettings
from destinations.setting_types import BaseUrl, Credential, OptionalPhoneRegion

API_VERSIONS = ApiVersions(
    "api_version", "v27.0", {"v24.0": date(2026, 11, 10), "v25.0": date(2027, 2, 23)}
)
"""Versions of the Marketing API, to which these calls belong. They live about a year, which is
shorter than those of the Graph API.

Source: developers.facebook.com/docs/graph-api/changelog/versions.
"""

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
        description="ID of the pixel, which Meta now calls a dataset: digits, from Events Manager, "
        "Data sources, Settings.",
    )
    access_token: Credential = Field(
        description="Access token of the Conversions API, from Events Manager, Settings, "
        "Conversions API."
    )
    app_secret: Credential | None = Field(
        default=None,
        description="Secret of the app that owns the token, if that app requires an "
        "`appsecret_proof`.",
    )
    api_version: str = Field(
        default=API_VERSIONS.newest,
        pattern=r"^v\d+\.\d+$",
        description="Version of the Graph API. `gateway check` says when it ends.",
    )
    base_url: BaseUrl = Field(
        default=HttpUrl("https://graph.facebook.com"), description="Base URL of the Graph API."
    )
    test_event_code: str | None = Field(
        default=None,
        description="Code that shows the events under Test Events. Meta still counts them, so do "
        "not use it in production. An event of a trusted sender can have a `test_event_code` of "
        "its own.",
    )
    action_source: ActionSource = Field(
        default="website",
        description="`action_source` of events that do not have one and have nothing of a website: "
        "no `page_location`, `fbp`, `fbc` or `client_id`.",
    )
    phone_region: OptionalPhoneRegion = None
