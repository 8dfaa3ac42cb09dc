"""Keys of protocols whose pages contain one: public write keys, and secret keys for backends."""

from collections.abc import Iterable
from typing import Annotated, Self

from pydantic import Field, model_validator

from gateway.sources.base import SourceSettings
from gateway.sources.keys import Key, KeyDigest, KeySet

WriteKeyList = list[Annotated[str, Field(min_length=1)]]


class WriteKeySettings(SourceSettings):
    """Settings of a source with write keys. Subclasses describe both kinds of keys."""

    write_keys: WriteKeyList
    secret_keys: list[Key] = []

    @model_validator(mode="after")
    def _secrets_are_not_public(self) -> Self:
        if not set(self.secret_keys).isdisjoint(map(KeyDigest.of, self.write_keys)):
            raise ValueError(
                "secret_keys: a key is also in write_keys, which are public: use another key"
            )
        return self


class WriteKeys:
    """The keys of one source. Anyone can find a write key in a page, so only a sender with a secret
    key is trusted."""

    def __init__(self, settings: WriteKeySettings) -> None:
        self._public = KeySet(map(KeyDigest.of, settings.write_keys))
        self._secret = KeySet(settings.secret_keys)

    def are_secret(self, shown: Iterable[bytes]) -> bool:
        """Whether one of the keys `shown` is secret."""
        return any(key in self._secret for key in shown)

    def public_of(self, shown: Iterable[bytes]) -> bytes:
        """The first of the keys `shown` that is a write key; empty if none is."""
        return next((key for key in shown if key in self._public), b"")
