"""Requests of which a share is also sent to a vendor's address that only checks them."""

from zlib import crc32


def is_chosen(body: bytes, share: float) -> bool:
    """Whether a request with `body` is one of the `share` of all that is chosen, by what it says,
    so that a repetition is treated alike."""
    return crc32(body) < share * 2**32
