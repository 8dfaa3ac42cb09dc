"""A Data Manager API as strict as Google's: one invalid event fails the request, and the results of
an accepted request follow later.

Sources: developers.google.com/data-manager/api (reference/rest/v1/events/ingest,
requestStatus/retrieve; concepts/limits, errors), google-ads-datamanager.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from time import time
from typing import Any
from urllib.parse import parse_qs

from tests.vendors.answer import Answer, as_json
from tests.vendors.google_data_manager_analytics import violations_of_analytics
from tests.vendors.google_data_manager_event import Violation, violations

_REQUEST = {"destinations", "events", "consent", "encoding", "validateOnly", "encryptionInfo"}
_ANALYTICS = "GOOGLE_ANALYTICS_PROPERTY"
_ACCOUNT_TYPES = {"GOOGLE_ADS", "FLOODLIGHT_CONFIG", _ANALYTICS}
_is_stream = re.compile(r"G-[A-Z0-9]+|[0-9]+(:[0-9a-z]+)+").fullmatch
_MAX_DESTINATIONS, _MAX_EVENTS = 10, 2000
_PROCESSING = {"requestStatus": "PROCESSING"}
_Told = tuple[dict[str, Any], list[tuple[int, str]]]
"""A destination of a request; for each of its events the place, and why it is not counted or ""."""


@dataclass
class GoogleDataManager:
    """token: the one that it accepts; None for any. actions: ids of the conversion actions that it
    knows; None for all. reasons: why it refuses an event later, by its transactionId. processing:
    how many more status requests it answers with PROCESSING. exhausted: whether the quota is used
    up. now: the clock.

    conversions: how often it counted each pair of an action and a transactionId. kept: the events
    of Google Analytics streams that it accepted. asked: the ids in status requests, in order.
    """

    token: str | None = None
    actions: set[str] | None = None
    reasons: Mapping[str, str] = field(default_factory=dict)
    processing: int = 0
    exhausted: bool = False
    now: Callable[[], float] = time
    conversions: Counter[tuple[str, str]] = field(default_factory=Counter)
    kept: list[dict[str, Any]] = field(default_factory=list)
    requests: dict[str, list[_Told]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def answer(
        self, method: str, path: str, query: str, body: bytes, authorization: str = ""
    ) -> Answer:
        if self.token is not None and authorization != f"Bearer {self.token}":
            return _error(401, "UNAUTHENTICATED", "Request had invalid credentials.")
        if self.exhausted:
            return _error(429, "RESOURCE_EXHAUSTED", "Quota exceeded for quota metric.")
        if (method, path) == ("POST", "/v1/events:ingest"):
            return self._ingest(body)
        if (method, path) == ("GET", "/v1/requestStatus:retrieve"):
            return self._status(parse_qs(query).get("requestId", [""])[0])
        return _error(404, "NOT_FOUND", "Method not found.")

    def _ingest(self, body: bytes) -> Answer:
        try:
            request = json.loads(body)
        except ValueError:
            return _error(400, "INVALID_ARGUMENT", "Invalid JSON payload received.")
        if not isinstance(request, dict):
            return _error(400, "INVALID_ARGUMENT", "Invalid JSON payload received.")
        if found := list(self._violations(request)):
            return _refused(found)
        if request.get("validateOnly"):
            return as_json(200, {})
        ticket = f"request/{len(self.requests)}"
        self.requests[ticket] = [
            (destination, [*self._rows(destination, request["events"])])
            for destination in request["destinations"]
        ]
        return as_json(200, {"requestId": ticket})

    def _rows(
        self, destination: Mapping[str, Any], events: list[dict[str, Any]]
    ) -> Iterator[tuple[int, str]]:
        """The events for `destination`: the place of each in the request, and why it is not
        counted or ""."""
        for place, event in enumerate(events):
            if destination.get("reference") in event.get("destinationReferences", [None]):
                yield place, self._count(destination["productDestinationId"], event)

    def _count(self, action: str, event: Mapping[str, Any]) -> str:
        """Counts a conversion. Returns why it does not; "" if it does."""
        transaction = event.get("transactionId", "")
        if "eventName" in event:
            self.kept.append(dict(event))
        if reason := self.reasons.get(transaction):
            return reason
        if transaction and self.conversions[action, transaction]:
            return "DUPLICATE_TRANSACTION_ID"
        self.conversions[action, transaction] += 1
        return ""

    def _status(self, ticket: str) -> Answer:
        self.asked.append(ticket)
        if ticket not in self.requests:
            return _error(400, "INVALID_ARGUMENT", "Unknown request id.")
        is_decided = not self.processing
        self.processing -= not is_decided
        told = [
            {"destination": destination} | (_decided(rows) if is_decided else _PROCESSING)
            for destination, rows in self.requests[ticket]
        ]
        return as_json(200, {"requestStatusPerDestination": told})

    def _violations(self, request: Mapping[str, Any]) -> Iterator[Violation]:
        for unknown in request.keys() - _REQUEST:
            yield Violation(unknown, "unknown field")
        destinations, events = request.get("destinations"), request.get("events")
        if not isinstance(destinations, list) or not 1 <= len(destinations) <= _MAX_DESTINATIONS:
            yield Violation("destinations", f"needs 1 to {_MAX_DESTINATIONS}")
            return
        for place, destination in enumerate(destinations):
            yield from self._of_destination(f"destinations[{place}]", destination)
        references = [each.get("reference") for each in destinations]
        if len(set(references)) < len(references):
            yield Violation("destinations", "share one", "DUPLICATE_DESTINATION_REFERENCE")
        if not isinstance(events, list) or not 1 <= len(events) <= _MAX_EVENTS:
            yield Violation("events", f"needs 1 to {_MAX_EVENTS}")
            return
        encoded = request.get("encoding") in ("HEX", "BASE64")
        for place, event in enumerate(events):
            named = event.get("destinationReferences", references)
            if len(named) != 1 or named[0] not in references:
                yield Violation(f"events[{place}].destination_references", "must name one")
            if "userData" in event and not encoded:
                yield Violation("encoding", "is required with user data")
            stream = destinations[0].get("productDestinationId", "")
            if destinations[0]["operatingAccount"]["accountType"] == _ANALYTICS:
                is_app = not stream.startswith("G-")
                yield from violations_of_analytics(f"events[{place}]", event, is_app, self.now())
            else:
                yield from violations(f"events[{place}]", event)

    def _of_destination(self, path: str, destination: Mapping[str, Any]) -> Iterator[Violation]:
        for key in ("operatingAccount", "loginAccount"):
            account = destination.get(key, {})
            if not account and key == "loginAccount":
                continue
            if account.get("accountType") not in _ACCOUNT_TYPES:
                yield Violation(f"{path}.{key}.account_type", "is not an account type")
            if not str(account.get("accountId", "")).isdigit():
                yield Violation(f"{path}.{key}.account_id", "must be digits")
        action = destination.get("productDestinationId", "")
        if destination["operatingAccount"]["accountType"] == _ANALYTICS:
            if not _is_stream(action):
                yield Violation(f"{path}.product_destination_id", "is no stream")
            if destination.get("loginAccount") != destination["operatingAccount"]:
                reason = "OPERATING_ACCOUNT_LOGIN_ACCOUNT_MISMATCH"
                yield Violation(f"{path}.login_account", "is another account", reason)
            return
        if not action.isdigit() or (self.actions is not None and action not in self.actions):
            field_name = f"{path}.product_destination_id"
            yield Violation(field_name, "is unknown", "INVALID_CONVERSION_ACTION_ID")


def _decided(rows: list[tuple[int, str]]) -> dict[str, Any]:
    """The status of the events of one destination."""
    indices: dict[str, list[int]] = {}
    for place, reason in rows:
        if reason:
            indices.setdefault(reason, []).append(place)
    count = {"eventsIngestionStatus": {"recordCount": str(len(rows))}}
    if not indices:
        return {"requestStatus": "SUCCESS", **count}
    counts = [
        {
            "recordCount": str(len(places)),
            "reason": f"PROCESSING_ERROR_REASON_{reason}",
            "recordIndices": places,
        }
        for reason, places in indices.items()
    ]
    status = "FAILED" if all(reason for _, reason in rows) else "PARTIAL_SUCCESS"
    return {"requestStatus": status, "errorInfo": {"errorCounts": counts}, **count}


def _refused(found: list[Violation]) -> Answer:
    listed = [
        {"field": each.field, "description": each.why, "reason": each.reason} for each in found
    ]
    bad = {"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": listed}
    return _error(400, "INVALID_ARGUMENT", "There was a problem with the request.", bad)


def _error(code: int, status: str, message: str, *details: Mapping[str, Any]) -> Answer:
    info = {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": status,
        "domain": "datamanager.googleapis.com",
    }
    error = {"code": code, "status": status, "message": message, "details": [info, *details]}
    return as_json(code, {"error": error})
