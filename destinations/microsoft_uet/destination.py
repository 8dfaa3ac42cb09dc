"""Microsoft Advertising: the UET Conversions API.

Source: learn.microsoft.com/advertising/guides/uet-conversion-api-integration.
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
from destinations.microsoft_uet import answers
from destinations.microsoft_uet.built_in import BUILT_IN, MAPPED_FIELDS
from destinations.microsoft_uet.mapping import translate, unsendable
from destinations.microsoft_uet.person import hashers, personal_data
from destinations.microsoft_uet.settings import MicrosoftUETSettings

LINGER = timedelta(milliseconds=200)
"""As for Meta, a longer time saves little CPU."""

_START, _END = b'{"data":[', b'],"dataProvider":"event-gateway","continueOnValidationError":true}'
MAX_BYTES = 1_000_000
"""Limit for a request. Microsoft documents none; a certified integration uses 1 MB."""


class MicrosoftUET(Destination[MicrosoftUETSettings]):
    """Up to a thousand events a request. Microsoft takes the good ones of a request with bad ones.

    A page view is a ``pageLoad``; every other event is a custom one, which counts for the goals
    that have its name as action. Change names with `mapping.events`. If the UET tag reports the
    same events, give it the event's ``event_id`` and name: Microsoft counts one of the two.
    """

    type = "microsoft_uet"
    title = "Microsoft UET Conversions API"
    limits = Limits(max_events=1000, max_age=timedelta(days=7), linger=LINGER)
    purpose = "advertising"
    unwanted_events = NO_CONVERSIONS
    ip = "full"
    consent = ("ad_storage", "ad_user_data")
    allow_private_addresses = True
    integration_names = (
        "Bing Ads",
        "Bing Ads Offline Conversions",
        "Microsoft Advertising",
        "Microsoft Bing CAPI (Actions)",
    )
    built_in_mapping = BUILT_IN
    mapped_fields = MAPPED_FIELDS
    Settings = MicrosoftUETSettings

    def __init__(self, settings: MicrosoftUETSettings) -> None:
        super().__init__(settings)
        self._url = f"{str(settings.base_url).rstrip('/')}/v1/{settings.tag_id}/events"
        self._headers = {
            "content-type": "application/json",
            "authorization": f"Bearer {settings.api_token.get_secret_value()}",
        }

    def requests(self, events: Sequence[Event], now: float) -> Iterator[Request | Unsendable]:
        mapper, region = self.mapper, self.settings.phone_region

        def translated(event: Event) -> dict[str, Any] | str:
            return translate(event, now, mapper, region)

        max_bytes = MAX_BYTES - len(_START) - len(_END)
        return batched_alike(events, translated, self._request, self.limits.max_events, max_bytes)

    def unsendable(self, event: Event) -> str:
        return unsendable(event, self.mapper, self.settings.phone_region)

    def outcomes(self, request: Request, response: Response) -> Iterable[Outcome]:
        return answers.outcomes(request, response)

    @classmethod
    def hashers(cls, settings: MicrosoftUETSettings) -> Mapping[str, Hasher]:
        return hashers(settings.phone_region)

    @classmethod
    def personal_data(cls, settings: MicrosoftUETSettings) -> PersonalData:
        return personal_data(settings.phone_region)

    def _request(self, batch: Batch) -> Request:
        body = _START + b",".join(batch.values()) + _END
        return Request("POST", self._url, self._headers, body, tuple(batch))
