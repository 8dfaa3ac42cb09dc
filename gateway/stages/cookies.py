"""Reading the cookies of a request.

Source: RFC 6265, 5.4.
"""

import re
from collections.abc import Callable, Collection, Mapping
from functools import lru_cache

_HEADERS = 64
"""Cached for the events of one batch, which share a header; no more, they are personal data."""

_NONE: Mapping[str, str] = {}

Pairs = tuple[tuple[str, str], ...]


def compile_cookies(names: Collection[str], *patterns: str) -> Callable[[str], Mapping[str, str]]:
    """A function from a ``Cookie`` header to those of its cookies that are wanted: by one of
    `names`, or with a name that one of the expressions `patterns` describes.

    Of several with one name the first counts: browsers send the most specific first. The result
    is shared: never change it.
    """
    if not names and not patterns:
        return lambda header: _NONE
    find = _compile_find(names, *patterns)

    @lru_cache(maxsize=_HEADERS)
    def read(header: str) -> Mapping[str, str]:
        found: dict[str, str] = {}
        for name, value in find(header):
            found.setdefault(name, value)
        return found

    return read


def compile_every_cookie(names: Collection[str]) -> Callable[[str], Pairs]:
    """A function from a ``Cookie`` header to the name and value of each of its cookies with one of
    `names`, in the order of `names`; of several with one name those that differ are all there."""
    find = _compile_find(names)
    rank = {name: place for place, name in enumerate(names)}

    @lru_cache(maxsize=_HEADERS)
    def read(header: str) -> Pairs:
        return tuple(sorted(dict.fromkeys(find(header)), key=lambda pair: rank[pair[0]]))

    return read


def compile_reduced_cookies(names: Collection[str], *patterns: str) -> Callable[[str], str]:
    """A function from a ``Cookie`` header to the same with nothing but the cookies that are wanted,
    as `compile_cookies` says; "" if there are none."""
    if not names and not patterns:
        return lambda header: ""
    find = _compile_find(names, *patterns)
    return lambda header: "; ".join(f"{name}={value}" for name, value in find(header))


def _compile_find(names: Collection[str], *patterns: str) -> Callable[[str], list[tuple[str, str]]]:
    wanted = "|".join([*map(re.escape, sorted(names)), *patterns])
    # possessive where it repeats, so that the time grows with the length of the header alone
    find = re.compile(rf";\s*+({wanted})\s*+(?:=([^;]*+)|(?![^;]))").findall

    def read(header: str) -> list[tuple[str, str]]:
        return [(name, value.strip().strip('"')) for name, value in find(f";{header}")]

    return read
