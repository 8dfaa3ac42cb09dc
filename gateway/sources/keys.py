"""Keys with which senders prove who they are. Only their digests are kept, so that no traceback,
log or memory dump of the settings shows a key."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Annotated, Any

from pydantic import Field, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema


def digest_of(key: bytes) -> bytes:
    """The SHA-256 of `key`. Its 32 bytes are as hard to guess as a key of random characters."""
    return sha256(key).digest()


@dataclass(frozen=True, slots=True)
class KeyDigest:
    """A key in the settings, as a digest. characters: how long it was."""

    digest: bytes = field(repr=False)
    characters: int = field(repr=False, compare=False)

    @classmethod
    def of(cls, key: str) -> KeyDigest:
        return cls(digest_of(key.encode()), len(key))

    def is_of(self, key: str) -> bool:
        """Whether this is the digest of `key`."""
        return self.digest == digest_of(key.encode())

    def __str__(self) -> str:
        return "**********"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        text = core_schema.str_schema(min_length=1)
        return core_schema.no_info_after_validator_function(
            cls.of, text, serialization=core_schema.to_string_ser_schema(when_used="json")
        )


Key = Annotated[KeyDigest, Field(json_schema_extra={"format": "password", "writeOnly": True})]
"""A secret key in a source's settings: a text of one character or more in the file."""


class KeySet:
    """Keys of senders. ``shown in keys`` tells whether the bytes `shown` are one of them.

    The time of a look-up reveals nothing about a key: it depends on the digest of the bytes shown,
    and a digest with the same beginning as that of a key reveals nothing about the key itself.
    """

    def __init__(self, keys: Iterable[KeyDigest]) -> None:
        self._digests = frozenset(key.digest for key in keys)

    def __contains__(self, shown: bytes) -> bool:
        return digest_of(shown) in self._digests
