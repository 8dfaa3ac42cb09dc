"""A visit: the identifiers in the request of one event, and the results of the stage."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.event import Event, Received
from gateway.stages.identity.cookies import CookieScope
from gateway.stages.identity.link import Link


@dataclass(slots=True)
class Visit:
    """What the parts of the stage share while they work on one event.

    has_link: the page's URL may carry an identity. jar: the visitor's cookies, in which those that
    a link of gtag.js brought replace the browser's. linked: the cookies of such a link alone. ads,
    analytics: whether that storage is granted. own: whether our own cookie and links may be used.
    scope: of the cookies to set, or None if none may be set.

    Results: notes, words for the trace that never contain an identifier; found, fields for the
    event; cookies, ``Set-Cookie`` values; is_new, whether the visitor id was made for this request;
    unclaimed_link, a link that would identify the visitor if the request had claimed it.
    """

    event: Event
    received: Received
    has_link: bool
    jar: Mapping[str, str]
    linked: Mapping[str, str]
    ads: bool
    analytics: bool
    own: bool
    scope: CookieScope | None
    notes: list[str]
    found: dict[str, Any] = field(default_factory=dict)
    cookies: list[str] = field(default_factory=list)
    is_new: bool = False
    unclaimed_link: Link | None = None

    def fill(self, name: str, value: Any, origin: str) -> None:
        """Gives the event `value` as its field `name`."""
        self.found[name] = value
        self.notes.append(f"{name} from {origin}")
