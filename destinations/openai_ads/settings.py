"""Settings of an OpenAI Ads destination."""

from typing import Literal

from pydantic import Field, HttpUrl

from destinations.base import DestinationSettings
from destinations.setting_types import BaseUrl, Credential, OptionalPhoneRegion

ActionSource = Literal[
    "web", "mobile_app", "offline", "physical_store", "phone_call", "email", "other"
]


class OpenAIAdsSettings(DestinationSettings):
    type: Literal["openai_ads"] = Field(
        default="openai_ads", description="OpenAI Ads Conversions API, for ads in ChatGPT."
    )
    pixel_id: str = Field(
        pattern=r"^[A-Za-z0-9_-]{1,64}$",
        description="ID of the pixel, from Ads Manager, Conversions.",
    )
    api_key: Credential = Field(
        description="Conversions API key, from Ads Manager, Conversions. It is not the key of the "
        "Ads API."
    )
    base_url: BaseUrl = Field(
        default=HttpUrl("https://bzr.openai.com"), description="Base URL of the API."
    )
    validate_only: bool = Field(
        default=False,
        description="Whether OpenAI only validates the events. It then saves and counts none.",
    )
    action_source: ActionSource = Field(
        default="web",
        description="`action_source` of events that do not tell where they happened. A `web` event "
        "without the address of its page is sent as `other`, since OpenAI would refuse it.",
    )
    phone_region: OptionalPhoneRegion = None
