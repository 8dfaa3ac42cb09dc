"""The meaning of OpenAI's responses for each event of a request.

OpenAI does not publish their bodies, so the status decides. A page of HTML is not from OpenAI. One
event that OpenAI refuses makes it refuse the request, which is then halved until the event is
found.

Source: developers.openai.com/ads/conversions-api.
"""

from collections.abc import Mapping
from typing import Any

from destinations.base import DELIVERED, Outcome, Request, Response, by_status, retry_after
from destinations.outcomes import of_each, of_stranger
from destinations.vendor_answers import is_html, json_object, vendor_words

_MEND = {
    401: "api_key is wrong or was deleted; set a new one",
    403: "api_key may not send events to pixel_id",
    404: "pixel_id or base_url is wrong",
}


def outcomes(request: Request, response: Response) -> list[Outcome]:
    """One outcome for each event of `request`."""
    answer, status = json_object(response.body), response.status
    words = _words(answer) or vendor_words(response.body)
    if 200 <= status < 300:
        if is_html(response.body):
            return of_stranger(request, response, "OpenAI's API")
        if answer.get("error"):
            reason = f"HTTP {status}: {words}"
            return of_each(request, Outcome("retry", reason, "destination", retry_after(response)))
        return of_each(request, DELIVERED)
    if mend := _MEND.get(status):
        return of_each(request, Outcome("retry", f"{mend}: {words}", "configuration"))
    return by_status(request, response, words)


def _words(answer: Mapping[str, Any]) -> str:
    error = answer.get("error")
    message = error.get("message") if isinstance(error, dict) else error
    return vendor_words(message) if isinstance(message, str) else ""
