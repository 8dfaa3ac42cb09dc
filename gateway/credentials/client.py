"""The client that adds access tokens to requests."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

from destinations.base import Request, Response
from destinations.masking import Masker
from destinations.vendor_answers import vendor_words
from gateway.credentials.credential import Credential, NotAuthorised
from gateway.http.client import Client


class AuthorisedClient:
    """Sends through `client`. credentials: those that requests may refer to, by name.

    If the response to a request with an access token is 401, the request is sent once more with a
    new token. The token is masked in the response, in case the receiver repeats it.
    """

    def __init__(self, client: Client, credentials: Mapping[str, Credential]) -> None:
        self._client = client
        self._credentials = credentials

    async def send(self, request: Request) -> Response:
        """Sends like `Client.send`. Also raises `NotAuthorised`: if there is no token, or if the
        receiver refuses it because it lacks scopes."""
        if not request.credential:
            return await self._client.send(request)
        credential = self._credentials[request.credential]
        token = await credential.token()
        response = await self._client.send(_with_token(request, token))
        if response.status == 401:
            token = await credential.token(refused=token)
            response = await self._client.send(_with_token(request, token))
        response = _without_token(response, token)
        if refusal := credential.refusal(response):
            words = vendor_words(response.body)
            said = f"HTTP {response.status}" + (f": {words}" if words else "")
            raise NotAuthorised(f"{said}; {refusal}")
        return response

    async def close(self) -> None:
        await self._client.close()
        await asyncio.gather(*(each.close() for each in self._credentials.values()))


def _with_token(request: Request, token: str) -> Request:
    return request._replace(headers={**request.headers, "authorization": f"Bearer {token}"})


def _without_token(response: Response, token: str) -> Response:
    mask = _masker(token).text
    headers = {name: mask(value) for name, value in response.headers.items()}
    body = mask(response.body.decode(errors="surrogateescape"))
    return replace(response, headers=headers, body=body.encode(errors="surrogateescape"))


@lru_cache(maxsize=32)
def _masker(token: str) -> Masker:
    return Masker([token])
