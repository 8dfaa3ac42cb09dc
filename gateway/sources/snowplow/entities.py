"""Self-describing JSON: the data of events and of the entities sent with them, named by schemas.

Source: docs.snowplow.io, self-describing events and entities
"""

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from gateway.event import Event
from gateway.sources.reading import as_object, present, renamed

_iglu = re.compile(r"iglu:(?P<vendor>[^/]+)/(?P<name>[^/]+)/[^/]+/[^/]+").fullmatch

USER = "com.snowplowanalytics.snowplow.ecommerce/user"
CLIENT_SESSION = "com.snowplowanalytics.snowplow/client_session"
CLIENT_HINTS = "org.ietf/http_client_hints"
_ANONYMOUS = "00000000-0000-0000-0000-000000000000"
"""The ``userId`` of a session whose visitor is not to be recognised."""

_CLIENT_HINTS = {
    "isMobile": "mobile",
    "uaFullVersion": "ua_full_version",
    "platformVersion": "platform_version",
}


class Entity(NamedTuple):
    """schema: its vendor and name, such as ``org.ietf/http_client_hints``; "" if it cannot be read.
    data: without nulls and empty texts. raw: as it was sent."""

    schema: str
    data: Event
    raw: Any


def read_entity(raw: Any) -> Entity:
    schema = as_object(raw).get("schema")
    known = _iglu(schema) if isinstance(schema, str) else None
    data = present(as_object(as_object(raw).get("data")))
    return Entity(f"{known['vendor']}/{known['name']}" if known else "", data, raw)


def about_visitor(entities: Iterable[Entity]) -> tuple[Event, list[Entity]]:
    """The fields about the visitor in `entities` of any event, and the other entities. Of a session
    only the visitor is read, so it is among these."""
    event: Event = {}
    others = []
    for entity in entities:
        if entity.schema == USER:
            event |= _user_fields(entity.data)
        elif entity.schema == CLIENT_HINTS:
            event["client_hints"] = renamed(entity.data, _CLIENT_HINTS)
        else:
            if entity.schema == CLIENT_SESSION:
                event |= _session_fields(entity.data)
            others.append(entity)
    return event, others


def _session_fields(session: Event) -> Event:
    """The visitor of `session`. Trackers for apps name it only there, those for pages in ``duid``
    too."""
    visitor = session.get("userId")
    return {} if visitor == _ANONYMOUS else present({"client_id": visitor})


def _user_fields(user: Event) -> Event:
    """The user of the e-commerce plug-in, with the e-mail address in `user_data`."""
    fields = {"user_id": user.get("id"), "is_guest": user.get("is_guest")}
    email = user.get("email")
    return present({**fields, "user_data": {"email": email} if email else None})
