"""What a search by an id looks for: the digests that it may have."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal, Self

DIGEST_BYTES = 12
_DIGEST = rf"[0-9a-f]{{{2 * DIGEST_BYTES}}}"
_DIGESTS = rf"{_DIGEST}(?:-{_DIGEST}){{0,399}}"
is_digests = re.compile(_DIGESTS).fullmatch
"""Whether a text is one digest or several, as `join_digests` writes them."""

Kind = Literal["person", "order", "event"]
KINDS: Sequence[Kind] = ("person", "order", "event")
"""Whose id it is. Of a person: an e-mail address, a phone number, the id of a client or a user."""

_ANY = "any"
_is_sought = re.compile(
    rf"({_ANY}|{'|'.join(KINDS)})\.({_DIGESTS})?\.({_DIGESTS})?\.({_DIGESTS})?\.({_DIGESTS})"
).fullmatch


@dataclass(frozen=True, slots=True)
class Sought:
    """person, order, event: the digests of an id as each kind has them. earlier: those of events
    that a version stored that had one digest for all kinds; the first stands for the id in the log
    of operators. only: the one kind that is meant, None for all."""

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
        """Those that are meant."""
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
        """The same, and those of earlier versions, of which the kind is not known."""
        return [*self.exact, *self.earlier]

    def kinds_of(self, digests: Collection[str]) -> set[Kind]:
        """Of which kinds the id is in an event that has `digests`, meant or not."""
        return {kind for kind in KINDS if not set(self.of(kind)).isdisjoint(digests)}

    def encode(self) -> str:
        """For a URL."""
        parts = map(join_digests, (self.person, self.order, self.event, self.earlier))
        return ".".join([self.only or _ANY, *parts])

    @classmethod
    def read(cls, text: str) -> Self:
        """From what `encode` wrote. Raises ValueError for anything else."""
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
    """From what `join_digests` wrote."""
    return text.split("-") if text else ()
