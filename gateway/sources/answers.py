"""Answers that several protocols share."""

from gateway.sources.base import Answer, Batch

GIF = bytes.fromhex(
    "47494638396101000100800000ffffff00000021f90401000000002c00000000010001000002024401003b"
)
"""One transparent pixel, 43 bytes."""

NO_CONTENT = Answer(204)

_GIF_HEADERS = {
    "content-type": "image/gif",
    "cache-control": "no-store, no-cache, must-revalidate, private, max-age=0",
    "pragma": "no-cache",
    "expires": "Thu, 01 Jan 1970 00:00:00 GMT",
}


def status_of(batch: Batch, success: int) -> int:
    """`success`, or 400 when every event was refused."""
    return 400 if batch.refused and not batch.events else success


def report(batch: Batch) -> dict[str, object]:
    """How many events were accepted, and which were refused and why."""
    return {
        "accepted": len(batch.events),
        "refused": [{"index": each.index, "reason": each.message} for each in batch.refused],
    }


def accepted(batch: Batch) -> Answer:
    """204 if no event was refused; otherwise a `report`, with 200, or 400 if none was accepted."""
    if not batch.refused:
        return NO_CONTENT
    return Answer.json(status_of(batch, 200), report(batch))


def pixel(batch: Batch) -> Answer:
    """The GIF, even if the event was refused (browsers draw it with any status); never cached."""
    return Answer(status_of(batch, 200), GIF, _GIF_HEADERS)
