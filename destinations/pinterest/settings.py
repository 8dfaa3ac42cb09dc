"""Settings of a Pinterest destination."""

from typing import Literal

from pydantic import Field, HttpUrl

from destinations.base import DestinationSettings
from destinations.setting_types import BaseUrl, Credential, OptionalPhoneRegion

ActionSource = Literal["web", "app_android", "app_ios", "offline"]


class PinterestSettings(DestinationSettings):
    type: Literal["pinterest"] = Field(
        default="pinterest", description="Pinterest API for Conversions."
    )
    ad_account_id: str = Field(
        pattern=r"^\d{1,20}$",
        description="ID of the ad account: digits, from Ads Manager, Conversions, Conversion "
        "access token, or from the address of the account's overview.",
    )
    access_token: Credential = Field(
        description="Conversion access token, from Ads Manager, Conversions, Conversion access "
        "token. It needs no renewal. An OAuth token with the scope `ads:write` works too."
    )
    base_url: BaseUrl = Field(
        default=HttpUrl("https://api.pinterest.com"), description="Base URL of Pinterest's API."
    )
    test: bool = Field(
        default=False,
        description="Whether to send the events as tests: Pinterest checks them and does not count "
        "them.",
    )
    partner_name: str | None = Field(
        default=None,
        pattern=r"^ss-[A-Za-z0-9._-]{1,60}$",
        description="Name of the company that sends the events for you, if one does: `ss-` and "
        "the name that Pinterest knows it by.",
    )
    action_source: ActionSource = Field(
        default="web",
        description="`action_source` of events that do not tell where they happened.",
    )
    phone_region: OptionalPhoneRegion = None
