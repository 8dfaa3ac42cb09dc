"""GA4: the Measurement Protocol.

Sources: developers.google.com/analytics/devguides/collection/protocol/ga4 (reference,
sending-events).

GA4 answers 2xx to every request (see `answers`), so an event that GA4 would discard is refused
before it is sent. GA4 does not support event ids: a repeated event counts twice, unless it is a
purchase with a transaction_id.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import quote

from destinations.base import Destination, Event, Limits, Outcome, Request, Response, Unsendable
from destinations.common import to_json
from destinations.ga4 import answers
from destinations.ga4.mapping import (
    MAPPED_FIELDS,
    client_id_of,
    client_of,
    hashers,
    is_debugged,
    problem_of,
    translate,
)
from destinations.ga4.settings import GA4Settings
from destinations.mapping import Hasher, MappingSettings

MAX_BODY = 130_000
"""A body has fewer bytes than this."""

LINGER = timedelta(milliseconds=200)
"""At 200 events a second, an event costs 440 µs of CPU if each is read as it comes, 165 µs if those
of 200 ms are read together, and as much with 500 ms. A fifth fewer requests go out, since more of
them carry several events of one visitor."""

_EVENTS = b',"events":['


@dataclass(slots=True)
class _Group:
    """Events of one client that can share a request: what it says of the client is the same.

    test: whether its events are shown in DebugView.
    """

    client: bytes
    test: bool
    size: int
    events: dict[int, bytes] = field(default_factory=dict)

    def add(self, position: int, event: bytes) -> None:
        self.events[position] = event
        self.size += len(event) + 1

    def takes(self, client: bytes, test: bool, event: bytes, most: int) -> bool:
        return (
            client == self.client
            and test == self.test
            and len(self.events) < most
            and self.size + len(event) + 1 < MAX_BODY
        )


class GA4(Destination[GA4Settings]):
    """Up to 25 events of one client per request, in the order of arrival.

    An anonymous event goes to a web stream with a client id that is used only once, and with its
    consent denied. GA4 therefore counts a user for each; the parameter ``anonymised`` distinguishes
    them in reports. An app stream does not accept them: GA4 requires known app instances.
    """

    type = "ga4"
    limits = Limits(max_events=25, max_age=timedelta(hours=72), linger=LINGER)
    consent = ("analytics_storage",)
    anonymous = True
    purpose = "analytics"
    allow_private_addresses = True
    integration_names = (
        "Google Analytics",
        "Google Analytics 4",
        "Google Analytics 4 (GA4)",
        "Google Analytics 4 Cloud",
        "Google Analytics 4 Web",
        "Google Analytics 4 V2",
        "Google Analytics 4 (GA4) V2",
        "GA4_V2",
        "Actions Google Analytics 4",
        "Actions Google Analytic 4",
    )
    built_in_mapping = MappingSettings(other_events="custom")
    mapped_fields = MAPPED_FIELDS
    Settings = GA4Settings

    def __init__(self, settings: GA4Settings) -> None:
        super().__init__(settings)
        base = str(settings.base_url).rstrip("/")
        stream = (
            f"measurement_id={settings.measurement_id}"
            if settings.measurement_id
            # Google does not decode the colons of an app id.
            else f"firebase_app_id={settings.firebase_app_id}"
        )
        secret = quote(settings.api_secret.get_secret_value(), safe="")
        self._url = f"{base}/mp/collect?{stream}&api_secret={secret}"
        self._headers = {"content-type": "application/json"}
        self._is_app = settings.firebase_app_id is not None

    def requests(self, events: Sequence[Event], now: float) -> Iterator[Request | Unsendable]:
        mapper = self.mapper
        groups: list[_Group] = []
        latest: dict[str, _Group] = {}
        for position, event in enumerate(events):
            client_id = client_id_of(event, self._is_app)
            if problem := problem_of(event, mapper, client_id, self._is_app):
                yield Unsendable(position, problem)
                continue
            told = client_of(event, client_id, self._is_app, self.settings.phone_region)
            test = self.settings.debug_mode or is_debugged(event)
            body = to_json(translate(event, mapper, told, now, test))
            client = to_json(told)
            if client is None or body is None:
                yield Unsendable(position, "the event cannot be represented in JSON")
                continue
            group = latest.get(client_id)
            if group is None or not group.takes(client, test, body, self.limits.max_events):
                group = _Group(client, test, len(client) + len(_EVENTS))
                if not group.takes(client, test, body, self.limits.max_events):
                    yield Unsendable(
                        position, f"the request body would reach GA4's limit of {MAX_BODY} bytes"
                    )
                    continue
                latest[client_id] = group
                groups.append(group)
            group.add(position, body)
        yield from map(self._request, groups)

    def unsendable(self, event: Event) -> str:
        return problem_of(event, self.mapper, client_id_of(event, self._is_app), self._is_app)

    def outcomes(self, request: Request, response: Response) -> Iterable[Outcome]:
        return answers.outcomes(request, response)

    @classmethod
    def hashers(cls, settings: GA4Settings) -> Mapping[str, Hasher]:
        return hashers(settings.phone_region)

    @classmethod
    def takes_anonymous(cls, settings: GA4Settings) -> bool:
        return settings.measurement_id is not None

    def recognises(self, event: Event, age: float) -> bool:
        """GA4 knows no event ids; only a purchase it counts once, by its transaction."""
        if self.mapper.name_of(event) != "purchase":
            return False
        translated = translate(event, self.mapper, {}, 0.0, debug_mode=False)
        return bool(translated["params"].get("transaction_id"))

    def _request(self, group: _Group) -> Request:
        body = b"%b%b%b]}" % (group.client[:-1], _EVENTS, b",".join(group.events.values()))
        return Request("POST", self._url, self._headers, body, tuple(group.events), group.test)
