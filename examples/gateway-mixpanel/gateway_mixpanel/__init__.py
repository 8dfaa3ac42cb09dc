"""Mixpanel: its import API, for the event gateway.

Source: docs.mixpanel.com/reference/import-events
"""

from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta

from gateway.plugins import (
    Destination,
    Event,
    Limits,
    Outcome,
    Request,
    Response,
    Unsendable,
    to_json,
)
from gateway_mixpanel import answers
from gateway_mixpanel.mapping import BUILT_IN, problem_of, translate
from gateway_mixpanel.settings import MixpanelSettings

__all__ = ["Mixpanel", "MixpanelSettings"]

MAX_BODY_BYTES = 2_000_000
MAX_EVENT_BYTES = 1_000_000
_HOSTS = {"us": "api.mixpanel.com", "eu": "api-eu.mixpanel.com", "in": "api-in.mixpanel.com"}


class Mixpanel(Destination[MixpanelSettings]):
    """Up to 2,000 events a request. Mixpanel takes the good ones of a request with bad ones."""

    type = "mixpanel"
    limits = Limits(
        max_events=2000,
        max_age=timedelta(days=7),
        dedupe=timedelta(days=7),
    )
    consent = ("analytics_storage",)
    purpose = "analytics"
    integration_names = ("Mixpanel", "Mixpanel (Actions)", "Mixpanel (Legacy)")
    unwanted_events = frozenset({"identify", "group", "alias"})
    built_in_mapping = BUILT_IN
    mapped_fields = frozenset({"properties"})
    Settings = MixpanelSettings

    def __init__(self, settings: MixpanelSettings) -> None:
        super().__init__(settings)
        host = _HOSTS[settings.region]
        self._url = f"https://{host}/import?strict=1&project_id={settings.project_id}"
        account = f"{settings.username}:{settings.secret.get_secret_value()}"
        self._headers = {
            "content-type": "application/json",
            "authorization": f"Basic {b64encode(account.encode()).decode()}",
        }

    def hosts(self) -> Iterator[str]:
        yield _HOSTS[self.settings.region]

    def unsendable(self, event: Event) -> str:
        return problem_of(event)

    def requests(self, events: Sequence[Event], now: float) -> Iterator[Request | Unsendable]:
        batch: dict[int, bytes] = {}
        size = 0
        for position, event in enumerate(events):
            if problem := problem_of(event):
                yield Unsendable(position, problem)
                continue
            translated = translate(event, self.mapper, now)
            if isinstance(translated, str):
                yield Unsendable(position, translated)
                continue
            body = to_json(translated)
            if body is None:
                yield Unsendable(position, "the event cannot be represented in JSON")
                continue
            if len(body) > MAX_EVENT_BYTES:
                yield Unsendable(position, f"the event has more than {MAX_EVENT_BYTES} bytes")
                continue
            if len(batch) == self.limits.max_events or size + len(body) > MAX_BODY_BYTES:
                yield self._request(batch)
                batch, size = {}, 0
            batch[position] = body
            size += len(body) + 1
        if batch:
            yield self._request(batch)

    def outcomes(self, request: Request, response: Response) -> Iterable[Outcome]:
        return answers.outcomes(request, response)

    def _request(self, batch: dict[int, bytes]) -> Request:
        body = b"[" + b",".join(batch.values()) + b"]"
        return Request("POST", self._url, self._headers, body, tuple(batch))
