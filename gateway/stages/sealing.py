"""Sealing: encrypts what is held for a page so that it can be read only with the page's token.

The gateway never stores the token. Once the page is closed, the data cannot be read any more,
neither in Redis nor in its append-only file.

Sources: NIST SP 800-38D (AES-GCM with a random nonce of 96 bits), RFC 7693 (BLAKE2).
"""

from __future__ import annotations

from hashlib import blake2b
from secrets import token_bytes
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE = 12


class Unreadable(Exception):
    """The data was not sealed under this token, or has been changed."""


def seal(token: str, label: str, data: bytes) -> bytes:
    """`data`, encrypted under a key made from `token`. label: must be the same to open it."""
    nonce = token_bytes(_NONCE)
    return nonce + _cipher(token).encrypt(nonce, data, label.encode())


def unseal(token: str, label: str, sealed: bytes) -> bytes:
    """The data that was given to `seal`. Raises `Unreadable`."""
    from cryptography.exceptions import InvalidTag

    try:
        return _cipher(token).decrypt(sealed[:_NONCE], sealed[_NONCE:], label.encode())
    except (InvalidTag, ValueError):
        raise Unreadable from None


def _cipher(token: str) -> AESGCM:
    # imported here: most gateways hold nothing, and it takes memory in each process
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(blake2b(token.encode(), digest_size=32, person=b"held event").digest())
