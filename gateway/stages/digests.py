"""Keyed digests: they represent pages and visitors in the names of keys and in stored entries.

Without the key, it is not possible to find the digest of a known id, or to try ids until one
matches.
"""

import hmac
from collections.abc import Callable
from hashlib import blake2b, sha256

Digest = Callable[[str], str]


def compile_digest(salt: str, purpose: bytes) -> Digest:
    """A function from a text to 24 hex digits, under a key made from `salt`.

    purpose: at most 16 bytes; texts of two purposes never have the same digest.
    """
    keyed = blake2b(digest_size=12, key=derived_key(salt, b"digests"), person=purpose)

    def digest(text: str) -> str:
        each = keyed.copy()
        each.update(text.encode("utf-8", "surrogatepass"))
        return each.hexdigest()

    return digest


def derived_key(salt: str, purpose: bytes) -> bytes:
    """A key of 32 bytes for `purpose`: the salt itself hashes values that senders choose."""
    return hmac.digest(salt.encode(), purpose, sha256)
