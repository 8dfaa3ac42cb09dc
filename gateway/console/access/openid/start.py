"""A sign-in that has begun. Pure.

Nothing of it is stored: strangers may begin as many as they like. The cookie is sealed, so that
only the gateway can have made it, and it ties the answer of the provider to the browser.

Sources: OpenID Connect Core 1.0, 3.1.2.1; RFC 7636 (PKCE), 4.1 and 4.2; RFC 9700, 2.1 and 4.7.
"""

from __future__ import annotations

from base64 import b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from dataclasses import asdict, dataclass
from hashlib import sha256
from hmac import compare_digest
from urllib.parse import urlencode

import orjson

from gateway.configuration.console import OpenIdSettings
from gateway.queue.console_sessions import new_token
from gateway.stages.sealing import Unreadable, seal, unseal

SIGN_IN_SECONDS = 600
CALLBACK = "/login/openid/callback"
_LABEL = "sign-in to the console"


@dataclass(frozen=True, slots=True)
class Start:
    """wanted: the path to go to afterwards. until: Unix seconds."""

    state: str
    nonce: str
    verifier: str
    wanted: str
    until: float

    @property
    def challenge(self) -> str:
        digest = sha256(self.verifier.encode()).digest()
        return urlsafe_b64encode(digest).rstrip(b"=").decode()

    def began(self, state: str, now: float) -> bool:
        """Whether the provider's answer with `state` belongs to this sign-in, and is in time."""
        return now <= self.until and compare_digest(state.encode(), self.state.encode())


def begin(wanted: str, now: float) -> Start:
    return Start(new_token(), new_token(), new_token(), wanted, now + SIGN_IN_SECONDS)


def authorization_url(endpoint: str, settings: OpenIdSettings, start: Start) -> str:
    """The URL of the provider to which the browser is sent."""
    parameters = {
        "response_type": "code",
        "client_id": settings.client_id,
        "redirect_uri": settings.base_url + CALLBACK,
        "scope": " ".join(dict.fromkeys(["openid", *settings.scopes])),
        "state": start.state,
        "nonce": start.nonce,
        "code_challenge": start.challenge,
        "code_challenge_method": "S256",
    }
    return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(parameters)}"


def sealed(start: Start, settings: OpenIdSettings) -> str:
    """`start`, sealed for a cookie."""
    data = seal(settings.client_secret.get_secret_value(), _LABEL, orjson.dumps(asdict(start)))
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def unsealed(cookie: str, settings: OpenIdSettings) -> Start | None:
    """The sign-in in `cookie`; None if `sealed` has not made it with this secret."""
    try:
        data = b64decode(cookie + "=" * (-len(cookie) % 4), b"-_", validate=True)
        secret = settings.client_secret.get_secret_value()
        return Start(**orjson.loads(unseal(secret, _LABEL, data)))
    except (NotBase64, Unreadable, TypeError, ValueError):
        return None
