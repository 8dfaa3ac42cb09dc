"""Makes a token request from the settings of a credential, and reads the token in the response.
Pure.

Sources: RFC 6749 (2.3.1, 4.4, 5, 6), RFC 7523 (2.1),
developers.google.com/identity/protocols/oauth2/service-account.

PyJWT, with cryptography, is imported where it is used: every worker imports this module, and few
have credentials.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from typing import Any, TypeGuard
from urllib.parse import parse_qsl, quote_plus, urlencode

from destinations.base import Request, Response
from destinations.casts import to_number
from destinations.vendor_answers import joined_texts, vendor_words
from gateway.configuration.credentials import (
    ClientCredentialsSettings,
    CredentialSettings,
    RefreshTokenSettings,
    ServiceAccountSettings,
)
from gateway.credentials.token import Token

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
ASSERTION_SECONDS = 3600
"""The longest life of an assertion that Google accepts."""

DEFAULT_LIFE = 3600.0
"""Assumed life of a token in seconds if the response does not state it."""

_MAY_PASS_STATUSES = frozenset({408, 425, 429})
_MAY_PASS = ("server_error", "slow_down", "temporarily_unavailable")
"""Errors that do not concern the credential, although some endpoints send them with a 400."""

MAX_LIFE = 90 * 86_400.0
MAX_REFRESH_LIFE = 10 * 365 * 86_400.0
MAX_SCOPE = 4000
"""Maximum length of a token's scopes, in characters; longer ones are not kept."""


class Refused(Exception):
    """The token endpoint refuses the credential: asking again does not help. The text is for
    people; the caller masks secrets in it."""


class NoToken(Exception):
    """The response has no token for a reason that may pass."""


def token_request(settings: CredentialSettings, refresh_token: str, now: float) -> Request:
    """The request for a token.

    refresh_token: the newest one, for settings of that type. now: Unix seconds.
    Raises `Refused` if the key of a service account cannot sign.
    """
    headers = {
        "content-type": "application/x-www-form-urlencoded",
        "accept": "application/json",
    }
    if isinstance(settings, ServiceAccountSettings):
        fields = {"grant_type": JWT_BEARER, "assertion": _assertion(settings, now)}
    else:
        fields = settings.parameters | _grant(settings, refresh_token)
        if settings.client_authentication == "basic":
            headers["authorization"] = _basic(settings)
    return Request("POST", str(settings.token_url), headers, urlencode(fields).encode(), ())


def read_token(
    response: Response, refresh_token: str, now: float, refresh_expires_at: float = 0.0
) -> Token:
    """The token in the response of a token endpoint.

    refresh_token, refresh_expires_at: those of the request; the response may replace them. now:
    Unix seconds.
    Raises `Refused` or `NoToken`.
    """
    answer = _fields(response.body)
    if problem := _problem(response.status, answer):
        raise problem
    life, replaced = to_number(answer.get("expires_in")), answer.get("refresh_token")
    newest = replaced if _can_be_sent(replaced) else refresh_token
    ends = refresh_expires_at if newest == refresh_token else 0.0
    stated = to_number(answer.get("refresh_token_expires_in"))
    if newest and stated is not None and 0 < stated <= MAX_REFRESH_LIFE:
        ends = now + stated
    expires_at = now + float(min(max(life or DEFAULT_LIFE, 1), MAX_LIFE))
    scope = _scope(answer.get("scope"))
    return Token(answer["access_token"], now, expires_at, newest, ends, scope)


def _fields(body: bytes) -> dict[str, Any]:
    """The fields of a response, in JSON or, from old endpoints, as a form. Invalid numbers in one
    field do not spoil the others: a replaced refresh token cannot be obtained again."""
    text = body.decode("utf-8", "replace")
    try:
        read = json.loads(text, parse_constant=lambda _: None)
    except (RecursionError, ValueError):
        return dict(parse_qsl(text))
    return read if isinstance(read, dict) else {}


def _problem(status: int, answer: Mapping[str, Any]) -> Refused | NoToken | None:
    """Why there is no token in a response; None if there is one."""
    said = f"HTTP {status}"
    if status in _MAY_PASS_STATUSES or status >= 500:
        return NoToken(said)
    if error := answer.get("error"):
        kind = NoToken if error in _MAY_PASS else Refused
        return kind(f"{said}: {_words(answer)}")
    said += ": the answer has no access_token"
    if not 200 <= status < 300:
        return Refused(said)
    return None if _can_be_sent(answer.get("access_token")) else NoToken(said)


def _words(answer: Mapping[str, Any]) -> str:
    """The text of the error in `answer`; some vendors have an object there."""
    error = answer["error"]
    if isinstance(error, dict):
        said = joined_texts(error, "status", "message")
    else:
        said = joined_texts(answer, "error", "error_description")
    return vendor_words(said) or "no reason given"


def _scope(stated: object) -> str:
    text = " ".join(map(str, stated)) if isinstance(stated, list) else stated
    return text if _can_be_sent(text) and len(text) <= MAX_SCOPE else ""


def _can_be_sent(token: object) -> TypeGuard[str]:
    """Whether `token` is a valid token or scope: printable ASCII (RFC 6749, appendix A)."""
    return isinstance(token, str) and token.isascii() and token.isprintable() and token != ""


def _grant(
    settings: ClientCredentialsSettings | RefreshTokenSettings, refresh_token: str
) -> dict[str, str]:
    """The fields of a token request that configured parameters cannot replace."""
    fields: dict[str, str] = {"grant_type": settings.type}
    if settings.scope:
        fields["scope"] = settings.scope
    if isinstance(settings, RefreshTokenSettings):
        fields["refresh_token"] = refresh_token
    if settings.client_authentication == "body":
        fields["client_id"] = settings.client_id
        fields["client_secret"] = settings.client_secret.get_secret_value()
    return fields


def _basic(settings: ClientCredentialsSettings | RefreshTokenSettings) -> str:
    """The header for basic authentication. Both parts are form-urlencoded first (RFC 6749,
    2.3.1)."""
    parts = settings.client_id, settings.client_secret.get_secret_value()
    return "Basic " + b64encode(":".join(map(quote_plus, parts)).encode()).decode()


def _assertion(settings: ServiceAccountSettings, now: float) -> str:
    import jwt

    key = settings.parsed_key
    claims = {
        "iss": key["client_email"],
        "aud": str(settings.token_url),
        "scope": settings.scope,
        "iat": int(now),
        "exp": int(now) + ASSERTION_SECONDS,
    }
    if settings.subject:
        claims["sub"] = settings.subject
    try:
        return jwt.encode(claims, key["private_key"], "RS256", {"kid": _key_id(key)})
    except (jwt.InvalidKeyError, TypeError, ValueError):
        raise Refused("the private_key of the service account cannot be read") from None


def _key_id(key: dict[str, object]) -> str:
    given = key.get("private_key_id")
    return given if isinstance(given, str) else ""
