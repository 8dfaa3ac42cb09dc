"""Whom an event is about: a browser or an app instance, as GA4 tells them apart."""

import re
from hashlib import sha256

from destinations.base import Event
from destinations.remarks import remark

_cookie = re.compile(r"GA1\.[0-9-]{1,8}\.([0-9]{1,20}\.[0-9]{1,20})").fullmatch


def id_from_servers(event: Event, is_app: bool) -> str:
    """The id of whom `event` of a server is about, in a stream of an app or of the web; "" if it
    has none."""
    return app_instance_of(event) if is_app else client_id_of(event)


def app_instance_of(event: Event) -> str:
    """The id of the app instance of `event`; "" when it names none."""
    instance = event.get("app_instance_id")
    return instance if isinstance(instance, str) else ""


def client_id_of(event: Event) -> str:
    """The id of the browser of `event`, which may be the whole cookie ``_ga``; "" when it names
    none.

    An event with a user and no browser, as backends send it, gets a client id derived from the
    user. GA4 receives the `user_id` itself too, so the digest needs no key. An anonymous event gets
    one that stands for this event alone.
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
    """Whether `event` tells nothing of its visitor, who refused."""
    return event.get("anonymised") is True


def is_debugged(event: Event) -> bool:
    """Whether the sender wants `event` in DebugView."""
    return event.get("debug_mode") in (True, "true", "1")


def _client_of(text: str) -> str:
    """A browser that stands for `text`, in the form of a `client_id`; always the same."""
    digest = sha256(text.encode("utf-8", "surrogatepass")).digest()
    return f"{int.from_bytes(digest[:4])}.{int.from_bytes(digest[4:8])}"
