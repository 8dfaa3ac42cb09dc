"""Names of events at GA4: their spelling, and which are reserved.

Sources: developers.google.com/analytics/devguides/collection/protocol/ga4 (reference, limitations;
reserved names of web streams and of app streams).
"""

import re
from collections.abc import Collection
from functools import lru_cache

from destinations.base import Event
from destinations.mapping import Mapper
from destinations.remarks import remark

_is_event_name = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}").fullmatch
_no_name_characters = re.compile(r"[^A-Za-z0-9_]+")

RESERVED_ON_WEB = frozenset(
    {
        "ad_activeview",
        "ad_click",
        "ad_exposure",
        "ad_query",
        "ad_reward",
        "adunit_exposure",
        "app_clear_data",
        "app_exception",
        "app_install",
        "app_remove",
        "app_store_refund",
        "app_update",
        "app_upgrade",
        "dynamic_link_app_open",
        "dynamic_link_app_update",
        "dynamic_link_first_open",
        "error",
        "firebase_campaign",
        "firebase_in_app_message_action",
        "firebase_in_app_message_dismiss",
        "firebase_in_app_message_impression",
        "first_open",
        "first_visit",
        "notification_dismiss",
        "notification_foreground",
        "notification_open",
        "notification_receive",
        "notification_send",
        "os_update",
        "session_start",
        "user_engagement",
    }
)
RESERVED_IN_APPS = RESERVED_ON_WEB | {"ad_impression", "in_app_purchase", "screen_view"}
RESERVED_IN_HITS = RESERVED_ON_WEB - {"user_engagement"}
"""Google's own tags send `user_engagement`."""

ENGAGEMENT = "engagement"
"""The name sent for `user_engagement`, which GA4 accepts only from its own tags. GA4 counts the
engagement time of any event."""


@lru_cache(1024)
def _spelled(name: str) -> str:
    """`name` in GA4's spelling, with underscores for blanks and punctuation: ``Song_Played`` for
    ``Song Played``. A name with characters outside ASCII is not changed."""
    if _is_event_name(name) or not name.isascii():
        return name
    return "_".join(filter(None, _no_name_characters.split(name)))


def problem_of_name(name: str, reserved: Collection[str]) -> str:
    """What is wrong with `name` as the name of an event; "" if nothing. reserved: names that only
    GA4 itself may use.

    A name is never cut to fit, because reports and key events depend on it.
    """
    if not _is_event_name(name):
        return (
            "event_name must start with a letter and have at most 40 letters, digits and "
            "underscores"
        )
    if name in reserved:
        return "event_name is reserved: GA4 creates these events itself"
    return ""


def name_of(event: Event, mapper: Mapper) -> str:
    """The name of `event` in GA4."""
    given = mapper.name_of(event)
    name = _spelled(given)
    if name != given:
        remark(
            f"event_name: sent as {name} because GA4 accepts only letters, digits and underscores"
        )
    return name


def name_from_servers(event: Event, mapper: Mapper) -> str:
    """The name of `event` in the Measurement Protocol and at Data Manager."""
    name = name_of(event, mapper)
    if name == "user_engagement" and event.get("engagement_time_msec", 0) > 0:
        remark(f"event_name: sent as {ENGAGEMENT} because GA4 does not accept {name} from servers")
        return ENGAGEMENT
    return name
