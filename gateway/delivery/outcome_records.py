"""The records of the outcomes of an attempt, for the demo shop."""

from __future__ import annotations

from typing import Any

from destinations.base import Destination, Request
from gateway.delivery.exchange import request_record, response_record
from gateway.delivery.send import Attempt
from gateway.queue.recent import Record


def outcome_records(
    name: str, destination: Destination[Any], dry_run: bool, attempt: Attempt
) -> list[Record]:
    """A record for each event of `attempt` that came from the demo shop: the outcome, the request
    and the response, secrets masked.

    If the request also carries events of other browsers or visitors, its content and the response
    are left out.
    """
    browsers = {entry.demo_browser for entry in attempt.entries}
    if browsers == {""}:
        return []
    is_shared = len(browsers) > 1
    request = (
        _shared_request(attempt.request)
        if is_shared
        else request_record(destination, attempt.request)
    )
    response = None if is_shared else response_record(destination, attempt.response)
    return [
        {
            "kind": "outcome",
            "browser": entry.demo_browser,
            "at": attempt.sent_at,
            "event_id": entry.event["event_id"],
            "event_name": entry.event["event_name"],
            "destination": name,
            "result": outcome.result,
            "reason": "" if is_shared else destination.mask(outcome.reason),
            "dry_run": dry_run,
            "attempt": entry.deliveries,
            "version": entry.version,
            "request": request,
            "response": response,
        }
        for entry, outcome in zip(attempt.entries, attempt.outcomes, strict=True)
        if entry.demo_browser
    ]


def _shared_request(request: Request) -> Record:
    body = (
        "This request also contains events of other visitors, which only their own browsers show."
    )
    return {"method": request.method, "url": "(not shown)", "headers": {}, "body": body}
