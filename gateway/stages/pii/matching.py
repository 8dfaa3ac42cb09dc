"""RE2 for all texts, even those that are not valid Unicode."""

from collections.abc import Callable
from typing import Any, Protocol

import re2


class Match(Protocol):
    """A match of RE2. `string` and the groups are UTF-8; a group that did not match is None."""

    string: bytes

    def group(self, group: int = 0) -> Any: ...
    def start(self, group: int = 0) -> int: ...
    def end(self, group: int = 0) -> int: ...


def searcher(pattern: str) -> Callable[[bytes], object]:
    """A function that searches UTF-8 for `pattern`: it returns None if there is no match."""
    # a set of one expression takes half as long, as it does not say where the match is
    one = re2.Set.SearchSet(_options())
    one.Add(pattern)
    one.Compile()
    search: Callable[[bytes], object] = one.Match
    return search


def replacer(pattern: str, decide: Callable[[Match, bytearray], bytes]) -> Callable[[str], str]:
    """A function that replaces each match of `pattern` by ``decide(match, before)``.

    `before` is the text before the match, with the replacements made so far; do not change it.
    A text in which nothing changes is returned as the same object.
    """
    matches = re2.compile(pattern, _options()).finditer

    def replace(text: str) -> str:
        old = to_bytes(text)
        new, end = bytearray(), 0
        for match in matches(old):
            new += old[end : match.start()]
            new += decide(match, new)
            end = match.end()
        new += old[end:]
        return text if new == old else new.decode("utf-8", "surrogatepass")

    return replace


def to_bytes(text: str) -> bytes:
    """`text` in UTF-8. Lone surrogates, which RE2 skips, are kept."""
    return text.encode("utf-8", "surrogatepass")


def _options() -> Any:
    options = re2.Options()
    options.log_errors = False
    return options
