"""Google's validation server, which checks copies of the requests to GA4.

It records nothing and checks no credentials. Its descriptions may repeat values, so only the code
and the path of each message are kept.

Source: developers.google.com/analytics/devguides/collection/protocol/ga4/validating-events.
"""

from collections.abc import Iterator

import orjson

from destinations.base import Request, Response
from destinations.ga4.measurement_protocol import PATH
from destinations.validation import is_chosen


def check(request: Request, share: float) -> Request | None:
    """`request` for the validation server, if it belongs to the chosen `share`; else None."""
    if not is_chosen(request.body, share):
        return None
    return request._replace(url=request.url.replace(PATH, f"/debug{PATH}", 1))


def warnings(response: Response) -> Iterator[str]:
    """The server's findings; none if they cannot be read."""
    if response.status != 200:
        return
    try:
        messages = orjson.loads(response.body)["validationMessages"]
        for message in messages:
            code, path = message["validationCode"], message.get("fieldPath", "")
            yield f"GA4's validation: {code} at {path}" if path else f"GA4's validation: {code}"
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
        return
