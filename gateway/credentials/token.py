"""An access token, and its encrypted form in Redis."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import orjson

from gateway.stages.sealing import Unreadable, seal, unseal

RENEWED_AT = 0.8
"""The part of its life after which a token is renewed, so that none expires on its way."""


@dataclass(frozen=True, slots=True)
class Token:
    """An access token, with what the vendor stated about it.

    access_token: the token itself. obtained_at, expires_at: Unix seconds. refresh_token: the newest
    one; "" if there is none. refresh_expires_at: when that one ends; 0 if the vendor does not say.
    scope: the granted scopes; "" if the vendor does not state them.
    """

    access_token: str
    obtained_at: float
    expires_at: float
    refresh_token: str = ""
    refresh_expires_at: float = 0.0
    scope: str = ""

    def is_fresh(self, now: float) -> bool:
        """Whether the token can be used without being renewed first."""
        life = self.expires_at - self.obtained_at
        return now < self.obtained_at + RENEWED_AT * life


def seal_token(token: Token, secret: str, name: str) -> bytes:
    """`token`, encrypted under a key made from the `secret` of the credential `name`."""
    return seal(secret, _label(name), orjson.dumps(asdict(token)))


def unseal_token(sealed: bytes, secret: str, name: str) -> Token | None:
    """The token in `sealed`; None if it was stored under another secret, or cannot be read."""
    try:
        return Token(**orjson.loads(unseal(secret, _label(name), sealed)))
    except (Unreadable, TypeError, ValueError):
        return None


def _label(name: str) -> str:
    return f"access token of {name}"
