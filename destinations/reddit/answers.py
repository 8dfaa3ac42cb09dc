"""The meaning of Reddit's responses for each event of a request.

Not read: a list of refused events, which version 2 has and no page of version 3 shows. A response
that counts fewer events than were sent refuses the request, so that it is halved.

Source: ads-api.reddit.com/docs (version 3).
"""

import re
from collections.abc import Mapping
from typing import Any

from destinations.base import (
    DELIVERED,
    Outcome,
    Request,
    Response,
    by_status,
    retry_after,
)
from destinations.outcomes import of_each, of_stranger
from destinations.vendor_answers import json_object, vendor_words

_processed = re.compile(r"processed ([0-9]{1,6}) conversion event").search
_MEND = {
    401: "access_token is wrong or was deleted; set a new one",
    403: "access_token may not send events to pixel_id",
    404: "pixel_id or base_url is wrong",
}


def outcomes(request: Request, response: Response) -> list[Outcome]:
    """One outcome for each event of `request`."""
    answer = json_object(response.body)
    error, data = answer.get("error"), answer.get("data")
    if isinstance(error, dict) and (error or not isinstance(data, dict)):
        return _of_error(request, response, error)
    if isinstance(data, dict) and 200 <= response.status < 300:
        return of_each(request, _of_data(data, len(request.events)))
    return of_stranger(request, response, "Reddit's API")


def _of_data(data: Mapping[str, Any], sent: int) -> Outcome:
    message = data.get("message")
    counted = _processed(message) if isinstance(message, str) else None
    if counted and int(counted[1]) < sent:
        return Outcome("rejected", f"Reddit processed {counted[1]} of {sent} events", "request")
    return DELIVERED


def _of_error(request: Request, response: Response, error: Mapping[str, Any]) -> list[Outcome]:
    """Outcomes by the status, or by the code in `error` if the status claims success. Both have the
    same numbers."""
    code, message, status = error.get("code"), error.get("message"), response.status
    if 200 <= status < 300 and isinstance(code, int) and 400 <= code < 600:
        status = code
    words = vendor_words(message if isinstance(message, str) else response.body)
    if 200 <= status < 300:
        outcome = Outcome("retry", f"HTTP {status}: {words}", "destination", retry_after(response))
    elif mend := _MEND.get(status):
        outcome = Outcome("retry", f"{mend}: {words}", "configuration")
    else:
        return by_status(request, Response(status, response.headers, response.body), words)
    return of_each(request, outcome)
