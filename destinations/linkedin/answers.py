"""The meaning of LinkedIn's responses for each event of a request.

LinkedIn refuses a batch as a whole, and names the faulty elements in the text of its message: in
paragraphs that start with ``Index: 3,``, or as ``indices [3, 7]``. The response to an accepted
batch may have a status for each element.

Sources: learn.microsoft.com/linkedin/shared/api-guide/concepts/error-handling and
.../marketing/conversions/conversions-api (error details); the texts are of captured answers.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from destinations.base import (
    DELIVERED,
    Outcome,
    Request,
    Response,
    by_status,
    retry_after,
)
from destinations.outcomes import of_stranger
from destinations.vendor_answers import is_html, json_object, vendor_words

_paragraphs = re.compile(r"Index: ?([0-9]{1,6})\b[,:]?(.*?)(?=Index: ?[0-9]|\Z)", re.DOTALL).findall
_lists = re.compile(r"\bind(?:ices|exes) ?\[([0-9]{1,6}(?:[, ]+[0-9]{1,6})*)\]").findall
_LOCKED = 423
_MEND = {
    401: "LinkedIn does not take the access token: it is wrong, expired or revoked; set a new one",
    403: "the access token lacks the scope rw_conversions or its member the ad account, or a "
    "conversion rule in `mapping` is unknown",
    404: "LinkedIn does not know the address; check `base_url`",
    426: "`api_version` has ended or is unknown; set a newer one",
}


def outcomes(request: Request, response: Response) -> list[Outcome]:
    """One outcome for each event of `request`."""
    answer = json_object(response.body)
    status = _status(response.status, answer)
    message = answer.get("message")
    words = vendor_words(message if isinstance(message, str) else response.body)
    if 200 <= status < 300:
        if is_html(response.body):
            return of_stranger(request, response, "LinkedIn's API")
        return _of_elements(request, answer)
    response = replace(response, status=status)
    if status == _LOCKED:
        reason = f"HTTP {status}: {words or 'locked'}"
        outcome = Outcome("retry", reason, "destination", retry_after(response))
        return [outcome] * len(request.events)
    if mend := _MEND.get(status):
        return by_status(request, response, f"{mend}: {words}" if words else mend)
    if status in (400, 422) and isinstance(message, str):
        refused = _refused(message, len(request.events))
        others = by_status(request, response, words)
        return [refused.get(place, other) for place, other in enumerate(others)]
    return by_status(request, response, words)


def _status(status: int, answer: Mapping[str, Any]) -> int:
    """The status of the response, or of an error in `answer` if the response claims success."""
    stated = answer.get("status")
    if 200 <= status < 300 and isinstance(stated, int) and 400 <= stated < 600:
        return stated
    return status


def _refused(message: str, count: int) -> dict[int, Outcome]:
    """The outcomes of the events that `message` names, by position; none if it names a position
    that the request does not have, because then the meaning of the numbers is unknown."""
    found = {int(place): said for place, said in _paragraphs(message)}
    for listed in _lists(message):
        found |= {int(place): message for place in listed.replace(",", " ").split()}
    if any(place >= count for place in found):
        return {}
    return {place: Outcome("rejected", vendor_words(said)) for place, said in found.items()}


def _of_elements(request: Request, answer: Mapping[str, Any]) -> list[Outcome]:
    elements, count = answer.get("elements"), len(request.events)
    if not isinstance(elements, list) or len(elements) != count:
        return [DELIVERED] * count
    return [_of_element(element) for element in elements]


def _of_element(element: Any) -> Outcome:
    """The outcome by the status of one element; an element without a status was created."""
    status = element.get("status") if isinstance(element, dict) else None
    if not isinstance(status, int) or isinstance(status, bool) or 200 <= status < 300:
        return DELIVERED
    error = element.get("error")
    said = error.get("message") if isinstance(error, dict) else element.get("message")
    words = f"HTTP {status}: {vendor_words(said) if isinstance(said, str) else 'no reason given'}"
    if status in _MEND:
        return Outcome("retry", f"{_MEND[status]}: {words}", "configuration")
    if status in (408, _LOCKED, 425, 429) or status >= 500:
        return Outcome("retry", words, "destination")
    return Outcome("rejected", words)
