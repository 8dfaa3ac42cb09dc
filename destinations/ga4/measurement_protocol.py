"""The Measurement Protocol: up to 25 events of one client per request, in the order of arrival.

Sources: developers.google.com/analytics/devguides/collection/protocol/ga4 (reference,
sending-events).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from destinations.base import Event, Request, Unsendable
from destinations.ga4.campaign import campaign_details
from destinations.ga4.client import client_of
from destinations.ga4.identity import id_from_servers, is_debugged
from destinations.ga4.late import time_params
from destinations.ga4.names import name_from_servers
from destinations.ga4.params import params_of
from destinations.ga4.person import MEASUREMENT_PROTOCOL
from destinations.ga4.problems import problem_from_servers, remark_on_purchase
from destinations.ga4.rules import most_important
from destinations.ga4.settings import GA4Settings
from destinations.json_values import NOT_JSON, to_json
from destinations.mapping import Mapper

MAX_BODY = 130_000
"""A body must have fewer bytes than this."""

MAX_EVENTS = 25

PATH = "/mp/collect"

_EVENTS = b',"events":['


@dataclass(slots=True)
class _Group:
    """Events that can share a request because they describe the client in the same way.

    test: whether DebugView shows its events. count: number of events that GA4 receives, which is
    more than the number of `events` if some add ``campaign_details``.
    """

    client: bytes
    test: bool
    size: int
    count: int = 0
    events: dict[int, bytes] = field(default_factory=dict)

    def add(self, position: int, event: bytes, count: int) -> None:
        self.events[position] = event
        self.size += len(event) + 1
        self.count += count

    def takes(self, client: bytes, test: bool, event: bytes, count: int) -> bool:
        return (
            client == self.client
            and test == self.test
            and self.count + count <= MAX_EVENTS
            and self.size + len(event) + 1 < MAX_BODY
        )


class MeasurementProtocol:
    """Requests of a web or an app stream."""

    def __init__(self, settings: GA4Settings, mapper: Mapper) -> None:
        self._settings = settings
        self._mapper = mapper
        self._is_app = settings.firebase_app_id is not None
        stream = (
            # Google does not decode the colons of an app id.
            f"firebase_app_id={settings.firebase_app_id}"
            if self._is_app
            else f"measurement_id={settings.measurement_id}"
        )
        given = settings.api_secret.get_secret_value() if settings.api_secret else ""
        base = str(settings.base_url).rstrip("/")
        self._url = f"{base}{PATH}?{stream}&api_secret={quote(given, safe='')}"
        self._headers = {"content-type": "application/json"}

    def problem(self, event: Event) -> str:
        """Why GA4 would silently discard the event; "" if it would not."""
        return self._problem(event, id_from_servers(event, self._is_app))

    def requests(self, events: Sequence[Event], now: float) -> Iterator[Request | Unsendable]:
        groups: list[_Group] = []
        latest: dict[str, _Group] = {}
        for position, event in enumerate(events):
            client_id = id_from_servers(event, self._is_app)
            if problem := self._problem(event, client_id):
                yield Unsendable(position, problem)
                continue
            test = self._settings.debug_mode or is_debugged(event)
            client, body, count = self._bodies(event, client_id, now, test)
            if client is None or body is None:
                yield Unsendable(position, NOT_JSON)
                continue
            group = latest.get(client_id)
            if group is None or not group.takes(client, test, body, count):
                group = _Group(client, test, len(client) + len(_EVENTS))
                if not group.takes(client, test, body, count):
                    yield Unsendable(
                        position, f"the request body would reach GA4's limit of {MAX_BODY} bytes"
                    )
                    continue
                latest[client_id] = group
                groups.append(group)
            group.add(position, body, count)
        yield from map(self._request, groups)

    def _translate(
        self, event: Event, client: dict[str, Any], now: float, debug_mode: bool
    ) -> dict[str, Any]:
        """`event` in the format of GA4. now: Unix seconds. debug_mode: whether DebugView shows it.

        client: by `client_of`; the fields of the client that a mapping sets are set in it.
        """
        name = name_from_servers(event, self._mapper)
        params = params_of(event, self._mapper, client, debug_mode)
        remark_on_purchase(name, params)
        times = time_params(event, now, self._settings.too_old)
        return {"name": name, "params": most_important(params), **times}

    def _problem(self, event: Event, client_id: str) -> str:
        return problem_from_servers(event, self._mapper, client_id, self._is_app)

    def _bodies(
        self, event: Event, client_id: str, now: float, test: bool
    ) -> tuple[bytes | None, bytes | None, int]:
        """The client in JSON, the event in JSON, and the number of GA4's events in the latter."""
        region = self._settings.phone_region
        client = client_of(event, client_id, self._is_app, region, MEASUREMENT_PROTOCOL)
        told = self._translate(event, client, now, test)
        body, count = to_json(told), 1
        if not self._is_app and (campaign := campaign_details(event, told)):
            first = to_json(campaign)
            body, count = (b"%b,%b" % (first, body) if first and body else None), 2
        return to_json(client), body, count

    def _request(self, group: _Group) -> Request:
        body = b"%b%b%b]}" % (group.client[:-1], _EVENTS, b",".join(group.events.values()))
        return Request("POST", self._url, self._headers, body, tuple(group.events), group.test)
