"""The webhook destination: messages, signed, to one address."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

from destinations.base import (
    DELIVERED,
    Destination,
    Event,
    Limits,
    Outcome,
    Request,
    Response,
    Unsendable,
)
from destinations.mapping import MappingSettings
from destinations.webhook.answers import refusals
from destinations.webhook.formats import compile_format
from destinations.webhook.settings import WebhookSettings
from destinations.webhook.signatures import Signer, compile_signature

BATCH_LINGER = timedelta(seconds=1)
"""How long an event waits for others of its batch. At 100 events a second, batches are full."""


class Webhook(Destination[WebhookSettings]):
    """By default one event a request, as Standard Webhooks suggests:
    ``{"type": event_name, "timestamp": ISO 8601, "data": event}``."""

    type = "webhook"
    title = "Webhook"
    limits = Limits(max_events=1, max_age=timedelta(days=7), dedupe=timedelta(days=7))
    consent = ("analytics_storage",)
    anonymous = True
    purpose = "own"
    integration_names = (
        "Webhooks",
        "Webhooks (Actions)",
        "Webhooks (Classic)",
        "Extensible Webhooks",
        "HTTP Webhook",
    )
    built_in_mapping = MappingSettings(other_events="custom")
    Settings = WebhookSettings

    def __init__(self, settings: WebhookSettings) -> None:
        super().__init__(settings)
        self._url = str(settings.url)
        content_type, self._messages = compile_format(settings, self.mapper)
        self._headers = {**settings.fixed_headers, "content-type": content_type}
        secrets = settings.secrets_in_force
        self._signature_name = ""
        self._sign: Signer | None = None
        if secrets:
            self._signature_name, self._sign = compile_signature(settings.signature, secrets)
        if settings.is_batch:
            self.limits = replace(
                self.limits,
                max_events=settings.batch.max_events,
                dedupe=timedelta(0),
                linger=BATCH_LINGER,
            )
        self._success = settings.success_statuses
        self._credential = settings.credential

    def requests(self, events: Sequence[Event], now: float) -> Iterator[Request | Unsendable]:
        seconds = int(now)
        timestamp = str(seconds)
        method, url, sign = self.settings.method, self._url, self._sign
        credential = self._credential
        for message in self._messages(events):
            if isinstance(message, Unsendable):
                yield message
                continue
            message_id, body, positions, own = message
            headers = {
                **self._headers,
                **own,
                "webhook-id": message_id,
                "webhook-timestamp": timestamp,
            }
            if sign is not None:
                headers[self._signature_name] = sign(message_id, seconds, body)
            yield Request(method, url, headers, body, positions, credential=credential)

    def outcomes(self, request: Request, response: Response) -> Iterable[Outcome]:
        if response.status in self._success:
            return [DELIVERED] * len(request.events)
        return refusals(request, response)

    def secrets(self) -> Iterator[str]:
        yield from super().secrets()
        if self.settings.secret_url:
            yield from filter(
                None, [(self.settings.url.path or "").strip("/"), self.settings.url.query]
            )
