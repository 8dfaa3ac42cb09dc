"""Chooses the share of requests that is also sent to a vendor's address for validation."""

from zlib import crc32


def is_chosen(body: bytes, share: float) -> bool:
    """Whether a request with `body` belongs to the chosen `share` of all. The choice depends only
    on `body`, so a repetition is treated alike."""
    return crc32(body) < share * 2**32
