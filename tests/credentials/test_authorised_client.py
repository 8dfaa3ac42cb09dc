"""Requests with access tokens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from redis.asyncio import Redis

from destinations.base import Request, Response
from gateway.credentials import AuthorisedClient, Credential, NotAuthorised
from gateway.queue.credential_tokens import CredentialTokens
from tests.support.keys import KEYS
from tests.support.token_endpoint import TokenEndpoint, credential_settings

pytestmark = pytest.mark.anyio

PLAIN = Request("POST", "https://crm.test/events", {"x-own": "1"}, b"{}", (0,))
WITH_TOKEN = PLAIN._replace(credential="crm")


class Receiver:
    """Keeps requests; `reply` makes the response from the authorization header."""

    def __init__(self, reply: Callable[[str], Response]) -> None:
        self.reply = reply
        self.requests: list[Request] = []
        self.closed = False

    async def send(self, request: Request) -> Response:
        self.requests.append(request)
        return self.reply(request.headers.get("authorization", ""))

    async def close(self) -> None:
        self.closed = True


@pytest.fixture
def endpoint() -> TokenEndpoint:
    return TokenEndpoint()


@pytest.fixture
def authorised(redis: Redis, endpoint: TokenEndpoint) -> Callable[[Receiver], AuthorisedClient]:
    settings = credential_settings("client_credentials")
    credential = Credential("crm", settings, CredentialTokens(redis, KEYS, "crm"), endpoint)
    return lambda receiver: AuthorisedClient(receiver, {"crm": credential})


def taking(*tokens: str) -> Callable[[str], Response]:
    return lambda given: Response(204 if given.removeprefix("Bearer ") in tokens else 401)


async def test_a_request_without_a_credential_is_sent_as_it_is(authorised: Any) -> None:
    receiver = Receiver(lambda _: Response(204))
    await authorised(receiver).send(PLAIN)
    assert receiver.requests == [PLAIN]


async def test_a_request_with_one_gets_a_token(authorised: Any) -> None:
    receiver = Receiver(taking("access-token-1"))
    assert (await authorised(receiver).send(WITH_TOKEN)).status == 204
    (sent,) = receiver.requests
    assert sent.headers == {"x-own": "1", "authorization": "Bearer access-token-1"}
    assert WITH_TOKEN.headers == {"x-own": "1"}


async def test_a_token_that_is_not_accepted_is_renewed_once(
    authorised: Any, endpoint: TokenEndpoint
) -> None:
    receiver = Receiver(taking("access-token-2"))
    client = authorised(receiver)
    assert (await client.send(WITH_TOKEN)).status == 204
    assert (await client.send(WITH_TOKEN)).status == 204
    assert len(receiver.requests) == 3
    assert len(endpoint.grants) == 2


async def test_and_then_the_answer_stands(authorised: Any, endpoint: TokenEndpoint) -> None:
    receiver = Receiver(taking())
    assert (await authorised(receiver).send(WITH_TOKEN)).status == 401
    assert len(receiver.requests) == 2


async def test_no_answer_shows_the_token(authorised: Any) -> None:
    receiver = Receiver(
        lambda given: Response(400, {"x-echo": given}, f"bad header {given}".encode())
    )
    answer = await authorised(receiver).send(WITH_TOKEN)
    assert answer == Response(400, {"x-echo": "Bearer ***"}, b"bad header Bearer ***")


async def test_no_answer_shows_the_token_in_another_form(
    redis: Redis, endpoint: TokenEndpoint
) -> None:
    endpoint.more = {"access_token": "ab/cd+ef/gh="}
    settings = credential_settings("client_credentials")
    credential = Credential("crm", settings, CredentialTokens(redis, KEYS, "crm"), endpoint)
    said = rb'{"bytes": "\xff", "header": "ab\/cd+ef\/gh=", "url": "?t=ab%2Fcd%2Bef%2Fgh%3D"}'
    body = said.replace(rb"\xff", b"\xff")
    client = AuthorisedClient(Receiver(lambda _: Response(400, {}, body)), {"crm": credential})
    answer = await client.send(WITH_TOKEN)
    assert answer.body == b'{"bytes": "\xff", "header": "***", "url": "?t=***"}'


async def test_closing_closes_what_asks_for_tokens(
    authorised: Any, endpoint: TokenEndpoint
) -> None:
    receiver = Receiver(taking())
    await authorised(receiver).close()
    assert receiver.closed
    assert endpoint.closed


CHALLENGE = {"www-authenticate": 'Bearer realm="x", error="insufficient_scope", scope="a/write b"'}


@pytest.mark.parametrize(
    ("response", "granted", "named"),
    [
        (Response(403, CHALLENGE, b"go away"), None, "lacks the scope a/write b"),
        (Response(401, CHALLENGE), None, "lacks the scope a/write b"),
        (Response(403, {}, b"go away"), "read", "lacks the scope write"),
        (Response(403, {}, b"go away"), "read,other", "lacks the scope write"),
        (Response(403), "read,write", ""),
        (Response(403), "write read", ""),
        (Response(403), None, ""),
        (Response(204), "read", ""),
        (Response(400, CHALLENGE), "read", ""),
        (Response(403, {"www-authenticate": 'Bearer error="invalid_token"'}), None, ""),
        (Response(403, {"www-authenticate": "Bearer error=insufficient_scope"}), None, ""),
    ],
    ids=str,
)
async def test_scopes_that_a_token_lacks_are_named(
    redis: Redis, endpoint: TokenEndpoint, response: Response, granted: str | None, named: str
) -> None:
    endpoint.more = {} if granted is None else {"scope": granted}
    settings = credential_settings("client_credentials", scope="read write")
    credential = Credential("crm", settings, CredentialTokens(redis, KEYS, "crm"), endpoint)
    client = AuthorisedClient(Receiver(lambda _: response), {"crm": credential})
    if not named:
        assert (await client.send(WITH_TOKEN)).status == response.status
        return
    with pytest.raises(NotAuthorised) as refused:
        await client.send(WITH_TOKEN)
    assert str(refused.value).startswith(f"HTTP {response.status}")
    assert response.body.decode() in str(refused.value), "the receiver's words are kept"
    assert f"{named}. Grant it at the vendor" in str(refused.value)


async def test_a_refusal_for_want_of_a_scope_shows_no_token(authorised: Any) -> None:
    def repeated(given: str) -> Response:
        challenge = f'Bearer error="insufficient_scope", scope="{given.removeprefix("Bearer ")}"'
        return Response(403, {"www-authenticate": challenge}, given.encode())

    with pytest.raises(NotAuthorised) as refused:
        await authorised(Receiver(repeated)).send(WITH_TOKEN)
    assert "access-token" not in str(refused.value)
