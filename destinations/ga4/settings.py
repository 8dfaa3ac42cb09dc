"""Settings of a GA4 destination."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, HttpUrl, model_validator

from destinations.base import DestinationSettings
from destinations.ga4.late import TooOld
from destinations.setting_types import BaseUrl, Credential, OptionalPhoneRegion, QuotaProject

Transport = Literal["measurement_protocol", "gtag", "data_manager"]
DATA_MANAGER_URL = "https://datamanager.googleapis.com"
_OF_DATA_MANAGER = ("property_id", "credential", "quota_project", "validate_only")


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
        description="How events are sent: `measurement_protocol`, of which Google answers nothing "
        "about events, `data_manager`, of which it tells what became of each, or `gtag`, as hits "
        "of Google's own tag, which belong to the visitor's session. `gtag` needs a web stream and "
        "`analytics_storage`.",
    )
    api_secret: Credential | None = Field(
        default=None,
        description="API secret of the stream, from Admin > Data streams > Measurement Protocol "
        "API secrets in Google Analytics. Required with `transport: measurement_protocol`.",
    )
    property_id: str | None = Field(
        default=None,
        pattern=r"^[0-9]{1,19}$",
        description="ID of the property, digits, from Admin, Property details. Required with "
        "`transport: data_manager`.",
    )
    credential: str | None = Field(
        default=None,
        min_length=1,
        description="Name of a credential in `credentials`, of the type `service_account` or "
        "`refresh_token`, with the scope `https://www.googleapis.com/auth/datamanager`. Its user "
        "needs the role Editor or Administrator: add the e-mail address of the service account in "
        "Admin, Property access management. Required with `transport: data_manager`.",
    )
    quota_project: QuotaProject | None = Field(
        default=None,
        description="ID of the Google Cloud project of which the quota is used, with `transport: "
        "data_manager`. Default: that of the credential.",
    )
    validate_only: bool = Field(
        default=False,
        description="Google only checks the events, and counts none, with `transport: "
        "data_manager`. Do not use it in production.",
    )
    base_url: BaseUrl = Field(
        default=HttpUrl("https://www.google-analytics.com"),
        description="Base URL of Google Analytics. Use https://region1.google-analytics.com to "
        "collect data in the EU. Default with `transport: data_manager`: "
        f"{DATA_MANAGER_URL}.",
    )
    too_old: TooOld = Field(
        default="expire",
        description="What happens to an event older than GA4 accepts (72 hours): `expire` does not "
        "send it, `clamp` sends it with a time 72 hours ago, `send_without_time` sends it without "
        "its time, so that GA4 counts it when it comes. The last two accept events up to 7 days "
        "old, or up to `delivery.max_age`. Hits of `gtag` have no time: there `expire` means 24 "
        "hours, and `clamp` is a mistake. With `data_manager`, which needs a time, "
        "`send_without_time` is a mistake.",
    )
    validate_share: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="Share of the requests that are also sent to Google's validation server, from "
        "0 to 1. What it finds is a warning of the delivered events. It stores nothing. At most "
        "four requests of a drain are validated at the same time. Only with `transport: "
        "measurement_protocol`.",
    )
    debug_mode: bool = Field(
        default=False,
        description="Show the events in DebugView. Google Analytics still counts them.",
    )
    phone_region: OptionalPhoneRegion = None

    @model_validator(mode="after")
    def _one_stream(self) -> Self:
        if (self.measurement_id is None) == (self.firebase_app_id is None):
            raise ValueError("needs either measurement_id or firebase_app_id")
        return self

    @model_validator(mode="before")
    @classmethod
    def _with_url_of_transport(cls, given: Any) -> Any:
        if isinstance(given, dict) and given.get("transport") == "data_manager":
            return {"base_url": DATA_MANAGER_URL, **given}
        return given

    @model_validator(mode="after")
    def _fits_transport(self) -> Self:
        for problem in _problems(self):
            raise ValueError(problem)
        return self

    def credential_names(self) -> Iterator[str]:
        if self.credential is not None:
            yield self.credential


def _problems(settings: GA4Settings) -> Iterator[str]:
    """Problems with settings that do not fit the transport."""
    transport, too_old = settings.transport, settings.too_old
    if transport == "measurement_protocol" and settings.api_secret is None:
        yield "needs api_secret, unless `transport: gtag` or `transport: data_manager`"
    if transport == "data_manager":
        if settings.property_id is None or settings.credential is None:
            yield "transport: data_manager needs property_id and credential"
        if too_old == "send_without_time":
            yield "too_old: send_without_time: transport: data_manager needs a time"
    else:
        for name in _OF_DATA_MANAGER:
            if getattr(settings, name):
                yield f"{name}: only transport: data_manager uses it"
    if transport == "gtag":
        if settings.measurement_id is None:
            yield "transport: gtag needs measurement_id; app streams have no hits"
        if too_old == "clamp":
            yield "too_old: clamp needs a time, and hits of `transport: gtag` have none"
    if settings.validate_share and transport == "gtag":
        yield "validate_share: Google's validation server does not read gtag hits"
    if settings.validate_share and transport == "data_manager":
        yield "validate_share: Google tells of every event with data_manager; remove it"
