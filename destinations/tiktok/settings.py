"""Settings of a TikTok destination."""

from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import Field, HttpUrl, StringConstraints, model_validator

from destinations.base import DestinationSettings
from destinations.setting_types import BaseUrl, Credential, OptionalPhoneRegion

EventSource = Literal["web", "app", "offline", "crm"]
StatedSource = Literal["web", "app", "offline"]
"""The event sources that an event can name."""

SourceId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


class TikTokSettings(DestinationSettings):
    type: Literal["tiktok"] = Field(default="tiktok", description="TikTok Events API 2.0.")
    event_source_id: SourceId = Field(
        description="ID of the event source, from TikTok Events Manager: the pixel code for `web`, "
        "the TikTok App ID for `app`, the ID of the event set for `offline` and `crm`."
    )
    access_token: Credential = Field(
        description="Access token of the Events API, from Events Manager, the event source, "
        "Settings, Events API, Generate access token."
    )
    event_source: EventSource = Field(
        default="web",
        description="Kind of the event source: `web`, `app`, `offline` (sales in stores and "
        "by phone) or `crm` (leads).",
    )
    event_source_ids: dict[StatedSource, SourceId] = Field(
        default={},
        description="IDs of further event sources: `web` for events with `action_source: website`, "
        "`app` for those with `app`, `offline` for those with `physical_store` or "
        "`phone_call`. All other events go to `event_source_id`.",
    )
    test_event_code: str | None = Field(
        default=None,
        description="Code that shows the events under Test events. An event of a trusted sender "
        "can have a `test_event_code` of its own.",
    )
    phone_region: OptionalPhoneRegion = None
    base_url: BaseUrl = Field(
        default=HttpUrl("https://business-api.tiktok.com"),
        description="Base URL of the Events API.",
    )

    @model_validator(mode="after")
    def _names_each_source_once(self) -> Self:
        if self.event_source in self.event_source_ids:
            raise ValueError(
                f"event_source_id is the one of {self.event_source}; remove it from "
                "event_source_ids"
            )
        return self

    @cached_property
    def ids(self) -> dict[str, str]:
        """The ids of all event sources that are configured, by their kind."""
        others = {str(kind): id_ for kind, id_ in self.event_source_ids.items()}
        return others | {self.event_source: self.event_source_id}
