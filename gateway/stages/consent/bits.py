"""Reading the packed bits of IAB consent strings: base64url text, numbers of any width."""

import re
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass

from gateway.stages.consent.types import UnreadableString

_MAX_FIBONACCI = 24
"""Bits; enough for numbers of five digits."""


_others = re.compile(r"[^A-Za-z0-9_-]")


@dataclass(frozen=True, slots=True)
class Numbers:
    """A set of numbers from 1 to `size`; number 1 is the highest of `size` bits."""

    bits: int
    size: int

    def __contains__(self, number: int) -> bool:
        return 0 < number <= self.size and bool(self.bits >> (self.size - number) & 1)

    def __iter__(self) -> Iterator[int]:
        return (number for number in range(1, self.size + 1) if number in self)


class Bits:
    """The bits of one base64url segment, read from the front.

    Any other character ends the segment: the part before it can be read, and `check` reports the
    damage. Raises `UnreadableString` for a read past the end.
    """

    __slots__ = ("_is_damaged", "_left", "_value")

    def __init__(self, text: str) -> None:
        text = text.rstrip("=")
        self._is_damaged = False
        try:
            packed = _decoded(text)
        except ValueError:
            self._is_damaged = True
            text = _others.split(text, maxsplit=1)[0]
            packed = _decoded(text)
        self._left = 6 * len(text)
        self._value = int.from_bytes(packed, "big") >> (8 * len(packed) - self._left)

    def check(self) -> None:
        """Raises `UnreadableString` if there are characters that are not base64url."""
        if self._is_damaged:
            raise UnreadableString

    def take(self, width: int) -> int:
        """The next `width` bits as a number."""
        self._left -= width
        if self._left < 0:
            raise UnreadableString
        return self._value >> self._left & ((1 << width) - 1)

    def skip(self, width: int) -> None:
        self._left -= width

    def numbers(self, size: int) -> Numbers:
        """A set of numbers, one bit for each."""
        return Numbers(self.take(size), size)

    def fibonacci(self) -> int:
        """A number in Fibonacci code: bits of 1, 2, 3, 5, 8 ..., ended by the second 1 in a row."""
        number, weight, following, before = 0, 1, 2, 0
        for _ in range(_MAX_FIBONACCI):
            bit = self.take(1)
            if bit and before:
                return number
            number += weight * bit
            weight, following, before = following, weight + following, bit
        raise UnreadableString


def _decoded(text: str) -> bytes:
    return b64decode(text + "A" * (-len(text) % 4), altchars=b"-_", validate=True)
