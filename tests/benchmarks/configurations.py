"""The configurations that are measured."""

from __future__ import annotations

BEGINNING = """
sources:
  site:
    type: collect
    max_body_bytes: 1000000
    rate_limit: {requests: 9999999/second, events: off, bytes: off}
rules:
  - {name: internal, when: {page_hostname: {ends_with: .internal.example}}, drop: true}
  - {name: bots, when: {bot.is_bot: true}, drop: true}
  - {name: large, when: {event_name: purchase, value: {gte: 500}}, set: {order_size: large}}
  - {name: legacy, rename: {order_id: transaction_id}}
  - {name: street, remove: [user_data.address.street]}
destinations:
"""

KINDS = {
    "webhook": "type: webhook, url: %s/events, secret: whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw, "
    "allow_private_addresses: true, consent: [analytics_storage]",
    "meta": "type: meta, pixel_id: '1', access_token: t, base_url: %s",
    "ga4": "type: ga4, measurement_id: G-TEST000001, api_secret: s, base_url: %s",
}


NO_LEDGER = "ledger: {enabled: false}\n"


def configuration(sink: str, kind: str = "webhook", destinations: int = 1, drains: int = 1) -> str:
    """Five rules, and `destinations` destinations of one kind; all of them get every event.

    sink: URL of the server that stands in for the vendor.
    """
    delivery = f"delivery: {{drains: {drains}, max_pending: 2000000}}"
    each = f"{{{KINDS[kind] % sink}, {delivery}}}"
    return BEGINNING + "".join(f"  d{number}: {each}\n" for number in range(destinations))


def shop(sink: str) -> str:
    """Three destinations that get every event, as a shop has them: Meta, GA4 and a webhook with
    batches."""
    batches = KINDS["webhook"] % sink + ", format: json_array"
    kinds = {"meta": KINDS["meta"] % sink, "ga4": KINDS["ga4"] % sink, "warehouse": batches}
    delivery = "delivery: {max_pending: 2000000}"
    lines = (f"  {name}: {{{kind}, {delivery}}}\n" for name, kind in kinds.items())
    return BEGINNING + "".join(lines)
