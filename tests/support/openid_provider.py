"""An OpenID Connect provider for tests, as strict as the specifications. Its answers can be made
wrong."""

from __future__ import annotations

import asyncio
import secrets
import threading
import time
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl, unquote_plus, urlencode

import jwt
import uvicorn
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from tests.support.gateway_process import free_port

CLIENT = "the console", "a secret: of+the console"
RSA_KEY = rsa.generate_private_key(65537, 2048)
OTHER_RSA_KEY = rsa.generate_private_key(65537, 2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())


@dataclass
class OpenIdProvider:
    """redirect_uri: the registered one. user: claims about whoever signs in. change: changes the
    claims of an ID token. sign: makes a token from claims. keys: the published ones. metadata:
    changes to the discovery document. calls: the documents and endpoints that were requested.
    codes: the codes that can be exchanged."""

    redirect_uri: str
    user: dict[str, Any] = field(
        default_factory=lambda: {"sub": "u-17", "email": "carl@shop.example", "groups": ["admins"]}
    )
    change: Callable[[dict[str, Any]], dict[str, Any]] = lambda claims: claims
    sign: Callable[[dict[str, Any]], str] = lambda claims: jwt.encode(
        claims, RSA_KEY, "RS256", {"kid": "one"}
    )
    keys: list[dict[str, Any]] = field(default_factory=lambda: [public(RSA_KEY, "one")])
    metadata: dict[str, Any] = field(default_factory=dict)
    status: int = 200
    calls: list[str] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    port: int = field(default_factory=free_port)

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> OpenIdProvider:
        app = Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._configuration),
                Route("/keys", self._jwks),
                Route("/authorize", self._authorize),
                Route("/token", self._token, methods=["POST"]),
            ]
        )
        config = uvicorn.Config(app, port=self.port, log_config=None, ws="none")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=asyncio.run, args=[self._server.serve()])
        self._thread.start()
        deadline = time.monotonic() + 60
        while not self._server.started:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(60)

    async def _configuration(self, request: Request) -> Response:
        self.calls.append("configuration")
        document = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            **self.metadata,
        }
        return JSONResponse(document, self.status)

    async def _jwks(self, request: Request) -> Response:
        self.calls.append("keys")
        return JSONResponse({"keys": self.keys})

    async def _authorize(self, request: Request) -> Response:
        given = dict(request.query_params)
        expected = {
            "response_type": "code",
            "client_id": CLIENT[0],
            "redirect_uri": self.redirect_uri,
            "code_challenge_method": "S256",
        }
        assert expected.items() <= given.items(), given
        assert "openid" in given["scope"].split()
        assert all(len(given[name]) >= 43 for name in ("state", "nonce", "code_challenge"))
        code = secrets.token_urlsafe(16)
        self.codes[code] = given
        answer = {"code": code, "state": given["state"], "iss": self.issuer}
        return RedirectResponse(f"{self.redirect_uri}?{urlencode(answer)}", 303)

    async def _token(self, request: Request) -> Response:
        self.calls.append("token")
        form = dict(parse_qsl((await request.body()).decode(), strict_parsing=True))
        if _client_of(request, form) != CLIENT:
            return JSONResponse({"error": "invalid_client"}, 401)
        asked = self.codes.pop(form["code"], None)
        verifier = sha256(form["code_verifier"].encode()).digest()
        challenge = urlsafe_b64encode(verifier).rstrip(b"=").decode()
        if (
            asked is None
            or form["grant_type"] != "authorization_code"
            or form["redirect_uri"] != self.redirect_uri
            or challenge != asked["code_challenge"]
        ):
            return JSONResponse({"error": "invalid_grant"}, 400)
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT[0],
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
            **self.user,
        }
        token = self.sign(self.change(claims))
        return JSONResponse({"access_token": "a", "token_type": "Bearer", "id_token": token})


def public(key: Any, kid: str, **more: Any) -> dict[str, Any]:
    """The JWK of the public half of `key`."""
    is_curve = isinstance(key, ec.EllipticCurvePrivateKey)
    algorithm: Any = ECAlgorithm if is_curve else RSAAlgorithm
    made: dict[str, Any] = algorithm.to_jwk(key.public_key(), as_dict=True)
    return {**made, "kid": kid, "use": "sig", **more}


def _client_of(request: Request, form: dict[str, str]) -> tuple[str, str]:
    authorization = request.headers.get("authorization", "")
    if authorization:
        name, _, secret = b64decode(authorization.removeprefix("Basic ")).decode().partition(":")
        return unquote_plus(name), unquote_plus(secret)
    return form.get("client_id", ""), form.get("client_secret", "")
