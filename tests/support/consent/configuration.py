"""The configuration under which the table and the laws of consent hold."""

from __future__ import annotations

from gateway.configuration.load import parse_settings
from gateway.configuration.settings import Settings
from tests.support.consent.oracle import NEEDS
from tests.support.consent.places import REGIONS
from tests.support.consent.senders import SOURCES
from tests.support.consent.signals import COOKIES

_DESTINATIONS = "\n".join(
    f'  {name}: {{type: webhook, url: "http://127.0.0.1:9/", consent: [{", ".join(needed)}]}}'
    for name, needed in NEEDS.items()
)
"""Webhooks stand in for the vendors: only for consent are events withheld from them."""


def shop(conflicts: str = "deny") -> Settings:
    return parse_settings(
        f"""
server: {{trusted_proxies: ["10.0.0.0/8", "127.0.0.0/8"]}}
dedupe_window: 0  # the recorded requests are sent again and again
{SOURCES}
consent:
  conflicts: {conflicts}
{COOKIES}
{REGIONS}
enrichment: [{{geo: {{headers: cloudflare}}}}]
destinations:
{_DESTINATIONS}
""",
        environment={},
    )
