"""Hashing and verifying passwords.

Sources: RFC 9106 (argon2id), RFC 8265, 4.2 (passwords are compared in Unicode's form NFC).
"""

from __future__ import annotations

import asyncio
import secrets
import unicodedata
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from hashlib import blake2b

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from gateway.configuration.console import ConsoleUser

AT_ONCE = 2
"""Verifications that run at the same time. One takes some 50 ms of all cores and 64 MB."""

MAX_WAITING = 20
"""Further ones that wait for a place."""

MAX_CHARACTERS = 1_024


class Busy(Exception):
    """Too many passwords are being verified."""


def hash_password(password: str) -> str:
    """An argon2id hash in its usual text form, with the library's parameters of today."""
    return PasswordHasher().hash(_normalised(password))


def is_outdated(password_hash: str) -> bool:
    """Whether `hash_password` would use other parameters today."""
    return PasswordHasher().check_needs_rehash(password_hash)


class Passwords:
    """The passwords of `users`, verified in threads of its own."""

    def __init__(self, users: Mapping[str, ConsoleUser]) -> None:
        self._hashes = {name: user.password.get_secret_value() for name, user in users.items()}
        self._names = sorted(users)
        self._key = secrets.token_bytes(16)
        self._threads = ThreadPoolExecutor(AT_ONCE, "password")
        self._waiting = 0

    async def verify(self, name: str, password: str) -> bool:
        """Whether there is a user `name` with `password`. Raises `Busy`.

        It takes as long for a name that does not exist: then the password is compared with that of
        a user, the same one for the same name.
        """
        if not self._names or len(password) > MAX_CHARACTERS:
            return False
        if self._waiting >= AT_ONCE + MAX_WAITING:
            raise Busy
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            password_hash = self._hashes[name if name in self._hashes else self._stand_in(name)]
            matches = await loop.run_in_executor(self._threads, _matches, password_hash, password)
        finally:
            self._waiting -= 1
        return matches and name in self._hashes

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _stand_in(self, name: str) -> str:
        digest = blake2b(name.encode(errors="replace"), digest_size=8, key=self._key).digest()
        return self._names[int.from_bytes(digest) % len(self._names)]


def _matches(password_hash: str, password: str) -> bool:
    try:
        return PasswordHasher().verify(password_hash, _normalised(password))
    except (VerificationError, InvalidHashError):
        return False


def _normalised(password: str) -> bytes:
    return unicodedata.normalize("NFC", password).encode(errors="surrogatepass")
