"""Outcomes of requests that carry many events."""

from collections.abc import Collection

from destinations.base import Outcome, Request, Response, by_status
from destinations.vendor_answers import vendor_words


def of_each(request: Request, outcome: Outcome) -> list[Outcome]:
    """`outcome` for every event of `request`."""
    return [outcome] * len(request.events)


def of_named(
    request: Request, named: Collection[int], reason: str, others: Outcome
) -> list[Outcome]:
    """Rejected, with `reason`, for the events at the positions `named`; `others` for the rest."""
    guilty = Outcome("rejected", reason)
    return [guilty if place in named else others for place in range(len(request.events))]


def of_refused(request: Request, named: Collection[int], reason: str) -> list[Outcome]:
    """The outcomes of a request that was refused because of the events at the positions `named`.
    The others are sent again without them. If `named` is empty, the request is halved until the
    event is found."""
    return of_named(request, named, reason, Outcome("rejected", reason, "request"))


def of_stranger(request: Request, response: Response, vendor: str) -> list[Outcome]:
    """The outcomes for a response that came from a proxy instead of `vendor`: by its status, except
    that a success proves nothing."""
    words = f"the answer is not from {vendor}: {vendor_words(response.body)}"
    if 200 <= response.status < 300:
        return of_each(request, Outcome("retry", f"HTTP {response.status}, {words}", "destination"))
    return by_status(request, response, words)
