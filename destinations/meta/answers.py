"""The meaning of Meta's responses for each event of a request.

Sources: developers.facebook.com/docs/graph-api/guides/error-handling,
developers.facebook.com/docs/graph-api/overview/rate-limiting.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from destinations.base import (
    DELIVERED,
    HIGH_USAGE,
    THROTTLE_SECONDS,
    Outcome,
    Request,
    Response,
    by_status,
    retry_after,
)
from destinations.meta.usage import regain_seconds, usage_of
from destinations.vendor_answers import json_object, vendor_words

_THROTTLED = frozenset({4, 17, 32, 613, *range(80000, 80015)})
_TRANSIENT = frozenset({1, 2, 341, 368, 5000, 21009})
_BAD_TOKEN = frozenset({102, 190})
_NO_PERMISSION = frozenset({3, 10, 200, 294})
_INVALID_PARAMETER = 100
_MISSING_OBJECT = 33
_OLD_VERSION = 2635
"""Codes of errors. With subcode 33 or the type GraphMethodException, an invalid parameter belongs
to the URL or the app, not to an event."""

_OF_ACCESS = "OAuthException"
"""The type of nearly all errors. Errors of events have the code `_INVALID_PARAMETER`, so an unknown
code of this type concerns the token, its app or the account: no event is at fault."""

_VERSION_WARNING = "x-ad-api-version-warning"
"""Header of Meta that announces the end of the API version of the request."""


def outcomes(request: Request, response: Response) -> list[Outcome]:
    """One outcome for each event of `request`."""
    answer = json_object(response.body)
    outcomes = _outcomes(request, response, answer)
    usage = usage_of(response.headers)
    warnings = tuple(_warnings(response.headers, answer, usage))
    if usage is None and not warnings:
        return outcomes
    # all events of a request have the same outcome
    return [replace(outcomes[0], usage=usage, warnings=warnings)] * len(outcomes)


def _warnings(
    headers: Mapping[str, str], answer: Mapping[str, Any], usage: float | None
) -> Iterator[str]:
    """Meta's notices, which do not change the result."""
    if upgrade := headers.get(_VERSION_WARNING):
        yield f"api_version: {upgrade}"
    if usage is not None and usage >= HIGH_USAGE:
        yield f"{usage:.0f} % of Meta's rate limit is used"
    messages = answer.get("messages")
    if isinstance(messages, list):
        yield from (said for said in messages if isinstance(said, str))


def _outcomes(request: Request, response: Response, answer: Mapping[str, Any]) -> list[Outcome]:
    error, received, sent = answer.get("error"), answer.get("events_received"), request.events
    if isinstance(error, dict) and (error or not isinstance(received, int)):
        return _outcomes_of_error(request, response, error)
    if 200 <= response.status < 300 and isinstance(received, int):
        if received >= len(sent):
            return [DELIVERED] * len(sent)
        reason = f"Meta received {received} of {len(sent)} events"
        return [Outcome("rejected", reason, "request")] * len(sent)
    reason = (
        f"HTTP {response.status}, the answer is not from the Graph API: "
        f"{vendor_words(response.body)}"
    )
    if response.status == 413:
        return [Outcome("rejected", reason, "request")] * len(sent)
    if response.status == 429:
        return [_throttled(reason, response)] * len(sent)
    return [Outcome("retry", reason, "destination", retry_after(response))] * len(sent)


def _throttled(reason: str, response: Response) -> Outcome:
    asked = retry_after(response) or regain_seconds(response.headers)
    return Outcome("retry", reason, "destination", asked or THROTTLE_SECONDS)


def _outcomes_of_error(
    request: Request, response: Response, error: Mapping[str, Any]
) -> list[Outcome]:
    """Outcomes by Meta's code, since a refused event, an old token and throttling all get 400.

    A response with 5xx is an outage of Meta's, whatever code it has.
    """
    code, subcode = (
        number if isinstance(number := error.get(key), int) else None
        for key in ("code", "error_subcode")
    )
    words = _words(error, code, subcode)
    if code in _THROTTLED or response.status == 429:
        outcome = _throttled(words, response)
    elif response.status >= 500 or error.get("is_transient") is True or code in _TRANSIENT:
        outcome = Outcome("retry", words, "destination", retry_after(response))
    elif mend := _what_to_mend(error, code, subcode):
        outcome = Outcome("retry", f"{mend}: {words}", "configuration")
    elif code == _INVALID_PARAMETER:
        outcome = Outcome("rejected", words, "request")
    elif 200 <= response.status < 300:
        outcome = Outcome("retry", words, "destination", retry_after(response))
    elif error.get("type") == _OF_ACCESS:
        mend = "Meta does not let access_token send events; check the token, its app and the pixel"
        outcome = Outcome("retry", f"{mend}: {words}", "configuration")
    else:
        return by_status(request, response, words)
    return [outcome] * len(request.events)


def _what_to_mend(error: Mapping[str, Any], code: int | None, subcode: int | None) -> str:
    """What is wrong with the settings; "" if they are not at fault."""
    if code in _BAD_TOKEN:
        return "access_token is wrong or no longer valid; set a new one"
    if code in _NO_PERMISSION:
        return "access_token lacks the permission to send to this pixel"
    if code == _OLD_VERSION:
        return "api_version is no longer supported; set a newer one"
    if code == _INVALID_PARAMETER and (
        subcode == _MISSING_OBJECT or error.get("type") == "GraphMethodException"
    ):
        return "pixel_id is wrong, access_token may not see it, or app_secret is wrong"
    return ""


def _words(error: Mapping[str, Any], code: int | None, subcode: int | None) -> str:
    said = error.get("error_user_msg") or error.get("message")
    numbers = "/".join(str(number) for number in (code, subcode) if number is not None)
    return f"{vendor_words(said) if isinstance(said, str) else 'error'} ({numbers or 'no code'})"
