"""Digests that tests expect of vendors' requests."""

from hashlib import sha256


def digest(text: str) -> str:
    """The SHA-256 of `text`, in hexadecimal digits."""
    return sha256(text.encode()).hexdigest()
