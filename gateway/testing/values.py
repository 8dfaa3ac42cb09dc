"""Random values, and examples that are changed at random."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

TEXT = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["", "2", "page_view", "granted", "denied", "EUR", "a;b|c", "%00"]),
    st.sampled_from(["9" * 400, "inf", "nan", "-1e400", "12.5", "2026-01-02T03:04:05Z"]),
)
NUMBER = st.integers(-(2**63), 2**64 - 1) | st.floats()
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBER, TEXT),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=6),
    max_leaves=20,
)

_EXAMPLES = settings().max_examples

fuzzed = settings(
    max_examples=max(_EXAMPLES // 2, 1), deadline=None, suppress_health_check=list(HealthCheck)
)
"""For the tests of a suite, which every subclass runs: half as many examples as in the profile that
was loaded before this module, and no deadline, since machines differ."""

fuzzed_with_several = settings(fuzzed, max_examples=max(_EXAMPLES // 5, 1))
"""For tests that take several values at once, which are slow to make."""


@st.composite
def changed(draw: st.DrawFn, value: object, names: Sequence[str] = ()) -> Any:
    """JSON like `value`, with some parts left out, replaced or added.

    names: keys that mean something to the reader, for the parts that are added.
    """
    if _happens(draw):
        return draw(JSON)
    if isinstance(value, dict):
        kept = {
            name: draw(changed(part, names)) for name, part in value.items() if not _happens(draw)
        }
        key = st.sampled_from([*value, *names]) | TEXT if value or names else TEXT
        return kept | draw(st.dictionaries(key, JSON, max_size=2))
    if isinstance(value, list):
        return [draw(changed(part, names)) for part in value]
    return value


def _happens(draw: st.DrawFn) -> bool:
    return draw(st.integers(0, 9)) == 9


def with_every_text(value: object, other: object) -> Any:
    """The JSON `value` with `other` in place of each of its texts, except keys."""
    if isinstance(value, dict):
        return {name: with_every_text(part, other) for name, part in value.items()}
    if isinstance(value, list):
        return [with_every_text(part, other) for part in value]
    return other if isinstance(value, str) else value


def with_one_part(value: object, other: object, kind: type = object) -> list[Any]:
    """Copies of the JSON `value`, one for each of its parts of this `kind` (it may be one itself),
    with `other` in place of that part."""
    changed: list[Any] = [other] if isinstance(value, kind) else []
    if isinstance(value, dict):
        for name, old in value.items():
            changed += [{**value, name: part} for part in with_one_part(old, other, kind)]
    elif isinstance(value, list):
        for place, old in enumerate(value):
            before, after = value[:place], value[place + 1 :]
            changed += [[*before, part, *after] for part in with_one_part(old, other, kind)]
    return changed


def with_another_key(value: object, name: str, added: object) -> Any:
    """The JSON `value` with one key more in each of its objects."""
    if isinstance(value, dict):
        parts = {key: with_another_key(part, name, added) for key, part in value.items()}
        return parts | {name: added}
    if isinstance(value, list):
        return [with_another_key(part, name, added) for part in value]
    return value
