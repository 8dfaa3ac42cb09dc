"""Pinterest: the API for Conversions, version 5.

Sources: developers.pinterest.com/docs/conversions/event and
github.com/pinterest/api-description, 5.23.0 (events/create).
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
from destinations.pinterest import answers
from destinations.pinterest.built_in import BUILT_IN, MAPPED_FIELDS
from destinations.pinterest.mapping import translate, unsendable
from destinations.pinterest.person import hashers, personal_data
from destinations.pinterest.settings import PinterestSettings

LINGER = timedelta(milliseconds=200)
"""Pinterest accepts 5,000 requests a minute for an ad account. At five a second, a destination
sends 300 and saves the CPU of single requests. Pinterest reports all events of the last hour
alike."""

_LIMITS = Limits(max_events=1000, max_age=timedelta(days=7), linger=LINGER)
_MAX_TESTS = 20


class Pinterest(Destination[PinterestSettings]):
    """Up to a thousand events a request; Pinterest judges each of them.

    It recognises an event of the Pinterest tag by the same ``event_id``. For how long is not
    published, so a request without an answer counts as one that may be counted twice. An event that
    `mapping` does not name is sent as ``custom``.
    """

    type = "pinterest"
    title = "Pinterest API for Conversions"
    test_mode = (
        "Set `test: true`. Pinterest checks the events, up to 20 in a request, and says what is "
        "wrong with each; it does not count them."
    )
    limits = _LIMITS
    purpose = "advertising"
    unwanted_events = NO_CONVERSIONS
    ip = "full"
    consent = ("ad_storage", "ad_user_data")
    allow_private_addresses = True
    integration_names = (
        "Pinterest",
        "Pinterest Ads",
        "Pinterest Conversions",
        "Pinterest Conversions API",
        "Pinterest Tag",
    )
    built_in_mapping = BUILT_IN
    mapped_fields = MAPPED_FIELDS
    Settings = PinterestSettings

    def __init__(self, settings: PinterestSettings) -> None:
        super().__init__(settings)
        base = str(settings.base_url).rstrip("/")
        self._url = f"{base}/v5/ad_accounts/{settings.ad_account_id}/events"
        if settings.test:
            self._url += "?test=true"
            self.limits = Limits(_MAX_TESTS, _LIMITS.max_age, linger=_LIMITS.linger)
        token = settings.access_token.get_secret_value()
        self._headers = {
            "content-type": "application/json",
            "authorization": f"Bearer {token}",
        }

    def requests(self, events: Sequence[Event], now: float) -> Iterator[Request | Unsendable]:
        def translated(event: Event) -> dict[str, Any] | str:
            return translate(event, now, self.mapper, self.settings)

        return batched_alike(events, translated, self._request, self.limits.max_events)

    def unsendable(self, event: Event) -> str:
        return unsendable(event, self.mapper, self.settings)

    def outcomes(self, request: Request, response: Response) -> Iterable[Outcome]:
        return answers.outcomes(request, response)

    @classmethod
    def hashers(cls, settings: PinterestSettings) -> Mapping[str, Hasher]:
        return hashers(settings.phone_region)

    @classmethod
    def personal_data(cls, settings: PinterestSettings) -> PersonalData:
        return personal_data(settings.phone_region)

    def _request(self, batch: Batch) -> Request:
        body = b'{"data":[%b]}' % b",".join(batch.values())
        return Request("POST", self._url, self._headers, body, tuple(batch), self.settings.test)
