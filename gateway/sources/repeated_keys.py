"""Reads JSON in which a key occurs twice in one object.

The usual parser keeps the last value of such a key. This module loses no statement about consent,
and no destination that a sender excludes.
"""

from collections.abc import Iterable
from typing import Any

from gateway.sources.lenient_json import load_leniently
from gateway.sources.statements import as_values, is_statement, several
from gateway.stages.integrations import INTEGRATIONS

Pairs = Iterable[tuple[str, Any]]


class _Repeated(list[Any]):
    """All values of a key that occurs twice in one object, in order."""


def load_all_values(text: str) -> Any:
    """The value in `text`, JSON, with all statements about consent and in ``integrations``.

    The values of a key that occurs twice are merged if they are objects, and become a list if they
    state consent or integrations. Of other values the last counts, unless one is an object, which
    may contain a statement. Raises `ValueError`, whose message repeats no value, if `text` is not
    JSON or too deeply nested.
    """
    value = load_leniently(text, _gather)
    try:
        return _resolve(value, states=False)
    except RecursionError:
        raise ValueError("nested too deep") from None


def repeats_keys(text: str) -> bool:
    """Whether a key occurs twice in one object of `text`, JSON. Raises `ValueError` as
    `load_all_values` does."""
    sizes: list[tuple[int, int]] = []
    load_leniently(text, lambda pairs: sizes.append((len(pairs), len(dict(pairs)))))
    return any(written != kept for written, kept in sizes)


def _gather(pairs: Pairs) -> dict[str, Any]:
    gathered: dict[str, Any] = {}
    for name, value in pairs:
        if name not in gathered:
            gathered[name] = value
            continue
        known = gathered[name]
        if not isinstance(known, _Repeated):
            known = gathered[name] = _Repeated([known])
        if isinstance(value, _Repeated):
            known.extend(value)
        else:
            known.append(value)
    return gathered


def _resolve(value: Any, states: bool) -> Any:
    """`value` without `_Repeated`. states: it is in a field that states consent or integrations."""
    if isinstance(value, _Repeated):
        return _resolve_repeated(value, states)
    if isinstance(value, dict):
        return {name: _resolve(child, states or _states(name)) for name, child in value.items()}
    if isinstance(value, list):
        return [_resolve(element, states) for element in value]
    return value


def _resolve_repeated(values: _Repeated, states: bool) -> Any:
    objects = [value for value in values if isinstance(value, dict)]
    if not states and not objects:
        return _resolve(values[-1], states)
    merged = _resolve(_gather(pair for each in objects for pair in each.items()), states)
    if not states or len(objects) == len(values):
        return merged
    others = [_resolve(value, states) for value in values if not isinstance(value, dict)]
    stated = [merged] if objects else []
    all_values = [*(each for other in others for each in as_values(other)), *stated]
    has_lists_alone = all(isinstance(value, list) for value in others)
    return all_values if has_lists_alone else several(all_values)


def _states(name: str) -> bool:
    return is_statement(name) or name == INTEGRATIONS
