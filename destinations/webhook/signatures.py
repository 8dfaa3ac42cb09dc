"""Signatures of requests.

Sources: Standard Webhooks 1.0.0, github.com/standard-webhooks/standard-webhooks
(spec/standard-webhooks.md); docs.github.com/webhooks, Validating webhook deliveries.
"""

from __future__ import annotations

import hmac
from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence
from typing import Literal

Scheme = Literal["standard", "github"]

Signer = Callable[[str, int, bytes], str]
"""From the id of a message, its time (Unix seconds) and its body to the signature."""

SYMMETRIC, ASYMMETRIC = "whsec_", "whsk_"
_SEED_BYTES = 32
_WRONG_KEY = (
    "must be `whsec_` followed by 24 to 64 random bytes in base64, or `whsk_` followed by an "
    "Ed25519 private key (32 bytes, or 64 with the public key) in base64"
)


def check_secret(scheme: Scheme, secret: str) -> None:
    """Raises `ValueError`, which does not repeat `secret`, unless it can be used to sign."""
    if scheme == "standard":
        _standard_signer(secret)
    elif not secret:
        raise ValueError("is empty")


def compile_signature(scheme: Scheme, secrets: Sequence[str]) -> tuple[str, Signer]:
    """The name of the signature's header, and the signer. With ``standard``, each of `secrets`
    signs; ``github`` has one."""
    if scheme == "github":
        return "x-hub-signature-256", _github_signer(secrets[0])
    signers = [_standard_signer(secret) for secret in secrets]
    if len(signers) == 1:
        return "webhook-signature", signers[0]

    def sign(message_id: str, seconds: int, body: bytes) -> str:
        return " ".join(signer(message_id, seconds, body) for signer in signers)

    return "webhook-signature", sign


def _standard_signer(secret: str) -> Signer:
    """Raises `ValueError` if `secret` is no key."""
    prefix, _, encoded = secret.partition("_")
    try:
        key = b64decode(encoded, validate=True)
    except ValueError:
        key = b""
    if f"{prefix}_" == SYMMETRIC and 24 <= len(key) <= 64:
        return _hmac_signer(key)
    if f"{prefix}_" == ASYMMETRIC and len(key) in (_SEED_BYTES, 2 * _SEED_BYTES):
        return _ed25519_signer(key)
    raise ValueError(_WRONG_KEY)


def _hmac_signer(key: bytes) -> Signer:
    keyed = hmac.new(key, digestmod="sha256")  # the key alone, the same for every message

    def sign(message_id: str, seconds: int, body: bytes) -> str:
        signing = keyed.copy()
        signing.update(f"{message_id}.{seconds}.".encode())
        signing.update(body)
        return "v1," + b64encode(signing.digest()).decode()

    return sign


def _ed25519_signer(key: bytes) -> Signer:
    """key: the seed, alone or followed by the public key that belongs to it."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    seed, public = key[:_SEED_BYTES], key[_SEED_BYTES:]
    private = Ed25519PrivateKey.from_private_bytes(seed)
    if public and private.public_key().public_bytes_raw() != public:
        raise ValueError("has a public key that does not belong to the private key before it")

    def sign(message_id: str, seconds: int, body: bytes) -> str:
        signature = private.sign(f"{message_id}.{seconds}.".encode() + body)
        return "v1a," + b64encode(signature).decode()

    return sign


def _github_signer(secret: str) -> Signer:
    keyed = hmac.new(secret.encode(), digestmod="sha256")

    def sign(message_id: str, seconds: int, body: bytes) -> str:
        signing = keyed.copy()
        signing.update(body)
        return "sha256=" + signing.hexdigest()

    return sign
