"""A credential: one token for all processes, renewed by one of them at a time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from destinations.base import Request, Response
from gateway.credentials import credential as credential_module
from gateway.credentials.credential import Credential, NotAuthorised, read_stored_token
from gateway.credentials.expiry import refresh_token_warning
from gateway.credentials.token import Token
from gateway.http import Ambiguous, NotSent
from gateway.queue.credential_tokens import CredentialTokens
from gateway.redis_client.connect import connect_for_intake
from tests.support.keys import KEYS
from tests.support.token_endpoint import TokenEndpoint, credential_settings
from tests.support.valkey_server import Server, Valkey

pytestmark = pytest.mark.anyio

FIRST = "the first one"
KEY = f"{KEYS.credentials}crm"


def open_process(redis: Redis, endpoint: TokenEndpoint, **more: Any) -> Credential:
    """The credential as another process has it."""
    settings = credential_settings("refresh_token", **{"refresh_token": FIRST} | more)
    return Credential("crm", settings, CredentialTokens(redis, KEYS, "crm"), endpoint)


class TestSharing:
    async def test_a_token_is_asked_for_once(self, redis: Redis) -> None:
        endpoint = TokenEndpoint(FIRST)
        credential = open_process(redis, endpoint)
        assert [await credential.token() for _ in range(3)] == ["access-token-1"] * 3
        assert len(endpoint.grants) == 1

    async def test_by_one_process_at_a_time(self, redis: Redis) -> None:
        endpoint = TokenEndpoint(FIRST)
        processes = [open_process(redis, endpoint) for _ in range(8)]
        tokens = await asyncio.gather(*(each.token() for each in processes))
        assert set(tokens) == {"access-token-1"}
        assert len(endpoint.grants) == 1

    async def test_nothing_that_is_stored_can_be_read_without_the_configuration(
        self, redis: Redis
    ) -> None:
        await open_process(redis, TokenEndpoint(FIRST)).token()
        stored: Any = await redis.get(KEY)
        assert b"token" not in stored
        assert b"access" not in stored

    async def test_what_is_stored_and_the_lock_expire(self, redis: Redis) -> None:
        await open_process(redis, TokenEndpoint(FIRST)).token()
        names: Any = await redis.keys("*credential*")
        assert [name.decode() for name in names] == [KEY]
        assert 0 < await redis.ttl(KEY) <= 400 * 86_400


class TestRenewal:
    async def test_a_replaced_refresh_token_is_used_next(self, redis: Redis) -> None:
        endpoint = TokenEndpoint(FIRST)
        endpoint.life = 1  # expires almost at once
        tokens = []
        for _ in range(3):
            tokens.append(await open_process(redis, endpoint).token())
            await asyncio.sleep(0.85)
        assert tokens == ["access-token-1", "access-token-2", "access-token-3"]
        assert [grant["refresh_token"] for grant in endpoint.grants] == [
            FIRST,
            "refresh-token-2",
            "refresh-token-3",
        ]

    async def test_a_refused_token_is_renewed_once_for_all(self, redis: Redis) -> None:
        endpoint = TokenEndpoint(FIRST)
        processes = [open_process(redis, endpoint) for _ in range(4)]
        refused = await processes[0].token()
        tokens = await asyncio.gather(*(each.token(refused=refused) for each in processes))
        assert set(tokens) == {"access-token-2"}
        assert len(endpoint.grants) == 2

    async def test_another_refresh_token_in_the_configuration_starts_over(
        self, redis: Redis
    ) -> None:
        await open_process(redis, TokenEndpoint(FIRST)).token()
        endpoint = TokenEndpoint("a new one")
        assert await open_process(redis, endpoint, refresh_token="a new one").token()
        assert endpoint.grants[0]["refresh_token"] == "a new one"

    async def test_another_client_secret_does_not(self, redis: Redis) -> None:
        await open_process(redis, TokenEndpoint(FIRST)).token()
        endpoint = TokenEndpoint("never asked")
        assert await open_process(redis, endpoint, client_secret="changed").token()
        assert endpoint.grants == []

    async def test_a_lock_of_a_killed_process_ends_by_itself(self, redis: Redis) -> None:
        await redis.set(f"{KEY}:lock", "killed", px=300)
        assert await open_process(redis, TokenEndpoint(FIRST)).token() == "access-token-1"

    async def test_a_lock_that_another_took_is_not_given_back(self, redis: Redis) -> None:
        stored = CredentialTokens(redis, KEYS, "crm")
        async with stored.locked(60):
            await redis.set(f"{KEY}:lock", "another")
        assert await redis.get(f"{KEY}:lock") == b"another"

    async def test_a_lock_whose_answer_was_lost_is_held(
        self, redis: Redis, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """redis-py repeats the call."""
        stored = CredentialTokens(redis, KEYS, "crm")
        take = stored._take

        async def take_again(*call: Any) -> Any:
            await take(*call)
            return await take(*call)

        monkeypatch.setattr(stored, "_take", take_again)
        async with asyncio.timeout(10), stored.locked(60):
            assert await redis.exists(f"{KEY}:lock")
        assert not await redis.exists(f"{KEY}:lock")

    async def test_a_token_is_renewed_while_memory_is_full(self, redis: Redis) -> None:
        await redis.config_set("maxmemory", 1)
        try:
            assert await open_process(redis, TokenEndpoint(FIRST)).token() == "access-token-1"
        finally:
            await redis.config_set("maxmemory", 0)

    async def test_a_token_that_could_not_be_stored_is_stored_before_it_is_used(
        self, redis: Redis, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        endpoint = TokenEndpoint(FIRST)
        credential = open_process(redis, endpoint)
        with monkeypatch.context() as broken:
            broken.setattr(CredentialTokens, "write", _fails)
            with pytest.raises(NotSent, match="Redis: ConnectionError"):
                await credential.token()
        assert await credential.token() == "access-token-1"
        assert len(endpoint.grants) == 1
        assert await redis.exists(KEY)

    async def test_a_token_that_could_not_be_stored_replaces_no_newer_one(
        self, redis: Redis, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        endpoint = TokenEndpoint(FIRST)
        endpoint.more = {"refresh_token": FIRST}  # the vendor does not replace it
        first, second = (open_process(redis, endpoint) for _ in range(2))
        with monkeypatch.context() as broken:
            broken.setattr(CredentialTokens, "write", _fails)
            with pytest.raises(NotSent):
                await first.token()
        endpoint.refresh_token = FIRST
        newer = await second.token()
        endpoint.refresh_token = FIRST
        assert await first.token(refused=newer) == "access-token-3"
        assert (await stored_token(redis)).access_token == "access-token-3"

    async def test_a_token_that_ended_before_it_could_be_stored_is_renewed_with_what_came_with_it(
        self, redis: Redis, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        endpoint = TokenEndpoint(FIRST)
        endpoint.life = 1
        credential = open_process(redis, endpoint)
        with monkeypatch.context() as broken:
            broken.setattr(CredentialTokens, "write", _fails)
            with pytest.raises(NotSent):
                await credential.token()
        await asyncio.sleep(0.85)
        assert await credential.token() == "access-token-2"
        assert endpoint.grants[1]["refresh_token"] == "refresh-token-2"


class WhileRedisGoesAway(TokenEndpoint):
    """Kills Redis before it answers."""

    def __init__(self, server: Server) -> None:
        super().__init__(FIRST)
        self._server = server

    async def send(self, request: Request) -> Response:
        self._server.kill()
        return await super().send(request)


class TestAnEndWhileRedisIsAway:
    """The new refresh token is only in the memory of this process."""

    @pytest.fixture
    def server(self, tmp_path: Path) -> Iterator[Server]:
        with Valkey(tmp_path) as server:
            yield server

    @pytest.fixture
    async def redis(self, server: Server) -> AsyncIterator[Redis]:
        async with connect_for_intake(server.url) as client:
            yield client

    @pytest.fixture
    def endpoint(self, server: Server) -> TokenEndpoint:
        return WhileRedisGoesAway(server)

    async def test_the_new_refresh_token_is_stored_when_redis_is_back(
        self,
        redis: Redis,
        server: Server,
        endpoint: TokenEndpoint,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        credential = await with_unsaved_token(redis, endpoint)
        closing = asyncio.create_task(credential.close())
        await asyncio.sleep(0.2)
        assert not closing.done()
        await asyncio.to_thread(server.start)
        await asyncio.wait_for(closing, 20)  # the lock that was not given back lasts longer
        assert (await stored_token(redis)).refresh_token == "refresh-token-2"
        assert endpoint.closed
        assert [record.levelname for record in caplog.records] == ["WARNING"]

    async def test_it_replaces_none_that_another_process_has_stored(
        self, redis: Redis, server: Server, endpoint: TokenEndpoint
    ) -> None:
        credential = await with_unsaved_token(redis, endpoint)
        await asyncio.to_thread(server.start)
        await redis.delete(f"{KEY}:lock")
        other = TokenEndpoint(FIRST)
        other.more = {"refresh_token": "of another process"}
        await open_process(redis, other).token()
        await credential.close()
        assert (await stored_token(redis)).refresh_token == "of another process"

    async def test_after_a_while_it_is_lost_and_the_log_says_what_to_do(
        self,
        redis: Redis,
        endpoint: TokenEndpoint,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        monkeypatch.setattr(credential_module, "SAVE_SECONDS", 1.0)
        await (await with_unsaved_token(redis, endpoint)).close()
        assert caplog.messages[-1] == (
            "the new refresh token of the credential crm is lost, because Redis did not take it "
            "within 1 s (ConnectionError). If the vendor refuses the one before, get a new one "
            "from the vendor, and write it in credentials.crm.refresh_token"
        )
        assert "refresh-token-2" not in caplog.text
        assert FIRST not in caplog.text
        assert endpoint.closed

    async def test_one_that_the_vendor_did_not_replace_is_not_waited_for(
        self, redis: Redis, endpoint: TokenEndpoint, caplog: pytest.LogCaptureFixture
    ) -> None:
        endpoint.more = {"refresh_token": FIRST}
        await (await with_unsaved_token(redis, endpoint)).close()
        assert caplog.messages == []
        assert endpoint.closed


async def with_unsaved_token(redis: Redis, endpoint: TokenEndpoint) -> Credential:
    credential = open_process(redis, endpoint)
    with pytest.raises(NotSent, match="Redis: ConnectionError"):
        await credential.token()
    return credential


class TestRefusal:
    async def test_says_what_to_correct_and_no_secret(self, redis: Redis) -> None:
        endpoint = TokenEndpoint("another one")
        with pytest.raises(NotAuthorised) as refused:
            await open_process(redis, endpoint).token()
        assert str(refused.value) == (
            "no access token for the credential crm: HTTP 400: invalid_grant: no. "
            "Correct credentials.crm in the configuration"
        )

    async def test_an_endpoint_that_repeats_a_secret_does_not_show_it(self, redis: Redis) -> None:
        endpoint = TokenEndpoint()
        body = b'{"error": "invalid_grant", "error_description": "token the first one is used up"}'
        endpoint.trouble = [Response(400, {}, body)]
        with pytest.raises(NotAuthorised) as refused:
            await open_process(redis, endpoint).token()
        assert FIRST not in str(refused.value)

    async def test_an_endpoint_that_repeats_the_newest_refresh_token_does_not_show_it(
        self, redis: Redis
    ) -> None:
        endpoint = TokenEndpoint(FIRST)
        refused = await open_process(redis, endpoint).token()
        body = b'{"error": "invalid_grant", "error_description": "refresh-token-2 is used up"}'
        endpoint.trouble = [Response(400, {}, body)]
        with pytest.raises(NotAuthorised, match=r"invalid_grant: \*\*\* is used up") as raised:
            await open_process(redis, endpoint).token(refused=refused)
        assert "refresh-token-2" not in str(raised.value)

    async def test_is_that_of_all_who_waited_for_the_token(self, redis: Redis) -> None:
        endpoint = TokenEndpoint(FIRST)
        endpoint.trouble = [NotSent("could not connect")]
        credential = open_process(redis, endpoint)
        waiting = [credential.token() for _ in range(5)]
        found = await asyncio.gather(*waiting, return_exceptions=True)
        assert [type(each) for each in found] == [NotSent] * 5
        assert endpoint.grants == []
        assert await credential.token() == "access-token-1", "who comes later asks again"

    async def test_holds_for_a_while(self, redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
        endpoint = TokenEndpoint()
        endpoint.trouble = [Response(401, {}, b'{"error": "invalid_client"}')]
        credential = open_process(redis, endpoint)
        for _ in range(5):
            with pytest.raises(NotAuthorised):
                await credential.token()
        endpoint.refresh_token = FIRST
        monkeypatch.setattr(credential_module, "REST_SECONDS", 0.0)
        credential = open_process(redis, endpoint)
        assert await credential.token() == "access-token-1"

    @pytest.mark.parametrize(
        "trouble", [Response(503), NotSent("could not connect"), Ambiguous("too slow")]
    )
    async def test_trouble_that_may_pass_is_none(self, redis: Redis, trouble: Any) -> None:
        endpoint = TokenEndpoint(FIRST)
        endpoint.trouble = [trouble]
        credential = open_process(redis, endpoint)
        with pytest.raises(NotSent, match="no access token for the credential crm") as raised:
            await credential.token()
        assert not isinstance(raised.value, NotAuthorised)
        assert await credential.token() == "access-token-1"


DAY = 86_400


class TestRefreshTokensEnd:
    async def test_the_end_is_kept_where_the_vendor_says_it(self, redis: Redis) -> None:
        endpoint = TokenEndpoint(FIRST)
        endpoint.more = {"refresh_token_expires_in": 365 * DAY}
        await open_process(redis, endpoint).token()
        stored = await stored_token(redis)
        assert stored.refresh_expires_at == pytest.approx(time.time() + 365 * DAY, abs=60)
        assert await warning_of(redis, time.time()) == ""
        soon = stored.refresh_expires_at - 20 * DAY
        assert "the refresh token of the credential crm ends on" in await warning_of(redis, soon)
        late = stored.refresh_expires_at + 1
        assert "the refresh token of the credential crm ended on" in await warning_of(redis, late)

    @pytest.mark.parametrize(
        ("replaced", "kept"), [(False, True), (True, False)], ids=["the same", "another"]
    )
    async def test_a_token_that_stays_keeps_its_end(
        self, redis: Redis, replaced: bool, kept: bool
    ) -> None:
        endpoint = TokenEndpoint(FIRST)
        endpoint.more = {"refresh_token_expires_in": 100 * DAY, "refresh_token": FIRST}
        refused = await open_process(redis, endpoint).token()
        endpoint.refresh_token = FIRST
        endpoint.more = {} if replaced else {"refresh_token": FIRST}
        await open_process(redis, endpoint).token(refused=refused)
        assert bool((await stored_token(redis)).refresh_expires_at) is kept

    @pytest.mark.parametrize("odd", [None, 0, -1, "soon", 1e30, [], {}])
    async def test_an_odd_life_is_none(self, redis: Redis, odd: Any) -> None:
        endpoint = TokenEndpoint(FIRST)
        endpoint.more = {"refresh_token_expires_in": odd}
        await open_process(redis, endpoint).token()
        assert (await stored_token(redis)).refresh_expires_at == 0

    async def test_the_log_warns_when_the_end_is_near(
        self, redis: Redis, caplog: pytest.LogCaptureFixture
    ) -> None:
        endpoint = TokenEndpoint(FIRST)
        endpoint.more = {"refresh_token_expires_in": 10 * DAY}
        await open_process(redis, endpoint).token()
        assert "write it in credentials.crm.refresh_token" in caplog.text
        assert FIRST not in caplog.text


async def stored_token(redis: Redis) -> Token:
    settings = credential_settings("refresh_token", refresh_token=FIRST)
    found = await read_stored_token("crm", settings, redis, KEYS)
    assert found is not None
    return found


async def warning_of(redis: Redis, now: float) -> str:
    return refresh_token_warning("crm", await stored_token(redis), now)


async def _fails(*_: object) -> None:
    raise RedisConnectionError
