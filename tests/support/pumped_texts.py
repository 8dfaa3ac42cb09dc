"""Texts that a regular expression nearly matches, with one part repeated many times. A pattern that
can read a part in two ways takes exponential time for such a text."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from re import _constants as op  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any

LENGTH = 400
_MOST_PARTS = 4
_REPEATS = (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT)
_OF_CATEGORY = {
    op.CATEGORY_DIGIT: "7",
    op.CATEGORY_SPACE: " ",
    op.CATEGORY_WORD: "a",
    op.CATEGORY_NOT_DIGIT: "a",
    op.CATEGORY_NOT_SPACE: "a",
    op.CATEGORY_NOT_WORD: "-",
}

Parts = Sequence[tuple[Any, Any]]


def pumped_texts(pattern: re.Pattern[Any], seed: int = 1) -> Iterator[Any]:
    """Texts of `LENGTH` characters for `pattern`, or bytes if it is for bytes."""
    chance = random.Random(seed)
    parts = _parser.parse(pattern.pattern, pattern.flags & ~re.UNICODE)
    whole = _near_match(parts, chance)
    repeated = {_near_match(each, chance) for each in _sequences(parts) for _ in range(3)}
    for part in sorted(repeated - {""}):
        for before in ("", whole[: len(whole) // 2]):
            text = before + (part * (LENGTH // len(part))) + "\0\n"
            yield text.encode() if isinstance(pattern.pattern, bytes) else text


def _sequences(parts: Parts) -> Iterator[Parts]:
    """All of `parts`, up to `_MOST_PARTS` neighbours among them, and the same within each part."""
    found = [*parts]
    yield found
    for first in range(len(found)):
        yield from (found[first : first + count] for count in range(1, _MOST_PARTS + 1))
    for part in found:
        for inner in _inner(part):
            yield from _sequences(inner)


def _inner(part: tuple[Any, Any]) -> Sequence[Parts]:
    kind, content = part
    if kind in _REPEATS:
        return [content[2]]
    if kind is op.SUBPATTERN:
        return [content[3]]
    return content[1] if kind is op.BRANCH else []


def _near_match(parts: Parts, chance: random.Random) -> str:
    return "".join(_text_of(part, chance) for part in parts)


def _text_of(part: tuple[Any, Any], chance: random.Random) -> str:
    kind, content = part
    if kind is op.LITERAL:
        return chr(content)
    if kind is op.IN:
        return _character(content, chance)
    if kind in (op.ANY, op.NOT_LITERAL):
        return "a"
    if kind in _REPEATS:
        least, most, inner = content
        times = chance.randint(least, min(most, least + 2))
        return "".join(_near_match(inner, chance) for _ in range(times))
    inner = _inner(part)
    return _near_match(chance.choice(inner), chance) if inner else ""


def _character(choices: Parts, chance: random.Random) -> str:
    found: list[str] = []
    for kind, content in choices:
        if kind is op.LITERAL:
            found.append(chr(content))
        elif kind is op.RANGE:
            found.append(chr(chance.randint(*content)))
        elif kind is op.CATEGORY:
            found.append(_OF_CATEGORY[content])
    if choices[0][0] is op.NEGATE:
        return next((each for each in "a1 .-_/=%&" if each not in found), "~")
    return chance.choice(found)
