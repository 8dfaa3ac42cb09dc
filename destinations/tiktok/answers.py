"""The meaning of TikTok's responses for each event of a request. The status is mostly 200: the code
in the body decides.

A refused request has no effect. Its message names the position of the faulty event, as in
``Batch.0.properties.contents.0.content_id``. Only the first position counts, because the rest of
the message may repeat values of the event.

Source: tiktok_code.py in TikTok's own SDK, github.com/tiktok/tiktok-business-api-sdk.
"""

import re
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
from destinations.outcomes import of_each, of_named, of_refused, of_stranger
from destinations.vendor_answers import json_object, vendor_words

_TAKEN = 0
_TAKEN_IN_PART = 20001
_THROTTLED = frozenset({40100, 40132, 61000})
_DOWN = frozenset({40201, 40202, 50000, 50002, 60001, *range(51000, 54000)})
_INVALID = frozenset({40000, 40002})
_OF_REQUEST = frozenset({40050, 40061, 40062, 40063})
"""A repeated request, too many events, personal data that is not hashed, or an unknown partner."""

_ACCESS = frozenset({40001, 40003, 40113, 40118, 40130, 40131, 70001})
_ACCESS |= {*range(40101, 40111), *range(40300, 40303)}
_VERSION = frozenset({40006, 40007, 40051})

_place = re.compile(r"\bBatch\.([0-9]{1,4})\b").search
_DECIDED_BY_STATUS = frozenset({401, 403, 408, 425, 429})


def outcomes(request: Request, response: Response) -> list[Outcome]:
    """One outcome for each event of `request`."""
    answer, status = json_object(response.body), response.status
    code = answer.get("code")
    if type(code) is not int:
        return of_stranger(request, response, "TikTok")
    words = _words(answer, code)
    is_success = 200 <= status < 300
    if status >= 500 or status in _DECIDED_BY_STATUS or (code in (0, 20001) and not is_success):
        return by_status(request, response, words)
    if code == _TAKEN:
        return of_each(request, DELIVERED)
    if code == _TAKEN_IN_PART:
        taken = Outcome("delivered", warnings=(f"TikTok took only a part of a request: {words}",))
        return of_named(request, _named(request, answer), words, taken)
    if code in _INVALID or code in _OF_REQUEST or status == 413:
        return of_refused(request, _named(request, answer), words)
    return of_each(request, _of_all(code, words, response))


def _of_all(code: int, words: str, response: Response) -> Outcome:
    if code in _THROTTLED:
        return Outcome("retry", words, "destination", retry_after(response) or THROTTLE_SECONDS)
    if code in _DOWN:
        return Outcome("retry", words, "destination", retry_after(response))
    if code in _ACCESS:
        mend = "TikTok does not accept access_token; check it, its permissions and event_source_id"
    elif code in _VERSION:
        mend = "TikTok no longer has this version of the Events API; update the gateway"
    else:
        mend = "TikTok's answer has a code that the gateway does not know"
    return Outcome("retry", f"{mend}: {words}", "configuration")


def _named(request: Request, answer: dict[str, Any]) -> tuple[int, ...]:
    """The position that the message names; empty if it names none of `request`."""
    message = answer.get("message")
    found = _place(message) if isinstance(message, str) else None
    place = int(found[1]) if found else len(request.events)
    return (place,) if place < len(request.events) else ()


def _words(answer: dict[str, Any], code: int) -> str:
    message = answer.get("message")
    return f"{vendor_words(message) if isinstance(message, str) else 'error'} ({code})"
