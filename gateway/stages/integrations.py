"""Integrations: the sender itself excludes destinations from an event.

The field `integrations` names destinations and says for each whether it gets the event; ``All``
stands for all others. The field can only withhold.

Sources: segment.com/docs/guides/filtering-data (the integrations object) and
rudderstack.com/docs/user-guides/how-to-guides/how-to-filter-selective-destinations
"""

from collections.abc import Callable, Iterable, Mapping

from gateway.event.every_value import load_every_value
from gateway.event.text import folded
from gateway.stages.consent.categories import is_agreed, merged

INTEGRATIONS = "integrations"
"""The field of the event. No destination gets it."""

MAX_INTEGRATIONS = 100
MAX_NAME = 128

_ALL = "all"
_EXCLUDED_ALL = {"All": False}
_EXCLUSIONS = frozenset(["false", "0", "no", "denied"])
_MAX_DEPTH = 4
"""Levels of nested lists and JSON texts that are read; deeper ones exclude everything."""

_ALL_EXCLUDED = "excluded by the sender: All is false in integrations"


def read_integrations(statements: Iterable[object]) -> dict[str, bool]:
    """Merges several `integrations` objects: an exclusion in one of them wins.

    A statement may be JSON in a text, or a list of several; ``false`` and JSON that cannot be read
    exclude everything. Other words and numbers are custom properties of a page and are ignored.

    Settings for a destination (an object, or a list without exclusions) include it, null is
    ignored, and a value that cannot be read excludes. Names are cut to `MAX_NAME` characters. If
    there are more than `MAX_INTEGRATIONS` names, only the exclusions are kept; if these are too
    many as well, everything is excluded.
    """
    choices = merged(map(_choices, statements))
    if len(choices) <= MAX_INTEGRATIONS:
        return choices
    excluded = {name: False for name, included in choices.items() if not included}
    return excluded if len(excluded) <= MAX_INTEGRATIONS else _EXCLUDED_ALL


def _choices(stated: object, levels: int = _MAX_DEPTH) -> dict[str, bool]:
    if isinstance(stated, dict):
        return _joined(
            (name[:MAX_NAME], _includes(value))
            for name, value in stated.items()
            if value is not None
        )
    if isinstance(stated, list):
        return merged(_choices(each, levels - 1) for each in stated) if levels else _EXCLUDED_ALL
    if isinstance(stated, str) and stated.lstrip()[:1] in ("{", "["):
        try:
            return _choices(load_every_value(stated), levels - 1) if levels else _EXCLUDED_ALL
        except ValueError:
            return _EXCLUDED_ALL
    return _EXCLUDED_ALL if _excludes(stated) else {}


def _includes(value: object) -> bool:
    if isinstance(value, list):
        return not any(map(_excludes, value))
    return isinstance(value, dict) or is_agreed(value)


def _excludes(value: object) -> bool:
    if isinstance(value, str):
        return value.strip().lower() in _EXCLUSIONS
    return isinstance(value, (bool, int, float)) and value == 0


def _joined(pairs: Iterable[tuple[str, bool]]) -> dict[str, bool]:
    """Choices by name; an exclusion wins if a name occurs twice."""
    choices: dict[str, bool] = {}
    for name, included in pairs:
        choices[name] = included and choices.get(name, True)
    return choices


def compile_integrations(
    destinations: Mapping[str, Iterable[str]],
) -> Callable[[object], dict[str, str]]:
    """The function from the field `integrations` to the destinations that it excludes, each with
    the reason.

    destinations: the names that a sender may use for each, in any case; only letters and digits
    count.
    """
    names = {
        destination: {folded(name): name for name in reversed([*own])}
        for destination, own in destinations.items()
    }

    def exclusions(stated: object) -> dict[str, str]:
        choices = read_integrations([stated])
        if all(choices.values()):
            return {}
        by_name = _joined((folded(name), included) for name, included in choices.items())
        others = by_name.pop(_ALL, True)
        return {
            destination: reason
            for destination, own in names.items()
            if (reason := _exclusion(own, by_name, others))
        }

    return exclusions


def _exclusion(own: Mapping[str, str], choices: Mapping[str, bool], others: bool) -> str:
    """Why a destination is excluded, or "". own: its names by their `folded` form."""
    stated = [name for name in own if name in choices]
    for name in stated:
        if not choices[name]:
            return f"excluded by the sender: {own[name]} is false in integrations"
    return "" if stated or others else _ALL_EXCLUDED
