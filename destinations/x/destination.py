"""X: the Conversion API.

Sources: docs.x.com/x-ads-api/measurement (web-conversions, gtm-server-side).
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Any

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
from destinations.hashed_forms import PersonalData
from destinations.x import answers
from destinations.x.built_in import BUILT_IN, MAPPED_FIELDS
from destinations.x.mapping import translate, unsendable
from destinations.x.person import personal_data
from destinations.x.settings import XSettings
from destinations.x.signature import authorization

LINGER = timedelta(milliseconds=200)
"""As for Meta, more saves little CPU. X limits events (60,000 in 15 minutes), not requests."""


class X(Destination[XSettings]):
    """Each event is a conversion by an event id that exists in Events Manager, so `mapping.events`
    names the events that X gets, each with its id. Others are withheld.

    If your pixel reports the same conversions, use its event ids, and give the pixel the event's
    ``event_id`` as ``conversion_id``: X counts one of the two. It has no field for a visitor's
    refusal of personalised ads, nor for a restriction that an event asks for, so such events are
    withheld.
    """

    type = "x"
    title = "X Conversion API"
    limits = Limits(max_events=500, max_age=timedelta(days=7), linger=LINGER)
    purpose = "advertising"
    unwanted_events = NO_CONVERSIONS
    ip = "full"
    consent = ("ad_storage", "ad_user_data")
    allow_private_addresses = True
    integration_names = ("Twitter Ads", "Twitter Conversions", "X Ads", "X Conversion API")
    built_in_mapping = BUILT_IN
    mapped_fields = MAPPED_FIELDS
    Settings = XSettings

    def __init__(self, settings: XSettings) -> None:
        super().__init__(settings)
        base, version = str(settings.base_url).rstrip("/"), settings.api_version
        self._url = f"{base}/{version}/measurement/conversions/{settings.pixel_id}"
        self._headers = {"content-type": "application/json"}
        if settings.pixel_token:
            self._headers["x-pixel-token"] = settings.pixel_token.get_secret_value()

    def requests(self, events: Sequence[Event], now: float) -> Iterator[Request | Unsendable]:
        mapper, region = self.mapper, self.settings.phone_region

        def translated(event: Event) -> tuple[str, dict[str, Any]] | str:
            made = translate(event, now, mapper, region)
            return made if isinstance(made, str) else (made["event_id"], made)

        def request(batch: Batch, _: str) -> Request:
            body = b'{"conversions":[%b]}' % b",".join(batch.values())
            return Request("POST", self._url, self._signed(body, now), body, tuple(batch))

        return batched(events, translated, request, self.limits.max_events)

    def unsendable(self, event: Event) -> str:
        return unsendable(event, self.settings.phone_region)

    def outcomes(self, request: Request, response: Response) -> Iterable[Outcome]:
        return answers.outcomes(request, response)

    @classmethod
    def personal_data(cls, settings: XSettings) -> PersonalData:
        return personal_data(settings.phone_region)

    def _signed(self, body: bytes, now: float) -> dict[str, str]:
        oauth = self.settings.oauth
        if oauth is None:
            return self._headers
        return {**self._headers, "authorization": authorization(oauth, self._url, body, now)}
