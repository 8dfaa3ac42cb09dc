"""Webhook: every event, as it is, to an address of your own, signed.

Sources: Standard Webhooks 1.0.0, github.com/standard-webhooks/standard-webhooks
(spec/standard-webhooks.md).
"""

import hmac
import re
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr

from destinations.base import (
    DELIVERED,
    Destination,
    DestinationSettings,
    Event,
    Limits,
    Outcome,
    Request,
    Response,
    Unsendable,
    by_status,
    retry_after,
)
from destinations.common import Url, event_time, to_json, vendor_words
from destinations.mapping import MappingSettings

_WRONG_ADDRESS = frozenset({*range(300, 400), 404, 405})
"""Answers about the address, not about the event: the next event would get the same."""

_is_message_id = re.compile(r"[!-\-/-~]+").fullmatch
"""Printable ASCII without a dot, which separates the parts of what is signed."""

_is_header_name = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+").fullmatch
_OWN_HEADERS = frozenset(
    {
        "connection",
        "content-length",
        "content-type",
        "host",
        "transfer-encoding",
        "webhook-id",
        "webhook-signature",
        "webhook-timestamp",
    }
)


def _signing_key(secret: SecretStr) -> bytes:
    """The key in a secret. Raises `ValueError`, which does not repeat it."""
    prefix, _, encoded = secret.get_secret_value().partition("_")
    try:
        key = b64decode(encoded, validate=True)
    except ValueError:
        key = b""
    if prefix != "whsec" or not 24 <= len(key) <= 64:
        raise ValueError("must be `whsec_` followed by 24 to 64 random bytes in base64")
    return key


def _valid_secret(secret: SecretStr) -> SecretStr:
    _signing_key(secret)
    return secret


def _valid_headers(headers: dict[str, SecretStr]) -> dict[str, SecretStr]:
    for name, value in headers.items():
        if not _is_header_name(name):
            raise ValueError("has a name that is not valid for an HTTP header")
        if name.lower() in _OWN_HEADERS:
            raise ValueError(f"must not set {name}, which the gateway sets itself")
        text = value.get_secret_value()
        if not (text.isascii() and text.isprintable()):
            raise ValueError(f"{name} must be printable ASCII on one line")
    return headers


Secret = Annotated[SecretStr, AfterValidator(_valid_secret)]


class WebhookSettings(DestinationSettings):
    type: Literal["webhook"] = Field(default="webhook", description="Your own HTTP endpoint.")
    url: Url = Field(
        description="URL that receives the events. It is shown in logs, so put credentials into "
        "`headers`."
    )
    secret: Secret | Annotated[list[Secret], Field(min_length=1, max_length=2)] | None = Field(
        default=None,
        description="Secret that signs every request: `whsec_` followed by 24 to 64 random bytes "
        "in base64. While you replace a secret, list both: both sign.",
    )
    method: Literal["POST", "PUT", "PATCH"] = Field(default="POST", description="HTTP method.")
    headers: Annotated[dict[str, SecretStr], AfterValidator(_valid_headers)] = Field(
        default={},
        description="Additional headers of every request. Their values are never shown.",
    )


class Webhook(Destination[WebhookSettings]):
    """One event a request: ``{"type": event_name, "timestamp": ISO 8601, "data": event}``."""

    type = "webhook"
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
        self._headers = {
            **{name: value.get_secret_value() for name, value in settings.headers.items()},
            "content-type": "application/json",
        }
        secrets = settings.secret if isinstance(settings.secret, list) else [settings.secret]
        self._keyed = [
            hmac.new(_signing_key(secret), digestmod="sha256") for secret in secrets if secret
        ]

    def requests(self, events: Sequence[Event], now: float) -> Iterator[Request | Unsendable]:
        for position, event in enumerate(events):
            message = {
                "type": self.mapper.name_of(event),
                "timestamp": datetime.fromtimestamp(event_time(event, now), UTC),
                "data": event,
            }
            self.mapper.apply(event, message)
            body = to_json(message)
            if body is None:
                yield Unsendable(position, "the event cannot be represented in JSON")
            else:
                headers = self._signed(_message_id(event, body), int(now), body)
                yield Request(self.settings.method, self._url, headers, body, (position,))

    def outcomes(self, request: Request, response: Response) -> Iterable[Outcome]:
        status = response.status
        if 200 <= status < 300:
            return [DELIVERED] * len(request.events)
        words = vendor_words(response.body)
        if status == 410:
            said = "HTTP 410: the receiver asks to stop sending; remove this destination"
        elif status in _WRONG_ADDRESS:
            said = f"HTTP {status}: check `url`; only a 2xx answer counts as received"
        else:
            return [_about_one_event(outcome) for outcome in by_status(request, response, words)]
        reason = f"{said}: {words}" if words else said
        asked = retry_after(response)
        return [Outcome("retry", reason, "configuration", asked)] * len(request.events)

    def _signed(self, message_id: str, seconds: int, body: bytes) -> dict[str, str]:
        headers = {
            **self._headers,
            "webhook-id": message_id,
            "webhook-timestamp": str(seconds),
        }
        if self._keyed:
            start = f"{message_id}.{seconds}.".encode()
            signatures = [_signature(keyed, start, body) for keyed in self._keyed]
            headers["webhook-signature"] = " ".join(signatures)
        return headers


def _signature(keyed: hmac.HMAC, start: bytes, body: bytes) -> str:
    """keyed: with the key alone, which is the same for every message."""
    signing = keyed.copy()
    signing.update(start)
    signing.update(body)
    return "v1," + b64encode(signing.digest()).decode()


def _about_one_event(outcome: Outcome) -> Outcome:
    """A request carries one event, so a refused request is a refused event."""
    if outcome.scope == "request":
        return Outcome(outcome.result, outcome.reason)
    return outcome


def _message_id(event: Event, body: bytes) -> str:
    """The event's id, or a hash where it cannot be one, so that every attempt has the same."""
    event_id: str = event.get("event_id", "")
    if _is_message_id(event_id):
        return event_id
    return sha256(event_id.encode("utf-8", "replace") or body).hexdigest()
