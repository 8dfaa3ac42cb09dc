"""Submission tokens: a page of an allowed origin fetches one from the gateway and sends it with its
events.

A token is valid for one source and one origin, and for a short time. It identifies no visitor, and
the gateway stores nothing about it: its MAC proves that the gateway issued it. It is not the page
token of `gateway.stages.page_token`, which a page generates itself.
"""

from __future__ import annotations

import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable
from hashlib import sha256
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from gateway.sources.keys import Key, KeyDigest

SUBMISSION_TOKEN = "submission_token"
"""The token's name next to the events in JSON, and the reason of refusals without a valid one."""

SUBMISSION_HEADER = "x-submission-token"

MIN_SECRET_CHARACTERS = 32

MAX_TOKEN_SECONDS = 86_400

NONCE_BYTES = 10
"""Length of the random part, which makes tokens of the same second differ."""

_VERSION = b"\x01"
_EXPIRY_BYTES = 5
_HEAD_BYTES = len(_VERSION) + _EXPIRY_BYTES + NONCE_BYTES
_is_token = re.compile("[A-Za-z0-9_-]{64}").fullmatch
"""48 bytes in base64url: version, expiry, random part and MAC. None of its bits is unused."""


def _long_enough(secret: KeyDigest) -> KeyDigest:
    if secret.characters < MIN_SECRET_CHARACTERS:
        raise ValueError(
            f"should have at least {MIN_SECRET_CHARACTERS} characters: make one with "
            "openssl rand -hex 32"
        )
    return secret


class SubmissionTokens(BaseModel):
    """Settings of a source that takes events of pages only with a token."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)

    secrets: list[Annotated[Key, AfterValidator(_long_enough)]] = Field(
        min_length=1,
        max_length=2,
        description="A secret of at least 32 characters that signs the tokens, the same for all "
        "gateways of the source. While you replace it, list two: the first one signs, and both are "
        "accepted.",
    )
    seconds: int = Field(
        default=600,
        ge=1,
        le=MAX_TOKEN_SECONDS,
        description="Seconds until a token expires. Pages fetch a new one before that.",
    )


def token_path(path: str) -> str:
    """The path at which pages fetch tokens for a source that answers `path`."""
    return f"{path.rstrip('/')}/token"


def issue_token(secret: KeyDigest, source: str, origin: str, expires: int, nonce: bytes) -> str:
    """A token of 64 characters, safe in URLs, for pages of `origin` that send to `source`.

    expires: in Unix seconds. nonce: `NONCE_BYTES` random bytes.
    """
    head = _VERSION + expires.to_bytes(_EXPIRY_BYTES, "big") + nonce
    return urlsafe_b64encode(head + _mac(secret, head, source, origin)).decode()


def read_expiry(token: str, secrets: Iterable[KeyDigest], source: str, origin: str) -> int | None:
    """When `token` expires, in Unix seconds. None unless it was issued with one of `secrets` for
    `source` and `origin`. The time that this takes reveals nothing about the right MAC."""
    if not _is_token(token):
        return None
    data = urlsafe_b64decode(token)
    head, mac = data[:_HEAD_BYTES], data[_HEAD_BYTES:]
    if not any(hmac.compare_digest(mac, _mac(each, head, source, origin)) for each in secrets):
        return None
    return int.from_bytes(head[len(_VERSION) : len(_VERSION) + _EXPIRY_BYTES], "big")


def _mac(secret: KeyDigest, head: bytes, source: str, origin: str) -> bytes:
    """HMAC-SHA256 (RFC 2104). The length marks where `source` ends and `origin` begins."""
    text = f"{len(source)}:{source}{origin}"
    return hmac.digest(secret.digest, head + text.encode(), sha256)
