"""A configuration with every vendor; each gets the events of its own examples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from destinations.mapping import MappingSettings
from gateway.configuration.kinds import destination_types
from gateway.testing import example_files, load_example
from gateway.testing.examples import Example

KINDS = destination_types()
EXAMPLES: Mapping[str, Example] = {
    f"{kind.type}-{file.stem}": load_example(file)
    for kind in KINDS.values()
    for file in example_files(kind)
}
"""By the names of their destinations."""

GRANTED = dict.fromkeys(
    ("ad_storage", "ad_user_data", "ad_personalization", "analytics_storage"), "granted"
)

CURRENCY = {
    "google_data_manager": "currency",
    "linkedin": "conversionValue.currencyCode",
    "meta": "custom_data.currency",
    "microsoft_uet": "customData.currency",
    "openai_ads": "data.currency",
    "pinterest": "custom_data.currency",
    "reddit": "metadata.currency",
    "snapchat": "custom_data.currency",
    "tiktok": "properties.currency",
    "x": "price_currency",
}
"""Each vendor's field for the currency. GA4 is left out, since it reports no refusals."""

ODD = "odd_purchase"


def config(url: str) -> dict[str, Any]:
    """A destination for each example, with its settings; those of `purchase` also get what the
    tests send to all vendors."""
    account = {
        "type": "service_account",
        "key": "${GOOGLE_KEY}",
        "scope": "https://www.googleapis.com/auth/datamanager",
        "token_url": f"{url}/token",
        "allow_private_addresses": True,
    }
    return {
        "redis": {"url": "embedded", "data_dir": "${DATA_DIR}"},
        "sources": {"backend": {"type": "events", "keys": ["backend-test-key"]}},
        "credentials": {"google": account, "linkedin": account},
        "destinations": {name: settings(name, url) for name in EXAMPLES},
    }


def settings(name: str, url: str) -> dict[str, Any]:
    kind, _, stem = name.partition("-")
    own = {**EXAMPLES[name].settings, "when": {"example": name}}
    own |= {"consent": [], "delivery": {"backoff": [0.5], "tries": 1}}
    if kind == "webhook":
        return own | {"url": f"{url}/{name}", "allow_private_addresses": True}
    if stem == "purchase":
        own["when"] = {"any": [{"example": name}, {"example": "all"}]}
        own["mapping"] = {"events": {**events_of(name), ODD: odd(name)}}
    return own | {"base_url": url}


def events_of(name: str) -> dict[str, Any]:
    events: dict[str, Any] = EXAMPLES[name].settings.get("mapping", {}).get("events", {})
    return events


def odd(name: str) -> dict[str, Any]:
    """The mapping of a purchase to one in a currency that the vendor does not accept."""
    kind = KINDS[name.partition("-")[0]]
    known = (kind.built_in_mapping or MappingSettings()).events | events_of(name)
    named = known.get("purchase")
    path = CURRENCY.get(kind.type)
    return {
        "name": named if isinstance(named, str | int) else "purchase",
        "fields": {path: "EU"} if path else {},
    }


ALL = {name.removesuffix("-purchase"): name for name in EXAMPLES if name.endswith("-purchase")}
"""The destinations that get the events for all vendors, by kind."""


def purchase(number: str, **more: Any) -> dict[str, Any]:
    """A purchase that every vendor accepts."""
    return {
        "event_name": "purchase",
        "event_id": f"e-{number}",
        "transaction_id": f"o-{number}",
        "example": "all",
        "value": 59.9,
        "currency": "EUR",
        "items": [{"item_id": "A1", "item_name": "Cup", "price": 29.95, "quantity": 2}],
        "page_location": f"https://s.example/thanks/{number}",
        "client_id": "17.1795219200",
        "user_agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36",
        "ip_override": "203.0.113.7",
        "user_data": {"email_address": "jane@example.com"},
        "consent": GRANTED,
        **more,
    }
