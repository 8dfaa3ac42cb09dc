"""What the gateway answers to the requests of any source, for its OpenAPI document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gateway.sources.base import SourceSettings
from gateway.sources.description import JSON, REFUSAL, RETRY_AFTER, AnswerDescription

_REFUSAL = {JSON: REFUSAL}

ANSWERS: Mapping[str, AnswerDescription] = {
    "400": AnswerDescription(
        "The request cannot be read.",
        _REFUSAL,
        {"malformed": "The body is not valid, or it contains no event."},
    ),
    "403": AnswerDescription(
        "The page may not send events.",
        _REFUSAL,
        {
            "origin": "Its origin is not in `allowed_origins`, or there is none.",
            "submission_token": "A valid submission token is missing.",
        },
    ),
    "408": AnswerDescription(
        "The request is too slow.", _REFUSAL, {"too_slow": "The body took too long."}
    ),
    "413": AnswerDescription(
        "The request is too large.",
        _REFUSAL,
        {
            "too_large": "Send a smaller body.",
            "inflates_too_much": "Send fewer events in one request, or send it without gzip.",
            "too_many_events": "Send fewer events in one request.",
            "grows_too_much": "Send fewer events in one request, or share less among them.",
        },
    ),
    "415": AnswerDescription(
        "The type or the encoding of the body is not supported.",
        _REFUSAL,
        {
            "unsupported_encoding": "Use gzip, or no `Content-Encoding`.",
            "unsupported_media_type": "Use a content type of the request body above.",
        },
    ),
    "429": AnswerDescription(
        "The sender has reached a rate limit.",
        _REFUSAL,
        {"rate_limited": "The address of the sender has reached the rate limit of the source."},
        RETRY_AFTER,
    ),
    "431": AnswerDescription(
        "The headers are too large.",
        _REFUSAL,
        {"headers_too_large": "Send fewer or shorter headers."},
    ),
    "503": AnswerDescription(
        "The events could not be stored. Retry the whole request.",
        _REFUSAL,
        {
            "busy": "Too many requests at once. Retry later.",
            "full": "A limit on pending events is reached. If other events of the request were "
            "accepted, `events` lists those that were not.",
            "spool_full": "Neither Redis nor the disk accepts events.",
            "unavailable": "Redis does not answer, so it is not known whether the events were "
            "stored.",
        },
        RETRY_AFTER,
    ),
}
"""By status."""


def statuses_of(settings: SourceSettings) -> Iterator[str]:
    """The statuses of `ANSWERS` that a source with `settings` can have."""
    limits = settings.rate_limit
    impossible = set()
    if not settings.allowed_origins:
        impossible.add("403")
    if not (limits.requests or limits.events or limits.bytes):
        impossible.add("429")
    return (status for status in ANSWERS if status not in impossible)
