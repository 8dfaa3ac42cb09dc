"""Settings of a Snapchat destination."""

from typing import Annotated, Literal, Self

from pydantic import Field, HttpUrl, StringConstraints, model_validator

from destinations.base import DestinationSettings
from destinations.setting_types import BaseUrl, Credential, OptionalPhoneRegion

ActionSource = Literal["WEB", "MOBILE_APP", "OFFLINE"]
AssetId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,100}$")]


class SnapchatSettings(DestinationSettings):
    type: Literal["snapchat"] = Field(
        default="snapchat", description="Snapchat Conversions API v3."
    )
    pixel_id: AssetId | None = Field(
        default=None,
        description="ID of the Snap Pixel, from Snapchat's Events Manager. Events of websites and "
        "stores need it.",
    )
    snap_app_id: AssetId | None = Field(
        default=None,
        description="Snap App ID, from Snapchat's Events Manager. Events of apps need it.",
    )
    app_id: AssetId | None = Field(
        default=None,
        description="ID of the app in its store, which events of apps get as `app_data.app_id`.",
    )
    access_token: Credential = Field(
        description="Conversions API token, from Business Manager, Business Details, Conversions "
        "API Tokens."
    )
    action_source: ActionSource = Field(
        default="WEB",
        description="Where events happened that do not say so with `action_source`: `website`, "
        "`app`, `physical_store` or `phone_call`.",
    )
    test_event_code: str | None = Field(
        default=None,
        description="Code that shows the events as test events in Events Manager. An event of a "
        "trusted sender can have a `test_event_code` of its own.",
    )
    validate_share: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="Share of requests that are also sent to Snapchat's `/events/validate`, which "
        "counts nothing. What it finds is shown as a warning of the delivered events.",
    )
    phone_region: OptionalPhoneRegion = None
    base_url: BaseUrl = Field(
        default=HttpUrl("https://tr.snapchat.com"), description="Base URL of the Conversions API."
    )

    @model_validator(mode="after")
    def _has_an_id(self) -> Self:
        if self.pixel_id is None and self.snap_app_id is None:
            raise ValueError("needs pixel_id for websites and stores, or snap_app_id for apps")
        return self

    def id_of(self, action_source: ActionSource) -> str | None:
        """The id of the pixel or app for events of `action_source`; None if it is not set."""
        return self.snap_app_id if action_source == "MOBILE_APP" else self.pixel_id
