"""What `gateway init` asks, and how answers are read."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import click

DESTINATIONS = (
    "ga4",
    "linkedin",
    "meta",
    "microsoft_uet",
    "openai_ads",
    "pinterest",
    "reddit",
    "snapchat",
    "tiktok",
    "webhook",
    "x",
)
NOT_OFFERED = ("google_data_manager",)
"""It needs a credential of Google Cloud, which takes a page to explain: docs/credentials.md."""

CONSENT_COOKIES: Mapping[str, tuple[str, str]] = {
    "cookiebot": ("CookieConsent", ""),
    "onetrust": ("OptanonConsent", ""),
    "usercentrics": ("ucData", "let your pages copy Usercentrics' ucData into this cookie"),
    "tcf": ("euconsent-v2", ""),
    "gpp": ("gpp", "the cookie in which your consent manager keeps the GPP string"),
}
"""The usual cookie of each consent manager or standard that the gateway reads, with a remark."""

NO_CONSENT_MANAGER = "none"


@dataclass(frozen=True, slots=True)
class Answers:
    """sites: origins, at least one. destinations: of `DESTINATIONS`. consent_manager: of
    `CONSENT_COOKIES`, or `NO_CONSENT_MANAGER`."""

    sites: Sequence[str] = ("https://shop.example",)
    destinations: Sequence[str] = ("ga4", "meta")
    consent_manager: str = NO_CONSENT_MANAGER


def read_sites(answer: str) -> list[str]:
    """The origins of the addresses in `answer`: ``shop.example`` stands for
    ``https://shop.example``. Raises `click.BadParameter`."""
    from gateway.urls.origin import origin_of

    sites = []
    for address in _words(answer):
        origin = origin_of(address)
        if origin is None and ("." in address or address.partition(":")[0] == "localhost"):
            origin = origin_of(f"https://{address}")
        if origin is None:
            raise click.BadParameter(f"{address!r} is not an address such as https://shop.example.")
        sites.append(origin)
    if not sites:
        raise click.BadParameter("Give at least one address, such as https://shop.example.")
    return list(dict.fromkeys(sites))


def read_destinations(answer: str) -> list[str]:
    """The kinds of destination in `answer`. Raises `click.BadParameter`."""
    names = [word.lower() for word in _words(answer)]
    for name in names:
        if name not in DESTINATIONS:
            raise click.BadParameter(f"{name!r} is not one of {', '.join(DESTINATIONS)}.")
    if not names:
        raise click.BadParameter(f"Give at least one of {', '.join(DESTINATIONS)}.")
    return list(dict.fromkeys(names))


def _words(answer: str) -> list[str]:
    return [word for word in re.split(r"[,\s]+", answer) if word]
