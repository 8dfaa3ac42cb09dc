"""Settings of a LinkedIn destination."""

import re
from collections.abc import Iterator
from datetime import date
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, HttpUrl, model_validator

from destinations.api_versions import ApiVersions
from destinations.base import DestinationSettings
from destinations.conversions import checked_ids
from destinations.mapping import MappingSettings
from destinations.setting_types import BaseUrl, Credential

API_VERSIONS = ApiVersions(
    "api_version",
    "202608",
    {
        "202510": date(2026, 10, 15),
        "202511": date(2026, 11, 16),
        "202601": date(2027, 1, 15),
        "202602": date(2027, 2, 15),
        "202603": date(2027, 3, 16),
    },
)
"""A version is published about every month and lives a year.

Source: learn.microsoft.com/linkedin/marketing/versioning.
"""

_IDS = "the id of its conversion rule: digits, as in `purchase: 123456`"


def _with_rules(mapping: MappingSettings) -> MappingSettings:
    return checked_ids(mapping, re.compile(r"[0-9]{1,19}").fullmatch, _IDS)


class LinkedInSettings(DestinationSettings):
    type: Literal["linkedin"] = Field(default="linkedin", description="LinkedIn Conversions API.")
    mapping: Annotated[MappingSettings, AfterValidator(_with_rules)] = Field(
        default=MappingSettings(),
        validate_default=True,
        description="Which events LinkedIn gets: `events` has the id of a conversion rule for "
        "each, such as `purchase: 123456`. Rules are created in Campaign Manager, Measurement, "
        "Conversion tracking, with the source Conversions API; the id is in the address of the "
        "rule. `fields` sets fields of the conversion.",
    )
    access_token: Credential | None = Field(
        default=None,
        description="Access token with the scope `rw_conversions`, from Campaign Manager, Signals "
        "manager, Conversions API, or from the token generator of your app. It lives 60 days; with "
        "`credential`, the gateway renews it.",
    )
    credential: str | None = Field(
        default=None,
        description="Name of a credential of the type `refresh_token` in `credentials`, in place "
        "of `access_token`. LinkedIn's refresh token lives a year from its first day, however "
        "often it is used.",
    )
    send_names: bool = Field(
        default=False,
        description="Whether LinkedIn gets the first and last name and the country of a person. It "
        "takes them in clear only. An event with no other identifier needs them.",
    )
    api_version: str = Field(
        default=API_VERSIONS.newest,
        pattern=r"^20[0-9]{4}$",
        description="Version of LinkedIn's Marketing API: year and month. `gateway check` says "
        "when it ends.",
    )
    base_url: BaseUrl = Field(
        default=HttpUrl("https://api.linkedin.com"), description="Base URL of LinkedIn's API."
    )

    @model_validator(mode="after")
    def _has_one_token(self) -> Self:
        if (self.access_token is None) == (self.credential is None):
            raise ValueError("needs exactly one of `access_token` and `credential`")
        return self

    def credential_names(self) -> Iterator[str]:
        yield from filter(None, [self.credential])
