"""OpenAI Ads (ChatGPT): the Conversions API.

Source: developers.openai.com/ads/conversions-api.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
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
from destinations.batches import Batch, batched_alike
from destinations.hashed_forms import PersonalData
from destinations.mapping import Hasher
from destinations.openai_ads import answers
from destinations.openai_ads.built_in import BUILT_IN, MAPPED_FIELDS
from destinations.openai_ads.mapping import translate, unsendable
from destinations.openai_ads.person import hashers, personal_data
from destinations.openai_ads.settings import OpenAIAdsSettings

LINGER = timedelta(milliseconds=200)
"""As for Meta, a longer time saves little CPU."""


class OpenAIAds(Destination[OpenAIAdsSettings]):
    """Up to a thousand events a request; one that OpenAI refuses makes it refuse the request.

    It recognises an event of its pixel by the same name and ``event_id``. For how long is not
    published, so a request without an answer counts as one that may be counted twice. An event
    without a name at OpenAI is sent as a custom event.
    """

    type = "openai_ads"
    title = "OpenAI Ads Conversions API"
    test_mode = (
        "Set `validate_only: true`. OpenAI says in its answer what is wrong, and counts nothing."
    )
    limits = Limits(max_events=1000, max_age=timedelta(days=7), linger=LINGER)
    purpose = "advertising"
    unwanted_events = NO_CONVERSIONS
    ip = "full"
    consent = ("ad_storage", "ad_user_data")
    allow_private_addresses = True
    integration_names = ("OpenAI Ads", "OPENAI_ADS")
    built_in_mapping = BUILT_IN
    mapped_fields = MAPPED_FIELDS
    Settings = OpenAIAdsSettings

    def __init__(self, settings: OpenAIAdsSettings) -> None:
        super().__init__(settings)
        base = str(settings.base_url).rstrip("/")
        self._url = f"{base}/v1/events?pid={settings.pixel_id}"
        self._headers = {
            "content-type": "application/json",
            "authorization": f"Bearer {settings.api_key.get_secret_value()}",
        }
        self._start = b'{"validate_only":%b,"events":[' % (
            b"true" if settings.validate_only else b"false"
        )

    def requests(self, events: Sequence[Event], now: float) -> Iterator[Request | Unsendable]:
        def translated(event: Event) -> dict[str, Any] | str:
            return translate(event, now, self.mapper, self.settings)

        return batched_alike(events, translated, self._request, self.limits.max_events)

    def unsendable(self, event: Event) -> str:
        return unsendable(event, self.mapper, self.settings.phone_region)

    def outcomes(self, request: Request, response: Response) -> Iterable[Outcome]:
        return answers.outcomes(request, response)

    @classmethod
    def hashers(cls, settings: OpenAIAdsSettings) -> Mapping[str, Hasher]:
        return hashers(settings.phone_region)

    @classmethod
    def personal_data(cls, settings: OpenAIAdsSettings) -> PersonalData:
        return personal_data(settings.phone_region)

    def _request(self, batch: Batch) -> Request:
        body = self._start + b",".join(batch.values()) + b"]}"
        is_test = self.settings.validate_only
        return Request("POST", self._url, self._headers, body, tuple(batch), is_test)
