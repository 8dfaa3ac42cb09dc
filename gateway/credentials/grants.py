"""From the settings of a credential to a token request, and from its answer to a token. Pure.

Sources: RFC 6749 (2.3.1, 4.4, 5, 6), RFC 7523 (2.1),
developers.google.com/identity/protocols/oauth2/service-account.

oauthlib and PyJWT, with cryptography, are imported where they are used: every worker imports this
module, and few have credentials.
"""

from __future__ import annotations

from base64 import b64encode
from typing import TypeGuard
from urllib.parse import quote_plus

from destinations.base import Request, Response
from destinations.casts import to_number
from destinations.vendor_answers import vendor_words
from gateway.configuration.credentials import (
    ClientCredentialsSettings,
    CredentialSettings,
    RefreshTokenSettings,
    ServiceAccountSettings,
)
from gateway.credentials.token import Token

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
ASSERTION_SECONDS = 3600
"""The longest that Google accepts."""

DEFAULT_LIFE = 3600.0
"""Seconds that a token is taken to live if the answer does not say."""

MAX_LIFE = 90 * 86_400.0
MAX_REFRESH_LIFE = 10 * 365 * 86_400.0
MAX_SCOPE = 4000
"""Characters that are kept of the scopes of a token."""


class Refused(Exception):
    """The token endpoint refuses the credential: asking again does not help. Its text is for
    people, without secrets."""


class NoToken(Exception):
    """The answer has no token for a reason that may pass."""


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
        body = _assertion_body(settings, now)
    else:
        from oauthlib.oauth2.rfc6749.parameters import prepare_token_request

        parameters = _parameters(settings, refresh_token)
        if settings.client_authentication == "basic":
            headers["authorization"] = _basic(settings)
        else:
            parameters["client_secret"] = settings.client_secret.get_secret_value()
        body = prepare_token_request(
            settings.type,
            client_id=settings.client_id,
            include_client_id=settings.client_authentication == "body",
            scope=settings.scope,
            **parameters,
        )
    return Request("POST", str(settings.token_url), headers, body.encode(), ())


def read_token(
    response: Response, refresh_token: str, now: float, refresh_expires_at: float = 0.0
) -> Token:
    """The token in the answer of a token endpoint.

    refresh_token, refresh_expires_at: that the request had; the answer may replace them. now: Unix
    seconds.
    Raises `Refused` or `NoToken`.
    """
    from oauthlib.oauth2 import MissingTokenError, OAuth2Error
    from oauthlib.oauth2.rfc6749.parameters import parse_token_response

    if response.status == 429 or response.status >= 500:
        raise NoToken(f"HTTP {response.status}")
    try:
        answer = parse_token_response(response.body.decode("utf-8", "replace"))
    except MissingTokenError:
        raise _no_token(response, "the answer has no access_token") from None
    except OAuth2Error as error:
        words = vendor_words(f"{error.error}: {error.description or ''}".removesuffix(": "))
        raise Refused(f"HTTP {response.status}: {words}") from None
    except (ArithmeticError, AttributeError, RecursionError, TypeError, ValueError, Warning):
        raise _no_token(response, "the answer cannot be read") from None
    token, replaced = answer["access_token"], answer.get("refresh_token")
    if not _can_be_sent(token):
        raise _no_token(response, "the answer has no usable access_token")
    life = float(min(max(answer.get("expires_in") or DEFAULT_LIFE, 1), MAX_LIFE))
    newest = replaced if _can_be_sent(replaced) else refresh_token
    ends = refresh_expires_at if newest == refresh_token else 0.0
    stated = to_number(answer.get("refresh_token_expires_in"))
    if newest and stated is not None and 0 < stated <= MAX_REFRESH_LIFE:
        ends = now + stated
    return Token(token, now, now + life, newest, ends, _scope(answer.get("scope")))


def _scope(stated: object) -> str:
    """oauthlib reads a text with spaces into a list."""
    text = " ".join(map(str, stated)) if isinstance(stated, list) else stated
    return text if _can_be_sent(text) and len(text) <= MAX_SCOPE else ""


def _no_token(response: Response, words: str) -> Exception:
    """A refusal without the words of RFC 6749, 5.2, or an answer that is none."""
    said = f"HTTP {response.status}: {words}"
    return Refused(said) if 400 <= response.status < 500 else NoToken(said)


def _can_be_sent(token: object) -> TypeGuard[str]:
    """Tokens and scopes are printable ASCII (RFC 6749, appendix A)."""
    return isinstance(token, str) and token.isascii() and token.isprintable() and token != ""


def _parameters(
    settings: ClientCredentialsSettings | RefreshTokenSettings, refresh_token: str
) -> dict[str, str]:
    if isinstance(settings, RefreshTokenSettings):
        return {**settings.parameters, "refresh_token": refresh_token}
    return dict(settings.parameters)


def _basic(settings: ClientCredentialsSettings | RefreshTokenSettings) -> str:
    """Both parts are form-urlencoded first (RFC 6749, 2.3.1)."""
    parts = settings.client_id, settings.client_secret.get_secret_value()
    return "Basic " + b64encode(":".join(map(quote_plus, parts)).encode()).decode()


def _assertion_body(settings: ServiceAccountSettings, now: float) -> str:
    import jwt
    from oauthlib.oauth2.rfc6749.parameters import prepare_token_request

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
        assertion = jwt.encode(claims, key["private_key"], "RS256", {"kid": _key_id(key)})
    except (jwt.InvalidKeyError, TypeError, ValueError):
        raise Refused("the private_key of the service account cannot be read") from None
    return str(prepare_token_request(JWT_BEARER, assertion=assertion))


def _key_id(key: dict[str, object]) -> str:
    given = key.get("private_key_id")
    return given if isinstance(given, str) else ""
