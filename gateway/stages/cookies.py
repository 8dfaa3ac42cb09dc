"""Reading the cookies of a request.

Source: RFC 6265, 5.4.
"""

import re
from collections.abc import Callable, Collection, Mapping
from functools import lru_cache

_HEADERS = 64
"""Headers that are cached for the events of their batch. Only a few, as they are personal data."""

_NONE: Mapping[str, str] = {}

Pairs = tuple[tuple[str, str], ...]


def compile_cookies(names: Collection[str], *patterns: str) -> Callable[[str], Mapping[str, str]]:
    """A function from a ``Cookie`` header to the cookies with one of `names`, or with a name that
    matches one of the expressions `patterns`.

    If a name occurs more than once, the first cookie counts: browsers send the most specific one
    first. The result is shared: never change it.
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
    """A function from a ``Cookie`` header to the names and values of the cookies with one of
    `names`, in the order of `names`. A name can have several different values."""
    find = _compile_find(names)
    rank = {name: place for place, name in enumerate(names)}

    @lru_cache(maxsize=_HEADERS)
    def read(header: str) -> Pairs:
        return tuple(sorted(dict.fromkeys(find(header)), key=lambda pair: rank[pair[0]]))

    return read


def compile_reduced_cookies(names: Collection[str], *patterns: str) -> Callable[[str], str]:
    """A function that reduces a ``Cookie`` header to the cookies that `compile_cookies` would find;
    "" if there are none."""
    if not names and not patterns:
        return lambda header: ""
    find = _compile_find(names, *patterns)
    return lambda header: "; ".join(f"{name}={value}" for name, value in find(header))


def _compile_find(names: Collection[str], *patterns: str) -> Callable[[str], list[tuple[str, str]]]:
    wanted = "|".join([*map(re.escape, sorted(names)), *patterns])
    # possessive repetition, so that the time is linear in the length of the header
    find = re.compile(rf";\s*+({wanted})\s*+(?:=([^;]*+)|(?![^;]))").findall

    def read(header: str) -> list[tuple[str, str]]:
        return [(name, value.strip().strip('"')) for name, value in find(f";{header}")]

    return read
