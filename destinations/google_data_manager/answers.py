"""The meaning of Data Manager's responses for each event of a request.

Google refuses a request with a faulty event as a whole, and names the event by its index. For an
accepted request it returns a ``requestId`` and decides about its events later: see `verdicts`.

Sources: developers.google.com/data-manager/api/devguides/concepts/errors, and the error reasons of
google-ads-datamanager.
"""

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from destinations.base import (
    Outcome,
    Request,
    Response,
    by_status,
    retry_after,
    submitted,
)
from destinations.google_data_manager.ticket import Ticket
from destinations.paths import objects_at
from destinations.vendor_answers import json_object, vendor_words

POLL_AFTER = 1800.0
"""Seconds until the first poll. Google takes minutes to hours."""

_QUOTA_SECONDS = 60.0
"""Google's limits are per minute and per day."""

# not a set: the status that Google sends may be a list
_NOT_NOW = ("UNAVAILABLE", "INTERNAL", "DEADLINE_EXCEEDED", "ABORTED", "CANCELLED", "UNKNOWN")
_TO_MEND = {
    "CUSTOMER_NOT_ALLOWLISTED_FOR_THIS_FEATURE": "Google has not enabled this for the account",
    "DESTINATION_ACCOUNT_TYPE_MISMATCH": "the account is of another type",
    "GOOGLE_ANALYTICS_SUBPROPERTY_OR_ROLLUP_PROPERTY_NOT_ALLOWED": "`property_id` must be that of "
    "the property with the stream, not of a subproperty or a roll-up property",
    "INVALID_CONVERSION_ACTION_ID": "a conversion action in `mapping` is unknown",
    "INVALID_PROPERTY_TYPE": "Google does not support the type of the property",
    "INVALID_STREAM_TYPE": "Google does not support the type of the stream",
    "TERMS_AND_CONDITIONS_NOT_SIGNED": "accept the terms for customer data in the account",
}
_LATER = frozenset({"CONVERSION_ACTION_TOO_RECENTLY_CREATED"})
_event_of = re.compile(r"^events\[([0-9]{1,6})\]").match
_destination_of = re.compile(r"^destinations\[([0-9]{1,6})\]").match
_MAX_WARNINGS = 3


def outcomes(request: Request, response: Response, names: str) -> list[Outcome]:
    """One outcome for each event of `request`. names: the settings that name its recipient."""
    answer = json_object(response.body)
    if 200 <= response.status < 300:
        return _of_taken(request, response, answer)
    error = answer.get("error")
    if not isinstance(error, dict):
        return by_status(request, response, vendor_words(response.body))
    return _of_error(request, response, error, names)


def _of_taken(request: Request, response: Response, answer: Mapping[str, Any]) -> list[Outcome]:
    request_id, count = answer.get("requestId"), len(request.events)
    warnings, sent = tuple(_field_warnings(answer)), json_object(request.body)
    if sent.get("validateOnly") and (isinstance(request_id, str) or not answer):
        return [Outcome("delivered", "only checked (validate_only)", warnings=warnings)] * count
    if not isinstance(request_id, str) or not request_id or len(request_id) > 500:
        words = f"the answer is not from Data Manager: {vendor_words(response.body)}"
        return [Outcome("retry", words, "destination", retry_after(response))] * count
    tickets = [Ticket(request_id, each).written for each in _references(sent)]
    taken = {each: replace(submitted(each, POLL_AFTER), warnings=warnings) for each in set(tickets)}
    return [taken[each] for each in tickets]


def _field_warnings(answer: Mapping[str, Any]) -> Iterator[str]:
    for warning in objects_at(answer, "fieldWarnings")[:_MAX_WARNINGS]:
        said = [warning.get(key) for key in ("field", "reason", "description")]
        yield ": ".join(each for each in said if isinstance(each, str))


def _of_error(
    request: Request, response: Response, error: Mapping[str, Any], names: str
) -> list[Outcome]:
    """Outcomes by Google's status and reasons: a faulty event and a wrong account both get 400."""
    details = objects_at(error, "details")
    reasons = {each["reason"] for each in details if isinstance(each.get("reason"), str)}
    violations = [each for detail in details for each in objects_at(detail, "fieldViolations")]
    reasons |= {each["reason"] for each in violations if isinstance(each.get("reason"), str)}
    words, status, count = (
        _words(response, error, reasons),
        error.get("status"),
        len(request.events),
    )
    if response.status == 429 or status == "RESOURCE_EXHAUSTED":
        asked = retry_after(response) or _QUOTA_SECONDS
        return [Outcome("retry", words, "destination", asked)] * count
    if response.status >= 500 or response.status in (408, 425) or status in _NOT_NOW:
        return [Outcome("retry", words, "destination", retry_after(response))] * count
    if mend := next((_TO_MEND[each] for each in sorted(reasons) if each in _TO_MEND), ""):
        return _blamed(Outcome("retry", f"{mend}: {words}", "configuration"), request, violations)
    if reasons & _LATER:
        return _blamed(Outcome("retry", words), request, violations)
    if response.status in (400, 422):
        return _of_violations(request, violations, words, names)
    return by_status(request, response, words.removeprefix(f"HTTP {response.status}: "))


def _blamed(outcome: Outcome, request: Request, violations: list[dict[str, Any]]) -> list[Outcome]:
    """`outcome` for the events of the request's destinations that `violations` name, or for all if
    they name none. The others were refused only because they shared the request."""
    sent = json_object(request.body)
    destinations, references = objects_at(sent, "destinations"), _references(sent)
    named = {
        destinations[place].get("reference", "")
        for violation in violations
        if (place := _place(_destination_of, violation)) < len(destinations)
    }
    if named.isdisjoint(references):
        return [outcome] * len(references)
    refused = Outcome("rejected", outcome.reason, "request")
    return [outcome if each in named else refused for each in references]


def _references(sent: Mapping[str, Any]) -> list[str]:
    """The destination that each event of the request `sent` names; "" if it names none."""
    events = objects_at(sent, "events")
    return [next(iter(each.get("destinationReferences", ())), "") for each in events]


def _place(among: Callable[[str], re.Match[str] | None], violation: Mapping[str, Any]) -> int:
    """The index in the path of `violation`; one beyond any list if there is none."""
    field = violation.get("field")
    found = among(field) if isinstance(field, str) else None
    return int(found[1]) if found else sys.maxsize


def _of_violations(
    request: Request, violations: list[dict[str, Any]], words: str, names: str
) -> list[Outcome]:
    """Rejects the named events. The others were refused only because they shared the request."""
    count = len(request.events)
    named: dict[int, str] = {}
    for violation in violations:
        place = _place(_event_of, violation)
        if place < count:
            said = violation.get("description") or violation.get("reason")
            why = vendor_words(said) if isinstance(said, str) else words
            named.setdefault(place, vendor_words(f"{violation['field']}: {why}"))
    if not named and any(map(_is_of_destination, violations)):
        return _blamed(Outcome("retry", f"{names}: {words}", "configuration"), request, violations)
    refused = Outcome("rejected", words, "request")
    return [
        Outcome("rejected", named[index]) if index in named else refused for index in range(count)
    ]


def _is_of_destination(violation: Mapping[str, Any]) -> bool:
    field = violation.get("field")
    return isinstance(field, str) and field.startswith("destinations")


def _words(response: Response, error: Mapping[str, Any], reasons: set[str]) -> str:
    message = error.get("message")
    said = vendor_words(message) if isinstance(message, str) else "error"
    named = ", ".join(sorted(map(vendor_words, reasons))[:3]) or error.get("status")
    why = f" ({vendor_words(named)})" if isinstance(named, str) else ""
    return f"HTTP {response.status}: {said}{why}"[:300]
