"""Webhook: events in the form that you choose, to an address of your own, signed."""

from destinations.webhook.destination import Webhook
from destinations.webhook.settings import WebhookSettings

__all__ = ["Webhook", "WebhookSettings"]
