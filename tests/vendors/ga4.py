"""A Measurement Protocol as strict as Google's: it answers 204 whether or not it keeps the events.
Its validation endpoint says what is wrong and keeps nothing. `/g/collect` takes browsers' hits.

Sources: developers.google.com/analytics/devguides/collection/protocol/ga4 (reference,
validating-events, sending-events, user-properties) and .../collection/ga4/uid-data.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from time import time
from typing import Any
from urllib.parse import parse_qs

from tests.vendors.answer import Answer, as_json
from tests.vendors.ga4_hit import Message, messages

MAX_BODY = 130_000
_HIT = ("v", "tid", "cid", "en")


@dataclass
class GA4:
    """secret: the one that it accepts; None for any. now: the clock. events: those that it kept, in
    order. lost: why it did not keep others, which no response says."""

    secret: str | None = None
    now: Callable[[], float] = time
    events: list[dict[str, Any]] = field(default_factory=list)
    lost: list[Message] = field(default_factory=list)

    def answer(self, method: str, path: str, query: str, body: bytes) -> Answer:
        """The response to a request."""
        given = {name: values[0] for name, values in parse_qs(query).items()}
        if path == "/g/collect":
            self._hits(query, body)
            return Answer(204)
        if path not in ("/mp/collect", "/debug/mp/collect") or method != "POST":
            return Answer(404)
        is_app = "firebase_app_id" in given
        found = list(self._messages(given, body, is_app))
        if path.startswith("/debug"):
            return as_json(200, {"validationMessages": [each._asdict() for each in found]})
        if self.secret is not None and given.get("api_secret") != self.secret:
            found.append(Message("api_secret", "The secret is not of this stream", "VALUE_INVALID"))
        if found:
            self.lost += found
        else:
            self.events += json.loads(body)["events"]
        return Answer(204)

    def _messages(self, given: dict[str, str], body: bytes, is_app: bool) -> Iterator[Message]:
        stream = {"measurement_id", "firebase_app_id"} & given.keys()
        if len(stream) != 1:
            yield Message("measurement_id", "One of the two streams is required", "VALUE_REQUIRED")
        if not given.get("api_secret"):
            yield Message("api_secret", "It is required", "VALUE_REQUIRED")
        if len(body) >= MAX_BODY:
            yield Message("", "The body is too large", "EXCEEDED_MAX_ENTITIES")
            return
        try:
            read = json.loads(body)
        except ValueError:
            yield Message("", "Unable to parse Measurement Protocol JSON", "VALUE_INVALID")
            return
        yield from messages(read, self.now(), is_app)

    def _hits(self, query: str, body: bytes) -> None:
        """A browser's hits: one in the query, or one per line that shares the query."""
        for line in body.decode().splitlines() or [""]:
            hit = {name: values[0] for name, values in parse_qs(f"{query}&{line}").items()}
            if missing := [name for name in _HIT if not hit.get(name)]:
                self.lost.append(Message(missing[0], "It is required", "VALUE_REQUIRED"))
            else:
                self.events.append(hit)
