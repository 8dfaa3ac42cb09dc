"""What the rules of consent require for an event, given only what its signals mean.

Nothing here is imported from the gateway, so that this is a second opinion.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

ADS = frozenset(["ad_storage", "ad_user_data", "ad_personalization"])
ANALYTICS = frozenset(["analytics_storage"])
FOUR = ADS | ANALYTICS
OTHERS = frozenset(["functionality_storage", "personalization_storage", "security_storage"])
OPT_OUT = frozenset(["ad_user_data", "ad_personalization"])

NEEDS = {
    "meta": frozenset(["ad_storage", "ad_user_data"]),
    "ga4": ANALYTICS,
    "hook": frozenset[str](),
}
"""The consent types that each destination of the table needs."""


@dataclass(frozen=True)
class Says:
    """What one signal says, by consent type.

    unreadable: whether some or all of the signal cannot be read. page_denies: the types that the
    page denies until the visitor has answered.
    """

    grants: frozenset[str] = frozenset()
    denies: frozenset[str] = frozenset()
    unreadable: bool = False
    page_denies: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Outcome:
    """reaches: the destinations that get the event. cookie: a visitor cookie is set."""

    reaches: frozenset[str]
    cookie: bool

    def __str__(self) -> str:
        return f"{', '.join(sorted(self.reaches))}; {'a' if self.cookie else 'no'} cookie"


def granted(place_denies: Iterable[str], said: Iterable[Says]) -> frozenset[str]:
    """The types that may be used where the default of the visitor's place denies `place_denies`."""
    said, place_denies = [*said], frozenset(place_denies)

    def is_granted(name: str) -> bool:
        if any(name in each.denies for each in said):
            return False
        if any(name in each.grants for each in said):
            return True
        if any(each.unreadable or name in each.page_denies for each in said):
            return False
        return name not in place_denies

    return frozenset(filter(is_granted, FOUR | OTHERS))


def outcome(place_denies: Iterable[str], said: Iterable[Says], sets_cookies: bool) -> Outcome:
    """sets_cookies: whether the sender is a browser whose visitor may be recognised."""
    types = granted(place_denies, said)
    reaches = frozenset(name for name, needed in NEEDS.items() if needed <= types)
    return Outcome(reaches, sets_cookies and "analytics_storage" in types)
