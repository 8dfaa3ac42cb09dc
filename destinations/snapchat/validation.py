"""Snapchat's address for validation, ``/events/validate``, which checks copies of requests.

It counts nothing. Its messages may repeat values, so they are shortened, and only the first few are
kept.

Source: developers.snap.com/api/marketing-api/Conversions-API/VerifySetUp
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from destinations.base import Request, Response
from destinations.snapchat.errors import error_words, texts
from destinations.validation import is_chosen
from destinations.vendor_answers import json_object, vendor_words

_MOST = 3


def check(request: Request, share: float) -> Request | None:
    """`request` for validation, if it belongs to the chosen `share`; else None."""
    if not is_chosen(request.body, share):
        return None
    return request._replace(url=f"{request.url}/validate")


def warnings(response: Response) -> Iterator[str]:
    """The errors and warnings in `response`; none if it cannot be read."""
    if response.status == 200:
        found = _found(json_object(response.body))
        yield from (f"Snapchat's validation: {words}" for words in islice(found, _MOST))


def _found(answer: dict[str, Any]) -> Iterator[str]:
    logs = answer.get("event_logs")
    for log in logs if isinstance(logs, list) else ():
        if isinstance(log, dict):
            said = [*error_words(log.get("errors")), *texts(log.get("warnings"))]
            yield from map(vendor_words, said)
