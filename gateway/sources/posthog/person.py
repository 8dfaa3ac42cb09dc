"""Reads the ids and the personal data in a message of PostHog's SDKs.

Sources: the npm packages posthog-js 1.449 and posthog-node 5.70; posthog.com/docs/data/sessions and
posthog.com/docs/data/user-properties; RFC 9562, 5.7, for the time in a session's id
"""

import re
from collections.abc import Mapping
from typing import Any

from gateway.event import Event
from gateway.sources.posthog.properties import is_campaign
from gateway.sources.reading import as_object, present
from gateway.sources.segment.traits import person_fields

_COOKIELESS = "$posthog_cookieless"
"""The ``distinct_id`` of every visitor in cookieless mode."""

_uuid7 = re.compile(r"([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")


def ids_of(message: Mapping[str, Any], properties: Mapping[str, Any], backend: bool) -> Event:
    """`client_id`, `user_id` and `ga_session_id`.

    A browser's ``distinct_id`` is the visitor before the person is identified and the user
    afterwards, while ``$device_id`` stays the same. A backend's is the user, unless the SDK made it
    up because there was none (``$process_person_profile`` is false). A ``distinct_id`` that begins
    with a dollar sign stands for many visitors.
    """
    distinct = message.get("distinct_id") or properties.get("distinct_id")
    if isinstance(distinct, str) and distinct.startswith("$"):
        distinct = None
    user = properties.get("$user_id")
    client = properties.get("$device_id") or properties.get("$anon_distinct_id")
    if backend:
        if properties.get("$process_person_profile") is not False:
            user = user or distinct
    elif properties.get("$is_identified") is True:
        user = user or distinct
    elif not user:
        client = client or distinct
    session = _session(properties.get("$session_id"))
    return present({"client_id": client, "user_id": user, "ga_session_id": session})


def _session(stated: Any) -> str | None:
    """When the session `stated`, a UUID of version 7, began, in Unix seconds: GA4 identifies
    sessions in this way and accepts no UUID."""
    found = _uuid7.fullmatch(stated) if isinstance(stated, str) else None
    return str(int(found[1] + found[2], 16) // 1000) if found else None


def is_cookieless(message: Any) -> bool:
    """Whether PostHog's SDK stores nothing about the visitor, who was not asked or has refused."""
    message = as_object(message)
    properties = as_object(message.get("properties"))
    if _COOKIELESS in (message.get("distinct_id"), properties.get("distinct_id")):
        return True
    return properties.get("$cookieless_mode") not in (None, False, "", 0)


def person_of(message: Mapping[str, Any], properties: Mapping[str, Any]) -> Event:
    """`user_data` and `user_properties`, from the properties to be set for the person. Those that
    PostHog's SDKs add are about the browser or a campaign, and are left out."""
    traits: dict[str, Any] = {}
    for name in ("$set_once", "$set"):
        traits |= present({**as_object(properties.get(name)), **as_object(message.get(name))})
    own = {
        name: value
        for name, value in traits.items()
        if not name.startswith("$") and not is_campaign(name)
    }
    return person_fields(own, {})
