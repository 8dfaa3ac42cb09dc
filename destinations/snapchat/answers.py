"""The meaning of Snapchat's responses for each event of a request.

A request is valid or invalid as a whole, and the response to an invalid one names the position of
one event. It is not known whether Snapchat keeps the others, so they are sent again: Snapchat
recognises a repetition by its ``event_id``.

Source: the OpenAPI file of github.com/Snapchat/business-sdk-v3-java.
"""

from typing import Any

from destinations.base import DELIVERED, Outcome, Request, Response, by_status
from destinations.outcomes import of_each, of_refused, of_stranger
from destinations.snapchat.errors import error_words, texts
from destinations.vendor_answers import json_object, vendor_words

_ACCESS = "Snapchat does not accept access_token; check it, its permissions and the id of the pixel"
_WRONG_ACCESS = frozenset({401, 403, 404})
_DECIDED_BY_STATUS = frozenset({408, 425, 429})


def outcomes(request: Request, response: Response) -> list[Outcome]:
    """One outcome for each event of `request`."""
    answer, status = json_object(response.body), response.status
    verdict = answer.get("status")
    if verdict not in ("VALID", "INVALID"):
        return of_stranger(request, response, "Snapchat")
    words = _words(answer)
    if status in _WRONG_ACCESS:
        reason = f"{_ACCESS}: HTTP {status}: {words}"
        return of_each(request, Outcome("retry", reason, "configuration"))
    if status >= 500 or status in _DECIDED_BY_STATUS or 300 <= status < 400:
        return by_status(request, response, words)
    if verdict == "INVALID":
        return of_refused(request, _named(request, answer), words)
    if 200 <= status < 300:
        return of_each(request, DELIVERED)
    return by_status(request, response, words)


def _named(request: Request, answer: dict[str, Any]) -> tuple[int, ...]:
    """The position that the response names; empty if it names none of `request`."""
    place: Any = answer.get("event")
    is_named = type(place) is int and 0 <= place < len(request.events)
    return (place,) if is_named else ()


def _words(answer: dict[str, Any]) -> str:
    """The reason, else the messages of the errors."""
    said = [*texts(answer.get("reason")), *error_words(answer.get("errors"))]
    return vendor_words("; ".join(said[:3])) or "no reason given"
