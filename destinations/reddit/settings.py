"""Settings of a Reddit destination."""

from typing import Literal

from pydantic import Field, HttpUrl

from destinations.base import DestinationSettings
from destinations.setting_types import BaseUrl, Credential, OptionalPhoneRegion

ActionSource = Literal["WEBSITE", "APP", "PHYSICAL_STORE", "OTHER"]
ConversionId = Literal["transaction_id", "event_id"]


class RedditSettings(DestinationSettings):
    type: Literal["reddit"] = Field(default="reddit", description="Reddit Conversions API.")
    pixel_id: str = Field(
        pattern=r"^[at]2_[a-z0-9]{1,32}$",
        description="ID of the pixel, such as `a2_abc123` or `t2_abc123`, from Ads Manager, Events "
        "Manager.",
    )
    access_token: Credential = Field(
        description="Conversion access token, from Ads Manager, Events Manager, Conversions API. "
        "It does not expire."
    )
    base_url: BaseUrl = Field(
        default=HttpUrl("https://ads-api.reddit.com"), description="Base URL of Reddit's Ads API."
    )
    test_id: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9_-]{1,64}$",
        description="Test ID from Events Manager, Event testing, which shows the events. Reddit "
        "takes up to 10 of them a second, each in a request of its own, so set "
        "`delivery.requests_per_second: 10` too.",
    )
    conversion_id: ConversionId = Field(
        default="transaction_id",
        description="Which field becomes `conversion_id`; the other one where an event does not "
        "have it. Choose the one that the Reddit pixel sends as `conversionId`, since Reddit "
        "counts one of two events with the same id and name.",
    )
    action_source: ActionSource = Field(
        default="WEBSITE",
        description="`action_source` of events that do not tell where they happened.",
    )
    phone_region: OptionalPhoneRegion = None
