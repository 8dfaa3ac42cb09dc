"""Snapchat: the Conversions API.

Sources: developers.snap.com/api/marketing-api/Conversions-API (UsingTheAPI, Deduplication).
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
from destinations.batches import Batch, batched
from destinations.event_values import test_code_of
from destinations.hashed_forms import PersonalData
from destinations.mapping import Hasher
from destinations.snapchat import answers, validation
from destinations.snapchat.built_in import BUILT_IN, MAPPED_FIELDS
from destinations.snapchat.mapping import action_source, problem_of, translate, unsendable
from destinations.snapchat.person import hashers, personal_data
from destinations.snapchat.settings import SnapchatSettings

LINGER = timedelta(milliseconds=200)
"""At 200 events a second, one request carries 40 events. Snapchat uses all events of the last hour
alike."""

MAX_BYTES = 2_000_000
"""Limit for the events of a request. Snapchat documents none; a certified integration uses 2 MB."""


class Snapchat(Destination[SnapchatSettings]):
    """Up to 2,000 events of one pixel or app a request. Snapchat names an event that it refuses:
    the others are sent again without it.

    It takes events of certain names only: others are withheld, unless you map them to
    `CUSTOM_EVENT_1` to `CUSTOM_EVENT_5`. It refuses an event without customer information, so none
    can be sent anonymously.
    """

    type = "snapchat"
    title = "Snapchat Conversions API"
    test_mode = (
        "Set `test_event_code` to the code that Events Manager shows. With `validate_share`, a "
        "share of the requests is also sent to Snapchat's `/events/validate`, which counts nothing."
    )
    limits = Limits(
        max_events=2000, max_age=timedelta(days=37), dedupe=timedelta(hours=48), linger=LINGER
    )
    purpose = "advertising"
    unwanted_events = NO_CONVERSIONS
    ip = "full"
    consent = ("ad_storage", "ad_user_data")
    allow_private_addresses = True
    integration_names = (
        "Snap",
        "Snapchat",
        "Snap Pixel",
        "Snap Conversions API",
        "Snapchat Conversions API",
        "Snapchat Conversions API (Actions)",
        "Snapchat Conversion",
        "SNAPCHAT_CONVERSION",
    )
    built_in_mapping = BUILT_IN
    mapped_fields = MAPPED_FIELDS
    Settings = SnapchatSettings

    def __init__(self, settings: SnapchatSettings) -> None:
        super().__init__(settings)
        self._base = str(settings.base_url).rstrip("/")
        # in a header, since URLs end up in logs
        token = settings.access_token.get_secret_value()
        self._headers = {"content-type": "application/json", "authorization": f"Bearer {token}"}

    def requests(self, events: Sequence[Event], now: float) -> Iterator[Request | Unsendable]:
        settings, mapper = self.settings, self.mapper

        def translated(event: Event) -> tuple[tuple[str, str], dict[str, Any]] | str:
            source = action_source(event, settings.action_source)
            made = translate(event, now, mapper, source, settings)
            if problem := problem_of(made, settings):
                return problem
            code = test_code_of(event) or settings.test_event_code or ""
            return (settings.id_of(source) or "", code), made

        most = self.limits.max_events
        return batched(events, translated, self._request, most, MAX_BYTES)

    def unsendable(self, event: Event) -> str:
        return unsendable(event, self.mapper, self.settings.phone_region)

    def has_id(self, event: Event) -> bool:
        source = action_source(event, self.settings.action_source)
        return bool(translate(event, 0, self.mapper, source, self.settings).get("event_id"))

    def outcomes(self, request: Request, response: Response) -> Iterable[Outcome]:
        return answers.outcomes(request, response)

    def check(self, request: Request) -> Request | None:
        return validation.check(request, self.settings.validate_share)

    def check_warnings(self, response: Response) -> Iterable[str]:
        return validation.warnings(response)

    @classmethod
    def hashers(cls, settings: SnapchatSettings) -> Mapping[str, Hasher]:
        return hashers(settings.phone_region)

    @classmethod
    def personal_data(cls, settings: SnapchatSettings) -> PersonalData:
        return personal_data(settings.phone_region)

    def _request(self, batch: Batch, shared: tuple[str, str]) -> Request:
        """shared: the id of the pixel or app of all events in `batch`, and the code that makes them
        tests."""
        asset_id, test_code = shared
        body = b'{"data":[%b]' % b",".join(batch.values())
        if test_code:
            body += b',"test_event_code":%b' % orjson.dumps(test_code)
        url = f"{self._base}/v3/{asset_id}/events"
        return Request("POST", url, self._headers, body + b"}", tuple(batch), bool(test_code))
