"""A credential: keeps an access token, and renews it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager

from pydantic import SecretStr
from redis.asyncio import Redis

from destinations.base import Response
from destinations.masking import Masker
from gateway.configuration.credentials import CredentialSettings, RefreshTokenSettings
from gateway.configuration.exposure import secrets_in
from gateway.credentials.expiry import refresh_token_warning
from gateway.credentials.grants import NoToken, Refused, read_token, token_request
from gateway.credentials.scopes import missing_scopes
from gateway.credentials.token import Token, seal_token, unseal_token
from gateway.http import Client, NotSent, SendError, open_client
from gateway.queue.credential_tokens import CredentialTokens
from gateway.queue.keys import Keys
from gateway.redis_client.connect import RedisError

log = logging.getLogger(__name__)

REST_SECONDS = 30.0
"""How long a refusal holds before the token endpoint is asked again."""


SPARE_SECONDS = 30.0
"""How much longer the lock lasts than the time-out of a token request."""

SAVE_SECONDS = 300.0
"""How long closing a credential waits for Redis to store its new refresh token."""

AGAIN_SECONDS = 1.0


class NotAuthorised(NotSent):
    """The credential, or the scope of its token, is refused: nothing can be sent until that is
    corrected."""


class Credential:
    """The credential `name` of the configuration. client: sends token requests.

    All processes share one token, and only one at a time renews it: a refresh token that the vendor
    replaces can be used only once.
    """

    def __init__(
        self, name: str, settings: CredentialSettings, stored: CredentialTokens, client: Client
    ) -> None:
        self._name = name
        self._settings = settings
        self._stored = stored
        self._client = client
        self._sealed_with = settings.root.get_secret_value()
        self._token: Token | None = None
        self._unsaved: tuple[Token | None, Token] | None = None
        """The token that was stored when a new one was obtained, and the new one."""
        self._refusal = ""
        self._rests_until = 0.0
        self._renewing = asyncio.Lock()
        self._failure: NotSent | None = None
        """The last failure to obtain a token."""

    async def token(self, refused: str = "") -> str:
        """An access token that can be used now.

        refused: a token that the receiver did not accept, so that another one is needed.
        Raises `NotAuthorised` if the token endpoint refuses the credential, `NotSent` if no token
        can be obtained now.
        """
        known = self._failure
        async with self._renewing:
            token = self._token
            if token is None or not _is_usable(token, refused):
                if (failure := self._failure) is not known and failure:
                    raise failure  # shared by all who waited; later calls ask again
                token = self._token = await self._renewed(refused)
            return token.access_token

    def refusal(self, response: Response) -> str:
        """What to correct if `response` shows that the newest token lacks scopes; "" if it does
        not."""
        granted = self._token.scope if self._token else ""
        missing = missing_scopes(response, self._settings.scope, granted)
        if not missing:
            return ""
        return (
            f"the access token of the credential {self._name} lacks the scope {missing}. Grant it "
            f"at the vendor, and write it in credentials.{self._name}.scope"
        )

    async def close(self) -> None:
        """Closes the client. If Redis has not stored a new refresh token yet, stores it first,
        since no other process has it; waits up to `SAVE_SECONDS` for Redis."""
        try:
            if self._holds_new_refresh_token():
                await self._save_or_report()
        finally:
            await self._client.close()

    async def _renewed(self, refused: str) -> Token:
        try:
            return await self._shared_token(refused)
        except RedisError as error:
            failure = self._not_sent(f"Redis: {type(error).__name__}")
        except NotSent as error:
            failure = error
        self._failure = failure
        raise failure from None

    async def _shared_token(self, refused: str) -> Token:
        stored = await self._read()
        if stored and _is_usable(stored, refused):
            return stored
        async with self._lock():
            stored = await self._read_after_saving()
            if stored and _is_usable(stored, refused):
                return stored  # another process may have renewed it in the meantime
            self._unsaved = stored, await self._obtain(stored)
            return await self._save()

    async def _read_after_saving(self) -> Token | None:
        """The stored token, after storing the unsaved one unless another process has stored a newer
        one."""
        stored = await self._read()
        if self._unsaved and self._unsaved[0] == stored:
            stored = await self._save()
        self._unsaved = None
        return stored

    async def _save(self) -> Token:
        """Stores the unsaved token, and returns it."""
        assert self._unsaved is not None
        _, token = self._unsaved
        await self._stored.write(seal_token(token, self._sealed_with, self._name))
        self._unsaved = None
        return token

    def _holds_new_refresh_token(self) -> bool:
        if self._unsaved is None:
            return False
        stored, token = self._unsaved
        return self._refresh_token(stored) not in ("", token.refresh_token)

    async def _save_or_report(self) -> None:
        log.warning(
            "Redis has not taken the new refresh token of the credential %s yet; waiting up to "
            "%.0f s for it. The token is lost if this process is killed",
            self._name,
            SAVE_SECONDS,
        )
        trouble = ""
        try:
            async with asyncio.timeout(SAVE_SECONDS):
                while trouble := await self._trouble_with_saving():
                    await asyncio.sleep(AGAIN_SECONDS)
        except TimeoutError:
            log.error(
                "the new refresh token of the credential %s is lost, because Redis did not take it "
                "within %.0f s%s. If the vendor refuses the one before, get a new one from the "
                "vendor, and write it in credentials.%s.refresh_token",
                self._name,
                SAVE_SECONDS,
                f" ({trouble})" if trouble else "",
                self._name,
            )

    async def _trouble_with_saving(self) -> str:
        """What Redis raised; "" once the unsaved token is stored."""
        try:
            async with self._lock():
                await self._read_after_saving()
        except RedisError as error:
            return type(error).__name__ if self._unsaved else ""
        return ""

    def _lock(self) -> AbstractAsyncContextManager[None]:
        return self._stored.locked(self._settings.http.timeout + SPARE_SECONDS)

    async def _read(self) -> Token | None:
        sealed = await self._stored.read()
        if sealed is None:
            return None
        return unseal_token(sealed, self._sealed_with, self._name)

    async def _obtain(self, stored: Token | None) -> Token:
        if time.monotonic() < self._rests_until:
            raise NotAuthorised(self._refusal)
        refresh_token = self._refresh_token(stored)
        ends = stored.refresh_expires_at if stored and refresh_token else 0.0
        now = time.time()
        try:
            response = await self._client.send(token_request(self._settings, refresh_token, now))
            token = read_token(response, refresh_token, now, ends)
        except Refused as error:
            self._rests_until = time.monotonic() + REST_SECONDS
            self._refusal = self._masker(refresh_token).text(
                f"no access token for the credential {self._name}: {error}. Correct "
                f"credentials.{self._name} in the configuration"
            )
            raise NotAuthorised(self._refusal) from None
        except NoToken as error:
            raise self._not_sent(self._masker(refresh_token).text(str(error))) from None
        except SendError as error:
            raise self._not_sent(error.reason) from None
        if warning := refresh_token_warning(self._name, token, now):
            log.warning("%s", warning)
        return token

    def _refresh_token(self, stored: Token | None) -> str:
        """The newest refresh token; "" for a credential of another type."""
        if not isinstance(self._settings, RefreshTokenSettings):
            return ""
        return stored.refresh_token if stored else self._settings.refresh_token.get_secret_value()

    def _masker(self, refresh_token: str) -> Masker:
        """Masks the secrets of the credential, and `refresh_token`, the one in use."""
        secrets = (secret.get_secret_value() for secret in _secrets_of(self._settings))
        return Masker([*secrets, refresh_token])

    def _not_sent(self, reason: str) -> NotSent:
        return NotSent(f"no access token for the credential {self._name}: {reason}")


def _is_usable(token: Token, refused: str) -> bool:
    return token.access_token != refused and token.is_fresh(time.time())


def _secrets_of(settings: CredentialSettings) -> Iterator[SecretStr]:
    for _, secret in secrets_in(settings):
        if isinstance(secret, SecretStr):
            yield secret


async def read_stored_token(
    name: str, settings: CredentialSettings, redis: Redis, keys: Keys
) -> Token | None:
    """The stored token of the credential `name`; None if there is none that the configured secret
    decrypts. Raises what Redis raises."""
    sealed = await CredentialTokens(redis, keys, name).read()
    if sealed is None:
        return None
    return unseal_token(sealed, settings.root.get_secret_value(), name)


def open_credential(
    name: str, settings: CredentialSettings, redis: Redis, keys: Keys
) -> Credential:
    """The credential `name`, with a client of its own. Call it inside the event loop."""
    client = open_client(settings.client_settings())
    return Credential(name, settings, CredentialTokens(redis, keys, name), client)
