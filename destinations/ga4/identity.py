"""The subject of an event, as GA4 identifies it: a browser or an app instance."""

import re
from hashlib import sha256

from destinations.base import Event
from destinations.remarks import remark

_cookie = re.compile(r"GA1\.[0-9-]{1,8}\.([0-9]{1,20}\.[0-9]{1,20})").fullmatch


def id_from_servers(event: Event, is_app: bool) -> str:
    """The id of the app instance or browser of `event`, for the transports of servers; "" if it has
    none."""
    return app_instance_of(event) if is_app else client_id_of(event)


def app_instance_of(event: Event) -> str:
    """The id of the app instance of `event`; "" if it names none."""
    instance = event.get("app_instance_id")
    return instance if isinstance(instance, str) else ""


def client_id_of(event: Event) -> str:
    """The id of the browser of `event`, also from a whole cookie ``_ga``; "" if it names none.

    An event with a user and no browser, as backends send it, gets a client id derived from the
    user. GA4 also receives the `user_id` itself, so the digest needs no key. An anonymous event
    gets a client id for this event alone.
    """
    client_id: str = event.get("client_id", "")
    if client_id:
        cookie = _cookie(client_id) if client_id.startswith("GA1.") else None
        return cookie[1] if cookie else client_id
    if is_anonymous(event):
        return _client_of(event.get("event_id", ""))
    if user_id := event.get("user_id"):
        remark("client_id: derived from user_id for GA4 only, because the event has none")
        return _client_of(f"user_id {user_id}")
    return ""


def is_anonymous(event: Event) -> bool:
    """Whether `event` was anonymised because its visitor refused."""
    return event.get("anonymised") is True


def is_debugged(event: Event) -> bool:
    """Whether the sender wants `event` in DebugView."""
    return event.get("debug_mode") in (True, "true", "1")


def _client_of(text: str) -> str:
    """A `client_id` derived from `text`, always the same."""
    digest = sha256(text.encode("utf-8", "surrogatepass")).digest()
    return f"{int.from_bytes(digest[:4])}.{int.from_bytes(digest[4:8])}"
