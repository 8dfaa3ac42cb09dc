"""Data Manager's later verdicts on each event of a request (``requestStatus:retrieve``).

The index of a row is that of its event in the request, whatever destination the event names.

A reason that an event alone can cause never pauses the destination, because anyone can make a page
send a click id of another account.

Sources: developers.google.com/data-manager/api/reference/rest/v1/requestStatus/retrieve, and the
processing errors of google-ads-datamanager. ``recordIndices`` is of version 1.9.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from destinations.base import DELIVERED, Outcome, Response
from destinations.paths import object_at, objects_at
from destinations.vendor_answers import json_object, vendor_words

_DONE = ("SUCCESS", "PARTIAL_SUCCESS", "FAILED")  # not a set: Google may send a list
_ERROR, _WARNING = "PROCESSING_ERROR_REASON_", "PROCESSING_WARNING_REASON_"

_HAD_IT = frozenset({"DUPLICATE_GCLID", "DUPLICATE_TRANSACTION_ID"})
_LATER = frozenset({"TOO_RECENT_CLICK", "INTERNAL_ERROR"})
_TOO_OLD = "EVENT_TOO_OLD"
_TERMS = "DESTINATION_ACCOUNT_ENHANCED_CONVERSIONS_TERMS_NOT_SIGNED"
_TERMS_SECONDS = 3600.0
_WORDS = {
    "NO_CONSENT": "the event states no consent for ad_user_data; see the sources' consent",
    "OPERATING_ACCOUNT_MISMATCH_FOR_AD_IDENTIFIER": "the click belongs to another account; if many "
    "events have this reason, check `account_id`",
}
_MAX_REASONS = 100


def verdicts(reference: str, events: int, response: Response) -> list[Outcome | None]:
    """The verdicts on the `events` of a request; None for one without a verdict yet. They are valid
    for events that name the destination `reference`, or for all if that is ""."""
    if not 200 <= response.status < 300:
        return [None] * events
    told = objects_at(json_object(response.body), "requestStatusPerDestination")
    if reference and len(told) > 1:
        told = [each for each in told if _is_about(each, reference)]
    if not told or any(each.get("requestStatus") not in _DONE for each in told):
        return [None] * events
    errors = [_counts(each, "errorInfo", "errorCounts", _ERROR) for each in told]
    warned = [_counts(each, "warningInfo", "warningCounts", _WARNING) for each in told]
    by_row = _by_row(errors, events)
    unnamed = [reason for counts in errors for reason, rows in counts if not rows]
    failed = all(each["requestStatus"] == "FAILED" for each in told)
    rest = _of_unnamed(unnamed, failed)
    warnings = _by_row(warned, events)
    return [
        _outcome(by_row[row][0]) if row in by_row else _with_warnings(rest, warnings.get(row, ()))
        for row in range(events)
    ]


def _is_about(told: Mapping[str, Any], reference: str) -> bool:
    destination = told.get("destination")
    return isinstance(destination, dict) and destination.get("reference") == reference


def _outcome(reason: str) -> Outcome:
    words = f"Google: {reason}" + (f" ({_WORDS[reason]})" if reason in _WORDS else "")
    if reason in _HAD_IT:
        return DELIVERED
    if reason in _LATER:
        return Outcome("retry", words)
    if reason == _TERMS:
        mend = "accept the terms of enhanced conversions in the account"
        return Outcome("retry", f"{mend}: {words}", "configuration", _TERMS_SECONDS)
    return Outcome("expired" if reason == _TOO_OLD else "rejected", words)


def _of_unnamed(reasons: Sequence[str], failed: bool) -> Outcome:
    """The outcome of events that no error names. reasons: of the errors that name no events. That
    Google had some of the events already says nothing about the others."""
    refusals = [reason for reason in reasons if reason not in _HAD_IT]
    if failed:
        return _outcome((refusals or reasons or ["FAILED"])[0])
    if not refusals:
        return DELIVERED
    said = f"Google refused some events of this request without naming them: {refusals[0]}"
    return Outcome("delivered", warnings=(said,))


def _with_warnings(outcome: Outcome, reasons: Sequence[str]) -> Outcome:
    if outcome.result != "delivered" or not reasons:
        return outcome
    said = tuple(f"Google: {reason}" for reason in reasons)
    return Outcome("delivered", warnings=(*outcome.warnings, *said))


_Counts = list[tuple[str, Sequence[int]]]


def _counts(told: Mapping[str, Any], info: str, counts: str, prefix: str) -> _Counts:
    """The reasons in a list of errors or warnings, each with the rows that it names."""
    listed = objects_at(object_at(told, info), counts)
    return [
        (vendor_words(reason.removeprefix(prefix)), _indices(each.get("recordIndices")))
        for each in listed[:_MAX_REASONS]
        if isinstance(reason := each.get("reason"), str) and reason
    ]


def _by_row(counts: Sequence[_Counts], events: int) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for each in counts:
        for reason, rows in each:
            for row in rows:
                if row < events:
                    found.setdefault(row, []).append(reason)
    return found


def _indices(value: Any) -> list[int]:
    return list(_whole(value)) if isinstance(value, list) else []


def _whole(values: Sequence[Any]) -> Iterator[int]:
    """The indices in `values`. Google writes 64-bit integers as texts."""
    for value in values:
        if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10:
            yield int(value)
        elif isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            yield value
