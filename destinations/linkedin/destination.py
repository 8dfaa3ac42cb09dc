"""LinkedIn: the Conversions API.

Source: learn.microsoft.com/linkedin/marketing/conversions (conversions-api,
conversions-api-schema, deduplication).
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
from destinations.batches import Batch, batched_alike
from destinations.hashed_forms import PersonalData
from destinations.linkedin import answers
from destinations.linkedin.built_in import BUILT_IN, MAPPED_FIELDS
from destinations.linkedin.mapping import translate, unsendable
from destinations.linkedin.person import personal_data
from destinations.linkedin.settings import API_VERSIONS, LinkedInSettings

LINGER = timedelta(seconds=1)
"""LinkedIn limits requests, not events, and does not publish the limit: 300 and 600 a minute are
reported. One request a second reaches neither."""


class LinkedIn(Destination[LinkedInSettings]):
    """Each event is a conversion by a rule that exists already, so `mapping.events` names the
    events that LinkedIn gets, each with the id of its rule. Others are withheld.

    The rules need the source Conversions API. If the Insight Tag reports the same conversions, give
    it a rule of its own in the same ad account, and send it the event's ``event_id``: LinkedIn
    counts one of the two. It has no field for a visitor's refusal of personalised ads, nor for a
    restriction that an event asks for, so such events are withheld.
    """

    type = "linkedin"
    title = "LinkedIn Conversions API"
    limits = Limits(max_events=5000, max_age=timedelta(days=90), linger=LINGER)
    purpose = "advertising"
    unwanted_events = NO_CONVERSIONS
    ip = "full"
    consent = ("ad_storage", "ad_user_data")
    allow_private_addresses = True
    integration_names = (
        "LinkedIn Ads",
        "LinkedIn Conversions",
        "LinkedIn Conversions API",
        "LinkedIn Insight Tag",
    )
    api_versions = API_VERSIONS
    built_in_mapping = BUILT_IN
    mapped_fields = MAPPED_FIELDS
    Settings = LinkedInSettings

    def __init__(self, settings: LinkedInSettings) -> None:
        super().__init__(settings)
        self._url = f"{str(settings.base_url).rstrip('/')}/rest/conversionEvents"
        self._headers = {
            "content-type": "application/json",
            "linkedin-version": settings.api_version,
            "x-restli-protocol-version": "2.0.0",
            "x-restli-method": "BATCH_CREATE",
        }
        if settings.access_token:
            token = settings.access_token.get_secret_value()
            self._headers["authorization"] = f"Bearer {token}"

    def requests(self, events: Sequence[Event], now: float) -> Iterator[Request | Unsendable]:
        send_names, mapper = self.settings.send_names, self.mapper

        def translated(event: Event) -> dict[str, Any] | str:
            return translate(event, now, mapper, send_names)

        return batched_alike(events, translated, self._request, self.limits.max_events)

    def unsendable(self, event: Event) -> str:
        return unsendable(event, self.mapper, self.settings.send_names)

    def outcomes(self, request: Request, response: Response) -> Iterable[Outcome]:
        return answers.outcomes(request, response)

    @classmethod
    def personal_data(cls, settings: LinkedInSettings) -> PersonalData:
        return personal_data(settings.send_names)

    def _request(self, batch: Batch) -> Request:
        body = b'{"elements":[%b]}' % b",".join(batch.values())
        credential = self.settings.credential or ""
        return Request("POST", self._url, self._headers, body, tuple(batch), credential=credential)
