"""RE2 on texts of any kind, also those that are no valid Unicode."""

from collections.abc import Callable
from typing import Any, Protocol

import re2


class Match(Protocol):
    """What RE2 found. `string` and the groups are UTF-8; a group without part in it is None."""

    string: bytes

    def group(self, group: int = 0) -> Any: ...
    def start(self, group: int = 0) -> int: ...
    def end(self, group: int = 0) -> int: ...


def searcher(pattern: str) -> Callable[[bytes], object]:
    """The search for `pattern` in UTF-8: something, or None when it is not there."""
    # a set of one expression: it does not tell where the match is, and takes half as long
    one = re2.Set.SearchSet(_options())
    one.Add(pattern)
    one.Compile()
    search: Callable[[bytes], object] = one.Match
    return search


def replacer(pattern: str, decide: Callable[[Match, bytearray], bytes]) -> Callable[[str], str]:
    """A function that puts ``decide(match, before)`` in the place of each match of `pattern`.

    `before` is the text before the match with what was put into it already, not to be changed.
    A text in which this changes nothing comes back as the same object.
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
    """UTF-8, with halves of surrogate pairs, which RE2 passes over, kept as they are."""
    return text.encode("utf-8", "surrogatepass")


def _options() -> Any:
    options = re2.Options()
    options.log_errors = False
    return options
