"""Shopify: webhooks of paid orders, for the event gateway.

Source: shopify.dev/docs/apps/build/webhooks/subscribe/https
"""

import hmac
from base64 import b64encode
from typing import Literal

from pydantic import Field

from gateway.plugins import (
    ACCEPTED,
    JSON,
    NONE_ACCEPTED,
    UNAUTHORIZED,
    Answer,
    Batch,
    Credential,
    Inbound,
    Operation,
    Refused,
    Source,
    TrustedSourceSettings,
    accepted,
    decode_body,
    read_events,
)
from gateway_shopify.order import is_test_order, to_event

__all__ = ["Shopify", "ShopifySettings"]

TOPIC = "orders/paid"


class ShopifySettings(TrustedSourceSettings):
    type: Literal["shopify"] = Field(description="Webhooks of paid orders, signed by Shopify.")
    secrets: list[Credential] = Field(
        min_length=1,
        max_length=2,
        description="Client secret of the app that registered the webhook; two while it is being "
        "replaced.",
    )


class Shopify(Source[ShopifySettings]):
    """One order a request. Webhooks with another topic, and those of test orders, are answered and
    not recorded."""

    type = "shopify"
    paths = ("/shopify",)
    body_bytes = 1_048_576
    Settings = ShopifySettings

    def __init__(self, settings: ShopifySettings) -> None:
        super().__init__(settings)
        self._keys = [secret.get_secret_value().encode() for secret in settings.secrets]

    def describe(self, method: str) -> Operation:
        return Operation(
            text=f"A webhook with the topic `{TOPIC}`: the order is a `purchase`.",
            documentation="https://shopify.dev/docs/api/webhooks",
            body={JSON: {"type": "object"}},
            answers={"200": ACCEPTED, "400": NONE_ACCEPTED, "401": UNAUTHORIZED},
            keys={"signature": {"type": "apiKey", "in": "header", "name": "X-Shopify-Hmac-SHA256"}},
            needs_key=True,
        )

    def read(self, request: Inbound) -> Batch:
        if not self._is_signed(request):
            raise Refused(401, "unauthorized", "the signature of the body is missing or wrong")
        if request.headers.get("x-shopify-topic") != TOPIC:
            return Batch(trusted=True, backend=True)
        order = decode_body(request.body)
        if request.headers.get("x-shopify-test") == "true" or is_test_order(order):
            return Batch(trusted=True, backend=True)
        return read_events([order], to_event, trusted=True)

    def answer(self, batch: Batch) -> Answer:
        """Shopify takes 200 alone for success."""
        return accepted(batch) if batch.refused else Answer(200)

    def _is_signed(self, request: Inbound) -> bool:
        """Whether the body, as it was sent, is signed with one of the secrets."""
        shown = request.headers.get("x-shopify-hmac-sha256", "").encode("latin-1", "replace")
        return any(hmac.compare_digest(shown, signature(key, request.body)) for key in self._keys)


def signature(key: bytes, body: bytes) -> bytes:
    return b64encode(hmac.digest(key, body, "sha256"))
