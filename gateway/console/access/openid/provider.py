"""The provider: its metadata and keys, and an ID token in exchange for a code.

Sources: OpenID Connect Discovery 1.0, 3 and 4; OpenID Connect Core 1.0, 3.1.3; RFC 6749, 2.3.1;
RFC 9207.
"""

from __future__ import annotations

import asyncio
import logging
import time
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus, urlencode

import orjson

from destinations.base import Request, Response
from gateway.configuration.console import OpenIdSettings
from gateway.console.access.openid.id_token import UnknownKey, claims_of
from gateway.console.access.openid.start import CALLBACK, Start
from gateway.http import Client, ClientSettings, SendError, open_client

log = logging.getLogger(__name__)

FRESH_SECONDS = 3_600.0
REST_SECONDS = 5.0
"""Pause after a question that failed, and between two questions for unknown keys."""

TIMEOUT_SECONDS = 10.0
MAX_BYTES = 1_048_576


class ProviderError(Exception):
    """The provider does not answer as it should. Its text is for people, without secrets."""


@dataclass(frozen=True, slots=True)
class Metadata:
    """states_issuer: whether the provider's answers name it, in the parameter ``iss``. by_form:
    whether it wants the client's secret in the form, not in a header."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    states_issuer: bool
    by_form: bool


class Provider:
    """The provider of `settings`. `metadata` and `claims` raise `ProviderError`."""

    def __init__(self, settings: OpenIdSettings) -> None:
        self._settings = settings
        self._client: Client | None = None
        self._asking = asyncio.Lock()
        self._metadata: Metadata | None = None
        self._keys: list[dict[str, Any]] = []
        self._fresh_until = 0.0
        self._asked_at = 0.0
        self._failure = ""

    async def metadata(self) -> Metadata:
        await self._refresh(0.0)
        assert self._metadata is not None
        return self._metadata

    async def claims(self, code: str, start: Start) -> dict[str, Any]:
        """The claims of the ID token for `code`, which works once. Raises `NotValid` too."""
        token = await self._exchange(await self.metadata(), code, start)
        try:
            return claims_of(token, self._keys, self._settings, start.nonce)
        except UnknownKey:  # the provider may have a new one
            await self._refresh(time.monotonic() - REST_SECONDS)
            return claims_of(token, self._keys, self._settings, start.nonce)

    async def close(self) -> None:
        if self._client is not None:
            await self._client.close()

    async def _refresh(self, asked_since: float) -> None:
        """Asks for metadata and keys, unless they are fresh and were asked for since
        `asked_since`."""
        async with self._asking:
            now = time.monotonic()
            if now < self._fresh_until and self._asked_at >= asked_since:
                return
            if self._failure and now < self._asked_at + REST_SECONDS:
                raise ProviderError(self._failure)
            self._asked_at = now
            try:
                url = self._settings.issuer.rstrip("/") + "/.well-known/openid-configuration"
                metadata = self._read(await self._get(url))
                self._keys = _keys(await self._get(metadata.jwks_uri))
            except ProviderError as error:
                # so that those who waited for this question do not ask one after the other
                self._failure, self._asked_at = str(error), time.monotonic()
                log.warning("console.openid: %s", error)  # strangers ask, so not for each of them
                raise
            self._metadata, self._failure = metadata, ""
            self._fresh_until = now + FRESH_SECONDS

    def _read(self, given: Mapping[str, Any]) -> Metadata:
        if given.get("issuer") != self._settings.issuer:
            raise ProviderError(
                "its metadata name another issuer; write console.openid.issuer as they do"
            )
        methods = given.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        by_form = isinstance(methods, list) and "client_secret_basic" not in methods
        return Metadata(
            self._endpoint(given, "authorization_endpoint"),
            self._endpoint(given, "token_endpoint"),
            self._endpoint(given, "jwks_uri"),
            given.get("authorization_response_iss_parameter_supported") is True,
            by_form,
        )

    def _endpoint(self, given: Mapping[str, Any], name: str) -> str:
        url, schemes = given.get(name), ["https://"]
        if self._settings.issuer.startswith("http://"):
            schemes.append("http://")
        if not isinstance(url, str) or not url.startswith(tuple(schemes)) or not url.isprintable():
            raise ProviderError(f"its metadata have no usable {name}")
        return url

    async def _exchange(self, metadata: Metadata, code: str, start: Start) -> str:
        settings = self._settings
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": settings.base_url + CALLBACK,
            "code_verifier": start.verifier,
        }
        headers = {
            "content-type": "application/x-www-form-urlencoded",
            "accept": "application/json",
        }
        secret = settings.client_secret.get_secret_value()
        if metadata.by_form:
            form |= {"client_id": settings.client_id, "client_secret": secret}
        else:
            pair = f"{quote_plus(settings.client_id)}:{quote_plus(secret)}"
            headers["authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
        body = urlencode(form).encode()
        answer = await self._send(Request("POST", metadata.token_endpoint, headers, body, ()))
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise ProviderError("its answer has no ID token")
        return token

    async def _get(self, url: str) -> dict[str, Any]:
        return await self._send(Request("GET", url, {"accept": "application/json"}, b"", ()))

    async def _send(self, request: Request) -> dict[str, Any]:
        if self._client is None:
            self._client = open_client(
                ClientSettings(timeout=TIMEOUT_SECONDS, max_response_bytes=MAX_BYTES)
            )
        try:
            response = await self._client.send(request)
        except SendError as error:
            raise ProviderError(error.reason) from None
        return _object(response)


def _object(response: Response) -> dict[str, Any]:
    if response.status != 200:
        raise ProviderError(f"it answered HTTP {response.status}")
    try:
        answer = orjson.loads(response.body)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise ProviderError("its answer cannot be read")
    return answer


def _keys(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    keys = answer.get("keys")
    found = [key for key in keys if isinstance(key, dict)] if isinstance(keys, list) else []
    if not found:
        raise ProviderError("it has no keys")
    return found
