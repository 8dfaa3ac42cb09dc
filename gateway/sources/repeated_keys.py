"""JSON in which a key occurs twice in one object.

The usual parser keeps the last value of such a key. Here no statement about consent is lost.
"""

from collections.abc import Iterable
from typing import Any

from gateway.sources.lenient_json import load_leniently
from gateway.sources.statements import as_values, is_statement, several

Pairs = Iterable[tuple[str, Any]]


class _Repeated(list[Any]):
    """All values of a key that occurs twice in one object, in order."""


def load_all_values(text: str) -> Any:
    """The value in `text`, JSON, with nothing lost that it states about consent.

    Of a key that occurs twice, objects are merged and values about consent become a list; of other
    values the last counts. Raises `ValueError`, whose text repeats nothing, when it is not JSON or
    nested too deep.
    """
    value = load_leniently(text, _gather)
    try:
        return _resolve(value, about_consent=False)
    except RecursionError:
        raise ValueError("nested too deep") from None


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


def _resolve(value: Any, about_consent: bool) -> Any:
    """`value` without `_Repeated`. about_consent: it stands in a field that states consent."""
    if isinstance(value, _Repeated):
        return _resolve_repeated(value, about_consent)
    if isinstance(value, dict):
        return {
            name: _resolve(child, about_consent or is_statement(name))
            for name, child in value.items()
        }
    if isinstance(value, list):
        return [_resolve(element, about_consent) for element in value]
    return value


def _resolve_repeated(values: _Repeated, about_consent: bool) -> Any:
    if not about_consent and not isinstance(values[-1], dict):
        return _resolve(values[-1], about_consent)
    objects = [value for value in values if isinstance(value, dict)]
    merged = _resolve(_gather(pair for each in objects for pair in each.items()), about_consent)
    if not about_consent or len(objects) == len(values):
        return merged
    others = [_resolve(value, about_consent) for value in values if not isinstance(value, dict)]
    stated = [merged] if objects else []
    return several([*(each for other in others for each in as_values(other)), *stated])
