"""What a search by an id looks for: the digests that the id may have."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal, Self

DIGEST_BYTES = 12
_DIGEST = rf"[0-9a-f]{{{2 * DIGEST_BYTES}}}"
_DIGESTS = rf"{_DIGEST}(?:-{_DIGEST}){{0,399}}"
is_digests = re.compile(_DIGESTS).fullmatch
"""Matches a text of one or more digests, as `join_digests` writes them."""

Kind = Literal["person", "order", "event"]
KINDS: Sequence[Kind] = ("person", "order", "event")
"""Whose id it is. Ids of a person are an e-mail address, a phone number, a client id and a user
id."""

_ANY = "any"
_is_sought = re.compile(
    rf"({_ANY}|{'|'.join(KINDS)})\.({_DIGESTS})?\.({_DIGESTS})?\.({_DIGESTS})?\.({_DIGESTS})"
).fullmatch


@dataclass(frozen=True, slots=True)
class Sought:
    """person, order, event: the digests of an id of each kind. earlier: the digests of earlier
    versions, which had one for all kinds; the first stands for the id in the log of operators'
    actions. only: the one kind that is meant, None for all."""

    person: Sequence[str]
    order: Sequence[str]
    event: Sequence[str]
    earlier: Sequence[str]
    only: Kind | None = None

    @property
    def name(self) -> str:
        return self.earlier[0]

    @property
    def kinds(self) -> Sequence[Kind]:
        """The kinds that are meant."""
        return KINDS if self.only is None else (self.only,)

    def of(self, kind: Kind) -> Sequence[str]:
        digests: Sequence[str] = getattr(self, kind)
        return digests

    @property
    def exact(self) -> Sequence[str]:
        """The digests of the kinds that are meant."""
        return [digest for kind in self.kinds for digest in self.of(kind)]

    @property
    def all(self) -> Sequence[str]:
        """`exact` and the digests of earlier versions, whose kind is not known."""
        return [*self.exact, *self.earlier]

    def kinds_of(self, digests: Collection[str]) -> set[Kind]:
        """The kinds of the id in an event that has `digests`, including kinds that are not
        meant."""
        return {kind for kind in KINDS if not set(self.of(kind)).isdisjoint(digests)}

    def encode(self) -> str:
        """For a URL."""
        parts = map(join_digests, (self.person, self.order, self.event, self.earlier))
        return ".".join([self.only or _ANY, *parts])

    @classmethod
    def read(cls, text: str) -> Self:
        """Reads what `encode` wrote. Raises ValueError for anything else."""
        if not _is_sought(text):
            raise ValueError("not the digests of an id")
        only, *parts = text.split(".")
        known: Kind | None = next((kind for kind in KINDS if kind == only), None)
        person, order, event, earlier = map(split_digests, parts)
        return cls(person, order, event, earlier, known)


def join_digests(digests: Sequence[str]) -> str:
    """For a URL."""
    return "-".join(digests)


def split_digests(text: str) -> Sequence[str]:
    """Reads what `join_digests` wrote."""
    return text.split("-") if text else ()
