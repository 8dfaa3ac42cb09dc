"""What an ID token says, if it is valid. Pure.

Sources: OpenID Connect Core 1.0, 2 and 3.1.3.7; RFC 8725 (algorithms are ours to choose).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hmac import compare_digest
from typing import Any

import jwt

from gateway.configuration.console import LOCAL, ConsoleSettings, OpenIdSettings, Role
from gateway.event.text import printable

ALGORITHMS = (
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "EdDSA",
)
"""Signatures with a private key: neither ``none`` nor those with a shared secret."""

LEEWAY_SECONDS = 60
MAX_NAME = 64


class NotValid(Exception):
    """An ID token that cannot be accepted. Its text says why, without a value of the token."""


class UnknownKey(NotValid):
    """The known keys of the provider do not contain exactly one for this token."""


def claims_of(
    token: str, keys: Sequence[Mapping[str, Any]], settings: OpenIdSettings, nonce: str
) -> dict[str, Any]:
    """The claims of `token`, an answer to the sign-in with `nonce`.

    keys: JWKs of the provider. Raises `NotValid`.
    """
    try:
        key = _key_for(jwt.get_unverified_header(token), keys)
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=ALGORITHMS,
            audience=settings.client_id,
            issuer=settings.issuer,
            leeway=LEEWAY_SECONDS,
            options={"require": ["iss", "sub", "aud", "exp", "iat"]},
        )
    except jwt.PyJWTError as error:
        raise NotValid(type(error).__name__) from None
    except (TypeError, ValueError, KeyError, AttributeError, OverflowError):
        raise NotValid("cannot be read") from None
    if not compare_digest(str(claims.get("nonce", "")).encode(errors="replace"), nonce.encode()):
        raise NotValid("the nonce is that of another sign-in")
    is_for_several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if claims.get("azp", None if is_for_several else settings.client_id) != settings.client_id:
        raise NotValid("azp names another client")
    if not isinstance(claims["sub"], str) or not claims["sub"].strip():
        raise NotValid("sub is empty")
    return claims


def role_of(claims: Mapping[str, Any], settings: OpenIdSettings) -> Role | None:
    """None for somebody who may not see the console."""
    path = settings.role_claim
    values = _values(_email(claims) if path == "email" else _claim(claims, path))
    if values.intersection(settings.operators):
        return "operator"
    return "viewer" if values.intersection(settings.viewers) else None


def name_of(claims: Mapping[str, Any], settings: ConsoleSettings) -> str:
    """The name under which the user is shown and logged. It is never the name of a user with a
    password, and never ``local``."""
    given = (_email(claims), claims.get("preferred_username"), claims["sub"])
    text = next(each for each in given if isinstance(each, str) and each.strip())
    name = printable(text.strip()[:MAX_NAME])
    return f"{name} (openid)" if name == LOCAL or name in settings.users else name


def _email(claims: Mapping[str, Any]) -> Any:
    """The e-mail address, None if the provider says that it is not verified: then anyone may have
    typed it. Some providers write texts in place of true and false."""
    return claims.get("email") if claims.get("email_verified", True) in (True, "true") else None


def _key_for(header: Mapping[str, Any], keys: Sequence[Mapping[str, Any]]) -> jwt.PyJWK:
    algorithm, kid = header.get("alg"), header.get("kid")
    if algorithm not in ALGORITHMS:
        raise NotValid("its algorithm is not allowed")
    found = [
        key
        for key in keys
        if key.get("use", "sig") == "sig"
        and key.get("kty") != "oct"
        and key.get("alg", algorithm) == algorithm
        and (kid is None or key.get("kid") == kid)
    ]
    if len(found) != 1:
        raise UnknownKey("the provider has no key, or several, for it")
    return jwt.PyJWK(dict(found[0]), algorithm)


def _claim(claims: Mapping[str, Any], path: str) -> Any:
    """The claim with the whole name, which may be a URL; else the dots lead into objects."""
    if path in claims:
        return claims[path]
    value: Any = claims
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _values(claim: Any) -> frozenset[str]:
    values = claim if isinstance(claim, list) else [claim]
    texts = {value for value in values if isinstance(value, str)}
    return frozenset({*texts, "true"} if claim is True else texts)
