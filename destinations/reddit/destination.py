"""Reddit: the Conversions API, version 3.

Sources: ads-api.reddit.com/docs (version 3), github.com/reddit/reddit-ss-gtm-template and
business.reddithelp.com (deduplication, event testing).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

import orjson

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
from destinations.paths import object_at
from destinations.reddit import answers
from destinations.reddit.built_in import BUILT_IN, MAPPED_FIELDS
from destinations.reddit.mapping import translate, unsendable
from destinations.reddit.person import hashers, personal_data
from destinations.reddit.settings import RedditSettings

LINGER = timedelta(milliseconds=200)
"""Reddit compares events with those of its pixel once an hour, so the delay does no harm. At five
requests a second, a destination saves the CPU of single requests."""

_LIMITS = Limits(
    max_events=1000, max_age=timedelta(days=7), dedupe=timedelta(days=2), linger=LINGER
)


class Reddit(Destination[RedditSettings]):
    """Up to a thousand events a request; one that Reddit refuses makes it refuse the request.

    It recognises an event by its name and `conversion_id`, for two days. A name that Reddit does
    not know is sent as that of a custom event.
    """

    type = "reddit"
    title = "Reddit Conversions API"
    test_mode = (
        "Set `test_id` to the test ID that Events Manager shows under Event testing, and "
        "`delivery.requests_per_second` to 10. Each event goes in a request of its own."
    )
    limits = _LIMITS
    purpose = "advertising"
    unwanted_events = NO_CONVERSIONS
    ip = "full"
    consent = ("ad_storage", "ad_user_data")
    allow_private_addresses = True
    integration_names = (
        "Reddit",
        "Reddit Ads",
        "Reddit Conversions Api",
        "Reddit Pixel",
    )
    built_in_mapping = BUILT_IN
    mapped_fields = MAPPED_FIELDS
    Settings = RedditSettings

    def __init__(self, settings: RedditSettings) -> None:
        super().__init__(settings)
        base = str(settings.base_url).rstrip("/")
        self._url = f"{base}/api/v3/pixels/{settings.pixel_id}/conversion_events"
        self._headers = {
            "content-type": "application/json",
            "authorization": f"Bearer {settings.access_token.get_secret_value()}",
        }
        self._end = b"]}}"
        if settings.test_id:
            self._end = b'],"test_id":%b}}' % orjson.dumps(settings.test_id)
            self.limits = Limits(1, _LIMITS.max_age, _LIMITS.dedupe)

    def requests(self, events: Sequence[Event], now: float) -> Iterator[Request | Unsendable]:
        def translated(event: Event) -> dict[str, Any] | str:
            return translate(event, now, self.mapper, self.settings)

        return batched_alike(events, translated, self._request, self.limits.max_events)

    def unsendable(self, event: Event) -> str:
        return unsendable(event, self.mapper, self.settings)

    def has_id(self, event: Event) -> bool:
        made = translate(event, 0, self.mapper, self.settings)
        return isinstance(made, dict) and bool(object_at(made, "metadata").get("conversion_id"))

    def outcomes(self, request: Request, response: Response) -> Iterable[Outcome]:
        return answers.outcomes(request, response)

    @classmethod
    def hashers(cls, settings: RedditSettings) -> Mapping[str, Hasher]:
        return hashers(settings.phone_region)

    @classmethod
    def personal_data(cls, settings: RedditSettings) -> PersonalData:
        return personal_data(settings.phone_region)

    def _request(self, batch: Batch) -> Request:
        body = b'{"data":{"events":[%b%b' % (b",".join(batch.values()), self._end)
        is_test = self.settings.test_id is not None
        return Request("POST", self._url, self._headers, body, tuple(batch), is_test)
