"""The meaning of Microsoft's responses for each event of a request.

With ``continueOnValidationError``, Microsoft accepts the valid events of a request and lists the
errors of the others by index. The list also has warnings about accepted events.

Source: learn.microsoft.com/advertising/guides/uet-conversion-api-integration (responses).
"""

from collections.abc import Iterator, Mapping
from typing import Any

from destinations.base import DELIVERED, Outcome, Request, Response, by_status
from destinations.vendor_answers import joined_texts, json_object, vendor_words

_MEND = {
    401: "Microsoft does not take `api_token`, or it is not that of `tag_id`; set a new one",
    403: "`api_token` may not send to this tag, or the account has no Conversions API yet",
    404: "Microsoft does not know the address; check `tag_id` and `base_url`",
}


def outcomes(request: Request, response: Response) -> list[Outcome]:
    """One outcome for each event of `request`."""
    answer, status, count = json_object(response.body), response.status, len(request.events)
    error = answer.get("error")
    words = _words(error) if isinstance(error, dict) else vendor_words(response.body)
    refusal = Outcome("rejected", f"HTTP {status}: {words or 'no reason given'}", "request")
    if 200 <= status < 300:
        received = answer.get("eventsReceived")
        if type(received) is not int:
            reason = f"HTTP {status}, the answer is not from the Conversions API: {words}"
            return [Outcome("retry", reason, "destination")] * count
        return _counted(_of_events(error, count, DELIVERED, refusal), received)
    if status == 400:
        return _of_events(error, count, refusal, refusal)
    if mend := _MEND.get(status):
        words = f"{mend}: {words}" if words else mend
    return by_status(request, response, words)


def _of_events(error: Any, count: int, usual: Outcome, refusal: Outcome) -> list[Outcome]:
    """The outcomes by `error`. usual: the outcome of an event that `error` does not mention.
    refusal: the outcome of all, if it is unknown which of them `error` concerns."""
    found = _details(error, count)
    if found is None:
        return [refusal] * count
    return [_outcome(found.get(place, []), usual) for place in range(count)]


def _counted(outcomes: list[Outcome], received: int) -> list[Outcome]:
    """`outcomes`, unless more are delivered than Microsoft `received`: it is unknown which were."""
    if received >= sum(each.result == "delivered" for each in outcomes):
        return outcomes
    reason = f"Microsoft received {received} of {len(outcomes)} events and did not say which"
    unknown = Outcome("rejected", reason, "request")
    return [unknown if each.result == "delivered" else each for each in outcomes]


def _details(error: Any, count: int) -> dict[int, list[dict[str, Any]]] | None:
    """The details of `error` by the position of their event; None if one of them names no event. A
    warning that names none is left out."""
    if not error:
        return {}
    details = error.get("details") if isinstance(error, dict) else None
    if not isinstance(details, list) or not details:
        return None
    found: dict[int, list[dict[str, Any]]] = {}
    for detail in details:
        place = detail.get("index") if isinstance(detail, dict) else None
        if type(place) is int and 0 <= place < count:
            found.setdefault(place, []).append(detail)
        elif not _is_warning(detail):
            return None
    return found


def _outcome(details: list[dict[str, Any]], usual: Outcome) -> Outcome:
    """usual: the outcome of an event without errors."""
    errors = [detail for detail in details if not _is_warning(detail)]
    if errors:
        return Outcome("rejected", "; ".join(_said(errors)))
    if usual is DELIVERED and details:
        return Outcome("delivered", warnings=tuple(_said(details)))
    return usual


def _is_warning(detail: Any) -> bool:
    return isinstance(detail, dict) and detail.get("isWarning") is True


def _said(details: list[dict[str, Any]]) -> Iterator[str]:
    """The words of the first few details, without values, which may be personal data."""
    for detail in details[:3]:
        said = joined_texts(detail, "errorCode", "propertyName", "errorMessage")
        yield vendor_words(said, 120) or "no reason given"


def _words(error: Mapping[str, Any]) -> str:
    parts = (error.get(key) for key in ("code", "message"))
    return vendor_words(": ".join(part for part in parts if isinstance(part, str))) or "error"
