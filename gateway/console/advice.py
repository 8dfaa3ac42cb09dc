"""What the status of a vendor's response usually means, and what to do about it.

Source: RFC 9110, 15; RFC 6585, 4.
"""

from __future__ import annotations

from gateway.event.endings import WITH_WARNINGS

_BY_STATUS = {
    400: (
        "The vendor finds a mistake in the event. Its words name the field: mend it at the sender, "
        "by a rule, or in the destination's mapping, then replay the dead letters."
    ),
    401: (
        "The vendor does not accept the credential. Renew the token or key of this destination; "
        "events wait meanwhile."
    ),
    403: (
        "The credential is valid, but may not do this. Give it the permission or scope for this "
        "account; events wait meanwhile."
    ),
    404: (
        "The vendor does not know this address or id. Check the ids and the URL in the "
        "destination's settings."
    ),
    408: "The vendor waited too long for the request. The gateway tries again by itself.",
    409: "The vendor is busy with the same data. The gateway tries again by itself.",
    410: "The vendor has ended this interface or removed the target. Check the API version.",
    413: "The request was too large. The gateway sends smaller ones by itself.",
    429: (
        "The vendor allows fewer requests. The gateway slows down by itself; if this lasts, set "
        "`delivery.requests_per_second` or ask the vendor for a higher limit."
    ),
}

_NO_ANSWER = (
    "No answer came: the host cannot be reached, or the connection broke. The gateway tries again "
    "by itself."
)
_VENDOR_DOWN = "The vendor has a problem of its own. The gateway tries again by itself."
_TRIED_AGAIN = (
    "The vendor did not take the event yet. Its words say why; the gateway tries again by itself."
)
_EXPIRED = (
    "The event was older than the vendor accepts before it could be delivered. Mend what delayed "
    "it; to send it anyway would be refused again."
)
_OTHER_REFUSAL = (
    "The vendor refuses the request. Its words say why: mend the event at the sender or by a rule, "
    "then replay the dead letters."
)
_WARNING = "The event was counted, but the vendor has something to say about it."


def advice(ending: str, status: int | None) -> str:
    """What to do about an ending, or a ``retry``, in one or two sentences. status: of the response,
    None without one."""
    if ending == "expired":
        return _EXPIRED
    if ending == WITH_WARNINGS:
        return _WARNING
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if ending != "retry":
        return _OTHER_REFUSAL
    if status is None:
        return _NO_ANSWER
    return _VENDOR_DOWN if status >= 500 else _TRIED_AGAIN
