"""TikTok: the Events API.

Source: business-api.tiktok.com/portal/docs?id=1771101303285761
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

import orjson

from destinations.apps import Place, stated_place
from destinations.base import (
    NO_CONVERSIONS,
    Destination,
    Event,
    Limits,
    Outcome,
    Request,
    Response,
    Unsendable,
)
from destinations.batches import Batch, batched
from destinations.event_values import test_code_of
from destinations.hashed_forms import PersonalData
from destinations.mapping import Hasher
from destinations.tiktok import answers
from destinations.tiktok.built_in import BUILT_IN, MAPPED_FIELDS
from destinations.tiktok.mapping import problem_of, translate, unsendable
from destinations.tiktok.person import hashers, personal_data
from destinations.tiktok.settings import EventSource, TikTokSettings

LINGER = timedelta(milliseconds=200)
"""TikTok prefers real-time events to batches. This is still real time, and at 200 events a second
one request carries 40 of them."""

_SOURCES: Mapping[Place | None, EventSource] = {"website": "web", "app": "app", "store": "offline"}


class TikTok(Destination[TikTokSettings]):
    """Up to a thousand events of one event source a request. TikTok refuses the whole request for
    one event and names it: the others are sent again without it.

    An event needs something by which TikTok can match a person, so none can be sent anonymously.
    """

    type = "tiktok"
    title = "TikTok Events API"
    test_mode = (
        "Set `test_event_code` to the code that Events Manager shows under Test events. Remove it "
        "before you go live."
    )
    limits = Limits(
        max_events=1000, max_age=timedelta(days=7), dedupe=timedelta(hours=48), linger=LINGER
    )
    purpose = "advertising"
    unwanted_events = NO_CONVERSIONS
    ip = "full"
    consent = ("ad_storage", "ad_user_data")
    allow_private_addresses = True
    integration_names = (
        "TikTok",
        "TikTok Ads",
        "TikTok Conversions",
        "TikTok Pixel",
        "TikTok Offline Conversions",
        "TikTok Events API",
        "TIKTOK_ADS",
    )
    built_in_mapping = BUILT_IN
    mapped_fields = MAPPED_FIELDS
    Settings = TikTokSettings

    def __init__(self, settings: TikTokSettings) -> None:
        super().__init__(settings)
        base = str(settings.base_url).rstrip("/")
        self._url = f"{base}/open_api/v1.3/event/track/"
        self._headers = {
            "content-type": "application/json",
            "access-token": settings.access_token.get_secret_value(),
        }

    def requests(self, events: Sequence[Event], now: float) -> Iterator[Request | Unsendable]:
        settings, mapper = self.settings, self.mapper

        def translated(event: Event) -> tuple[tuple[EventSource, str], dict[str, Any]] | str:
            source = self._source_of(event)
            if problem := unsendable(event, mapper, source, settings.phone_region):
                return problem
            made = translate(event, now, mapper, source, settings.phone_region)
            if problem := problem_of(made, source):
                return problem
            return (source, test_code_of(event) or settings.test_event_code or ""), made

        return batched(events, translated, self._request, self.limits.max_events)

    def unsendable(self, event: Event) -> str:
        source = self._source_of(event)
        return unsendable(event, self.mapper, source, self.settings.phone_region)

    def has_id(self, event: Event) -> bool:
        source, region = self._source_of(event), self.settings.phone_region
        return bool(translate(event, 0, self.mapper, source, region).get("event_id"))

    def outcomes(self, request: Request, response: Response) -> Iterable[Outcome]:
        return answers.outcomes(request, response)

    @classmethod
    def hashers(cls, settings: TikTokSettings) -> Mapping[str, Hasher]:
        return hashers(settings.phone_region)

    @classmethod
    def personal_data(cls, settings: TikTokSettings) -> PersonalData:
        return personal_data(settings.phone_region)

    def _source_of(self, event: Event) -> EventSource:
        """The event source that `event` names, if it is configured; else the default one."""
        settings, named = self.settings, _SOURCES.get(stated_place(event))
        return named if named and named in settings.event_source_ids else settings.event_source

    def _request(self, batch: Batch, shared: tuple[EventSource, str]) -> Request:
        """shared: the event source of all events in `batch`, and the code that makes them tests."""
        source, test_code = shared
        fields = {"event_source": source, "event_source_id": self.settings.ids[source]}
        if test_code:
            fields["test_event_code"] = test_code
        body = b'%b,"data":[%b]}' % (orjson.dumps(fields)[:-1], b",".join(batch.values()))
        return Request("POST", self._url, self._headers, body, tuple(batch), bool(test_code))
