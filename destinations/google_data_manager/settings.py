"""Settings of a Google Data Manager destination."""

import re
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, HttpUrl

from destinations.base import DestinationSettings
from destinations.conversions import checked_ids
from destinations.mapping import MappingSettings
from destinations.setting_types import BaseUrl, OptionalPhoneRegion, QuotaProject

_IDS = "the id of its conversion action, digits, as in `purchase: 123456789`"

AccountType = Literal["GOOGLE_ADS", "FLOODLIGHT_CONFIG"]
EventSource = Literal["WEB", "APP", "IN_STORE", "PHONE", "MESSAGE", "OTHER"]


def _with_actions(mapping: MappingSettings) -> MappingSettings:
    return checked_ids(mapping, re.compile(r"[0-9]{1,19}").fullmatch, _IDS)


def _account_id(text: str) -> str:
    digits = text.replace("-", "")
    if not (digits.isascii() and digits.isdigit()):
        raise ValueError("must be digits, such as 1234567890 or 123-456-7890")
    return digits


AccountId = Annotated[str, AfterValidator(_account_id)]


class GoogleDataManagerSettings(DestinationSettings):
    type: Literal["google_data_manager"] = Field(
        default="google_data_manager", description="Google's Data Manager API."
    )
    mapping: Annotated[MappingSettings, AfterValidator(_with_actions)] = Field(
        default=MappingSettings(),
        validate_default=True,
        description="Which events Google gets: `events` has the id of a conversion action for "
        "each, such as `purchase: 123456789`; with Floodlight, of an activity. In Google Ads, the "
        "id is `ctId` in the address of the conversion action (Goals, Conversions, Summary). "
        "`fields` sets fields of the event.",
    )
    credential: str = Field(
        min_length=1,
        description="Name of a credential in `credentials`, of the type `service_account` or "
        "`refresh_token`, with the scope `https://www.googleapis.com/auth/datamanager`. Its user "
        "needs access to the account: add the e-mail address of the service account in Google Ads, "
        "Admin, Access and security.",
    )
    account_id: AccountId = Field(
        description="ID of the account that counts the conversions: in Google Ads the customer ID, "
        "such as `123-456-7890`, at the top right; with Floodlight the configuration ID."
    )
    account_type: AccountType = Field(
        default="GOOGLE_ADS",
        description="Type of that account: `GOOGLE_ADS`, or `FLOODLIGHT_CONFIG` for Campaign "
        "Manager 360.",
    )
    login_account_id: AccountId | None = Field(
        default=None,
        description="ID of the manager account through which the credential has access, if it has "
        "none to `account_id` itself.",
    )
    event_source: EventSource = Field(
        default="WEB",
        description="Where events happen that do not have an `action_source`: `WEB`, `APP`, "
        "`IN_STORE`, `PHONE`, `MESSAGE` or `OTHER`.",
    )
    merchant_id: AccountId | None = Field(
        default=None,
        description="ID of the Merchant Center account that has the items of your events.",
    )
    merchant_feed_label: str | None = Field(
        default=None, description="Label of that account's feed, such as `DE`."
    )
    merchant_feed_language: str | None = Field(
        default=None, description="Language code of that feed, such as `de`."
    )
    quota_project: QuotaProject | None = Field(
        default=None,
        description="ID of the Google Cloud project of which the quota is used. Default: that of "
        "the credential.",
    )
    validate_only: bool = Field(
        default=False,
        description="Google only checks the events, and counts none. Do not use it in production.",
    )
    phone_region: OptionalPhoneRegion = None
    base_url: BaseUrl = Field(
        default=HttpUrl("https://datamanager.googleapis.com"), description="Base URL of the API."
    )

    def credential_names(self) -> Iterator[str]:
        yield self.credential
