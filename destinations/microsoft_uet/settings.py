"""Settings of a Microsoft destination."""

from typing import Literal

from pydantic import Field, HttpUrl

from destinations.base import DestinationSettings
from destinations.setting_types import BaseUrl, Credential, OptionalPhoneRegion


class MicrosoftUETSettings(DestinationSettings):
    type: Literal["microsoft_uet"] = Field(
        default="microsoft_uet", description="Microsoft UET Conversions API."
    )
    tag_id: str = Field(
        pattern=r"^[0-9]{1,20}$",
        description="ID of the UET tag: digits, from Microsoft Advertising, Conversions, UET tag.",
    )
    api_token: Credential = Field(
        description="Token of the Conversions API of this tag, from Microsoft Advertising, "
        "Conversions, UET tag, Use Conversions API. It works 15 minutes after it is made."
    )
    base_url: BaseUrl = Field(
        default=HttpUrl("https://capi.uet.microsoft.com"), description="Base URL of the API."
    )
    phone_region: OptionalPhoneRegion = None
