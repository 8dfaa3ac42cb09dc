"""The meaning of GA4's responses for each event of a request.

The protocol responds with 2xx to every request, even with a wrong secret, so a response never
proves that an event was kept.

Source: developers.google.com/analytics/devguides/collection/protocol/ga4/reference.
"""

from destinations.base import Outcome, Request, Response, by_status
from destinations.vendor_answers import vendor_words

_RECEIVED = Outcome("delivered", "received; GA4 does not report whether it kept the event")


def outcomes(request: Request, response: Response) -> list[Outcome]:
    """One outcome for each event of `request`."""
    if 200 <= response.status < 300:
        return [_RECEIVED] * len(request.events)
    words = vendor_words(response.body)
    if 300 <= response.status < 400:
        advice = "check `base_url`; GA4 does not redirect"
        words = f"{advice}: {words}" if words else advice
    return by_status(request, response, words)
