"""The meaning of a receiver's responses with a status that is not in `success`."""

from destinations.base import Outcome, Request, Response, by_status, retry_after
from destinations.vendor_answers import vendor_words

_WRONG_ADDRESS = frozenset({*range(300, 400), 404, 405})
"""Statuses that concern the address, not the event: the next event would get the same."""


def refusals(request: Request, response: Response) -> list[Outcome]:
    """One outcome for each event of `request`, the same for all."""
    status, words = response.status, vendor_words(response.body)
    if status == 410:
        said = "HTTP 410: the receiver asks to stop sending; remove this destination"
    elif status in _WRONG_ADDRESS:
        said = f"HTTP {status}: check `url`; only a status in `success` counts as received"
    elif 200 <= status < 300:
        said = f"HTTP {status}: not in `success`; add it if it means that the event was received"
    else:
        outcomes = by_status(request, response, words)
        return (
            [_about_its_event(outcome) for outcome in outcomes] if len(outcomes) == 1 else outcomes
        )
    reason = f"{said}: {words}" if words else said
    asked = retry_after(response)
    return [Outcome("retry", reason, "configuration", asked)] * len(request.events)


def _about_its_event(outcome: Outcome) -> Outcome:
    """`outcome` for a request of one event: if the request is refused, so is its event."""
    if outcome.scope == "request":
        return Outcome(outcome.result, outcome.reason)
    return outcome
