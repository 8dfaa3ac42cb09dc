"""The meaning of X's responses for each event of a request: X accepts all of them or none.

Its errors name a parameter, but not the conversion that has it, so a refused request is halved. All
conversions of a request have the same event id: if X does not know it, X accepts none of them.

Sources: docs.x.com/x-ads-api/measurement/web-conversions (response),
developer.x.com/en/docs/x-ads-api/measurement/web-conversions/troubleshooting and
docs.x.com/x-ads-api/fundamentals/rate-limiting (x-account-rate-limit-reset).
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from email.utils import parsedate_to_datetime
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
from destinations.paths import objects_at
from destinations.vendor_answers import joined_texts, json_object, vendor_words

_RESETS = ("x-account-rate-limit-reset", "x-rate-limit-reset")
"""Headers with the Unix seconds at which the limit is reset, which happens every 15 minutes."""
_WINDOW_SECONDS = 900.0

_MEND = {
    401: "X does not take `pixel_token` or the keys in `oauth`; set new ones",
    403: "the token may not send to this pixel, or its app has no access to the Ads API",
    404: "X does not know the pixel; check `pixel_id`, `api_version` and `base_url`",
}


def outcomes(request: Request, response: Response) -> list[Outcome]:
    """One outcome for each event of `request`."""
    answer, status, count = json_object(response.body), response.status, len(request.events)
    words = "; ".join(_errors(answer)) or vendor_words(response.body)
    if 200 <= status < 300:
        return [_of_success(answer, status, words, count)] * count
    if status == 429:
        (outcome, *_) = by_status(request, response, words)
        wait = retry_after(response) or _until_reset(response.headers) or THROTTLE_SECONDS
        return [replace(outcome, retry_after=wait)] * count
    if status == 400 and _is_about_event_id(answer):
        reason = f"X does not take the event id; check `mapping.events`: {words}"
        return [Outcome("rejected", reason)] * count
    if mend := _MEND.get(status):
        words = f"{mend}: {words}" if words else mend
    return by_status(request, response, words)


def _of_success(answer: Mapping[str, Any], status: int, words: str, count: int) -> Outcome:
    data = answer.get("data")
    processed = data.get("conversions_processed") if isinstance(data, dict) else None
    if not isinstance(processed, int):
        reason = f"HTTP {status}, the answer is not from X's Ads API: {words}"
        return Outcome("retry", reason, "destination")
    if processed >= count:
        return DELIVERED
    return Outcome("rejected", f"X processed {processed} of {count} conversions", "request")


def _errors(answer: Mapping[str, Any]) -> Iterator[str]:
    """The words of the first few errors, with the parameter that each concerns."""
    errors = answer.get("errors")
    for error in errors[:3] if isinstance(errors, list) else ():
        if isinstance(error, dict):
            yield vendor_words(joined_texts(error, "code", "parameter", "message"), 100)


def _is_about_event_id(answer: Mapping[str, Any]) -> bool:
    return any(error.get("parameter") == "event_id" for error in objects_at(answer, "errors"))


def _until_reset(headers: Mapping[str, str]) -> float | None:
    """Seconds until X accepts events again, relative to the ``Date`` of its response."""
    try:
        at = next(float(headers[name]) for name in _RESETS if name in headers)
        wait = at - parsedate_to_datetime(headers["date"]).timestamp()
    except (KeyError, OverflowError, StopIteration, TypeError, ValueError):
        return None
    return min(wait, _WINDOW_SECONDS) if wait > 0 else None
