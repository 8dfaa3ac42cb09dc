"""A token endpoint in this process, as strict as RFC 6749, that replaces refresh tokens."""

from __future__ import annotations

import asyncio
from base64 import b64decode
from typing import Any
from urllib.parse import parse_qsl, unquote_plus

import jwt
import orjson
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from pydantic import TypeAdapter

from destinations.base import Request, Response
from gateway.configuration.credentials import CredentialSettings

TOKEN_URL = "https://login.test/token"
CLIENT = "the client", "a secret: of+the client"


PRIVATE = rsa.generate_private_key(65537, 2048)
PRIVATE_PEM = PRIVATE.private_bytes(
    serialization.Encoding.PEM,
    serialization.PrivateFormat.PKCS8,
    serialization.NoEncryption(),
).decode()
PUBLIC_PEM = (
    PRIVATE.public_key()
    .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    .decode()
)


def credential_settings(kind: str, **more: Any) -> CredentialSettings:
    client_id, secret = CLIENT
    given: dict[str, Any] = {"type": kind, "token_url": TOKEN_URL}
    if kind == "service_account":
        key = {"client_email": "a@b.iam", "private_key": PRIVATE_PEM, "private_key_id": "k1"}
        given |= {"key": orjson.dumps(key).decode(), "scope": "read write"}
    else:
        given |= {"client_id": client_id, "client_secret": secret}
    if kind == "refresh_token":
        given |= {"refresh_token": "the first one"}
    return TypeAdapter[CredentialSettings](CredentialSettings).validate_python(given | more)


class TokenEndpoint:
    """A client that answers token requests.

    refresh_token: the only one that is accepted; each use replaces it. public_key: of the service
    account. grants: the form of each accepted request. trouble: answers that are given first, in
    order. life: seconds; None leaves `expires_in` out. more: further fields of its answers.
    """

    def __init__(self, refresh_token: str = "", public_key: str = "") -> None:
        self.refresh_token = refresh_token
        self.public_key = public_key
        self.grants: list[dict[str, str]] = []
        self.trouble: list[Response | Exception] = []
        self.life: int | None = 3600
        self.more: dict[str, object] = {}
        self.closed = False

    async def send(self, request: Request) -> Response:
        await asyncio.sleep(0.01)  # long enough for two processes to meet
        if self.trouble:
            trouble = self.trouble.pop(0)
            if isinstance(trouble, Exception):
                raise trouble
            return trouble
        assert request.method == "POST"
        assert request.url == TOKEN_URL
        assert request.headers["content-type"] == "application/x-www-form-urlencoded"
        form = dict(parse_qsl(request.body.decode(), strict_parsing=True))
        return self._answer(form, request.headers.get("authorization", ""))

    async def close(self) -> None:
        self.closed = True

    def _answer(self, form: dict[str, str], authorization: str) -> Response:
        if "assertion" in form:
            return self._grant(self._claims(form.pop("assertion")) | form)
        if _client_of(form, authorization) != CLIENT:
            return _error(401, "invalid_client")
        if form["grant_type"] == "client_credentials":
            return self._grant(form)
        if form.get("refresh_token") != self.refresh_token:
            return _error(400, "invalid_grant")
        self.refresh_token = f"refresh-token-{len(self.grants) + 2}"
        return self._grant(form, refresh_token=self.refresh_token)

    def _claims(self, assertion: str) -> dict[str, Any]:
        claims: dict[str, Any] = jwt.decode(
            assertion, self.public_key, ["RS256"], audience=TOKEN_URL
        )
        assert claims["exp"] - claims["iat"] <= 3600
        return claims

    def _grant(self, form: dict[str, str], **more: str) -> Response:
        self.grants.append(form)
        answer = {"access_token": f"access-token-{len(self.grants)}", "token_type": "Bearer"}
        life = {} if self.life is None else {"expires_in": self.life}
        return Response(200, {}, orjson.dumps(answer | life | more | self.more))


def _client_of(form: dict[str, str], authorization: str) -> tuple[str, str]:
    if authorization:
        pair = b64decode(authorization.removeprefix("Basic ")).decode().split(":")
        return unquote_plus(pair[0]), unquote_plus(pair[1])
    return form.pop("client_id", ""), form.pop("client_secret", "")


def _error(status: int, error: str) -> Response:
    return Response(status, {}, orjson.dumps({"error": error, "error_description": "no"}))
