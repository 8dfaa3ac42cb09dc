"""The meaning of Pinterest's responses for each event of a request.

A response, also one with 422, says for each event whether it was processed, in the order of the
request.

Source: github.com/pinterest/api-description, 5.23.0 (events/create: ConversionApiResponse and the
errors).
"""

from collections.abc import Mapping
from typing import Any

from destinations.base import (
    DELIVERED,
    THROTTLE_SECONDS,
    Outcome,
    Request,
    Response,
    by_status,
    retry_after,
)
from destinations.outcomes import of_each, of_stranger
from destinations.vendor_answers import json_object, vendor_words

_THROTTLED, _DOWN = 8, 4197
_MEND = {
    2: "access_token is wrong or was revoked; set a new one",
    29: "access_token lacks the permission to send events to ad_account_id",
}
_MEND_BY_STATUS = {
    401: _MEND[2],
    403: _MEND[29],
    404: "ad_account_id or base_url is wrong",
}


def outcomes(request: Request, response: Response) -> list[Outcome]:
    """One outcome for each event of `request`."""
    answer = json_object(response.body)
    if (found := _of_events(request, response, answer)) is not None:
        return found
    message, code = answer.get("message"), answer.get("code")
    if not isinstance(message, str):
        return of_stranger(request, response, "Pinterest's API")
    words = f"{vendor_words(message)} ({code if isinstance(code, int) else 'no code'})"
    outcome = _of_error(response, code, words)
    return of_each(request, outcome) if outcome else by_status(request, response, words)


def _of_events(
    request: Request, response: Response, answer: Mapping[str, Any]
) -> list[Outcome] | None:
    """Outcomes by the verdict on each event; None for a response without verdicts."""
    verdicts, count = answer.get("events"), len(request.events)
    is_success = 200 <= response.status < 300
    if not is_success and response.status != 422:
        return None
    if isinstance(verdicts, list) and len(verdicts) == count:
        return [_of_event(verdict) for verdict in verdicts]
    processed = answer.get("num_events_processed")
    if not isinstance(processed, int) or isinstance(processed, bool):
        return None
    if is_success and processed >= count:
        return of_each(request, DELIVERED)
    reason = f"Pinterest processed {processed} of {count} events and did not say which"
    return of_each(request, Outcome("rejected", reason, "request"))


def _of_event(verdict: Any) -> Outcome:
    stated: Mapping[str, Any] = verdict if isinstance(verdict, dict) else {}
    if stated.get("status") == "processed":
        warning = stated.get("warning_message")
        warned = (warning,) if isinstance(warning, str) and warning.strip() else ()
        return Outcome("delivered", warnings=warned) if warned else DELIVERED
    said = stated.get("error_message")
    words = vendor_words(said) if isinstance(said, str) else ""
    return Outcome("rejected", words or "Pinterest did not process the event and did not say why")


def _of_error(response: Response, code: Any, words: str) -> Outcome | None:
    """The outcome of all events of a request; None if only the status decides."""
    if code == _THROTTLED:
        asked = retry_after(response) or THROTTLE_SECONDS
        return Outcome("retry", words, "destination", asked)
    if code == _DOWN or 200 <= response.status < 300:
        return Outcome("retry", words, "destination", retry_after(response))
    mend = _MEND.get(code) if isinstance(code, int) else None
    if mend := mend or _MEND_BY_STATUS.get(response.status):
        return Outcome("retry", f"{mend}: {words}", "configuration")
    return None
