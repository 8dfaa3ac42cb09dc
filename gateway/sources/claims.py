"""Finds the source of a request by its path.

A source claims exact paths, or with `prefix: any` also the same paths below any other path. Of
several claims that fit, an exact one wins, then the one with the most segments, then the one
without a pattern.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, Literal, NamedTuple, TypeVar

from gateway.sources.base import Source
from gateway.sources.submission_tokens import token_path

MAX_PATH = 2048
"""Maximum length of a path that can match a claim below a prefix. A longer path is answered only if
it is claimed exactly."""

GATEWAYS_OWN = "/demo/"
"""Below this, no path belongs to a source."""

Role = Literal["events", "token", "question", "script"]
"""What clients send to the path: events, or a request for a submission token, an answer or a
script."""

Tail = tuple[str | None, ...]
"""Segments of a path; None for the segment that a pattern leaves open."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Claim:
    """A path of a source. path: of a question, it may have one segment in braces, which matches any
    text. any_prefix: the path is also claimed below any other path."""

    source: str
    path: str
    role: Role = "events"
    any_prefix: bool = False


class Found(NamedTuple, Generic[T]):
    """path: as the source knows it. prefix: the path before it in the request, or ""."""

    target: T
    path: str
    prefix: str


def claims_of(name: str, source: Source[Any]) -> Iterator[Claim]:
    """Every path of `source`, which is called `name` in the configuration."""
    any_prefix = source.settings.prefix == "any"
    paths = source.claimed_paths
    for path in paths:
        yield Claim(name, path, "events", any_prefix)
    if source.settings.submission_tokens is not None:
        for path in dict.fromkeys(map(token_path, paths)):
            yield Claim(name, path, "token", any_prefix)
    for path in source.claimed_questions:
        yield Claim(name, path, "question", any_prefix)


class PathTable(Generic[T]):
    """Targets by path. exact: by claimed path, with and without a slash at the end, because a
    client with a slash too many would lose its events. Callers look there first."""

    def __init__(self, claims: Iterable[tuple[Claim, T]]) -> None:
        self.exact: dict[str, T] = {}
        self._tails: dict[Tail, tuple[T, Claim]] = {}
        shapes: set[tuple[int, int]] = set()
        for claim, target in claims:
            tail, open_ = _tail(claim)
            if open_ < 0:
                self.exact[claim.path] = target
            if tail and (claim.any_prefix or open_ >= 0):
                self._tails[tail] = target, claim
                shapes.add((len(tail), open_))
        for path, target in [*self.exact.items()]:
            self.exact.setdefault(f"{path}/", target)
        self._shapes = sorted(shapes, key=lambda shape: (-shape[0], shape[1]))
        self._deepest = max((length for length, _ in shapes), default=0)

    def find(self, path: str) -> Found[T] | None:
        """The target at `path`, which is decoded; None without one and for the gateway's paths."""
        if (target := self.exact.get(path)) is not None:
            return Found(target, path, "")
        if not self._shapes or len(path) > MAX_PATH or path.startswith(GATEWAYS_OWN):
            return None
        prefix, *segments = path.removesuffix("/").rsplit("/", self._deepest)
        for length, open_ in self._shapes:
            start = len(segments) - length
            if start < 0:
                continue
            tail: list[str | None] = [*segments[start:]]
            if open_ >= 0 and tail[open_]:
                tail[open_] = None
            if (found := self._tails.get(tuple(tail))) is None:
                continue
            target, claim = found
            before = "/".join([prefix, *segments[:start]])
            if claim.any_prefix or not before:
                own = claim.path if open_ < 0 else "/" + "/".join(segments[start:])
                return Found(target, own, before)
        return None


def _tail(claim: Claim) -> tuple[Tail, int]:
    """The segments of a claim's path, and the index of the open one; -1 for none."""
    segments: list[str | None] = [*claim.path.removesuffix("/").split("/")[1:]]
    for place, segment in enumerate(segments):
        if claim.role == "question" and segment and segment[0] == "{":
            segments[place] = None
            return tuple(segments), place
    return tuple(segments), -1
