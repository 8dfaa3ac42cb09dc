"""Actions that replace the value of a field by another: map, cast, round, lower, truncate.

A value of a type that an action does not handle stays unchanged. `cast` and `map` change whole
values; the others also change the elements of lists.
"""

from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_UP, Context, Decimal
from operator import itemgetter
from typing import Any

from destinations.casts import CASTS, CastType, is_plain_number
from gateway.event.fields import MISFIT, changed_path, field_type, fitting
from gateway.event.paths import as_text
from gateway.stages.rules.edits import Edit, change_or_say, change_values

OTHERWISE = "*"
"""The key of a lookup table that stands for every value that it does not list."""

_JSON_TYPE = {"text": "string"}
_DECIMALS = Context(prec=40)


def checked_table(path: str, table: Mapping[str, Any]) -> dict[str, Any]:
    """`table` with values in the type of the field at `path`. Raises `ValueError`."""
    return {key: fitting(path, value) for key, value in table.items()}


def checked_cast(path: str, kind: str) -> None:
    """Raises `ValueError` when the field at `path` always has another type than `kind`."""
    field = field_type(changed_path(path))
    wanted = "text" if field.in_url else kind
    if wanted != kind or not field.takes(_JSON_TYPE.get(kind, kind)):
        raise ValueError(f"{path} has a fixed type and cannot be converted to {kind}")


def checked_values(path: str, *kinds: str) -> None:
    """Raises `ValueError` if the field at `path` never has one of `kinds`, types of JSON Schema."""
    if not field_type(changed_path(path)).takes(*kinds):
        raise ValueError(f"{path} never contains a {' or '.join(kinds)}")


def map_field(path: str, table: Mapping[str, Any]) -> Edit:
    """Replaces the value at `path` by the one in `table`; keys are compared as texts."""
    by_text = dict(table)
    for written, text in (("True", "true"), ("False", "false")):
        if written in by_text:  # a YAML key that is not a text arrives like this
            by_text.setdefault(text, by_text[written])
    otherwise = OTHERWISE in by_text

    def look_up(value: Any) -> Any:
        text = as_text(value)
        if text in by_text:
            return by_text[text]
        return by_text[OTHERWISE] if otherwise and text is not None else value

    return change_values(path, look_up)


def cast_field(path: str, kind: CastType) -> Edit:
    """Converts the value at `path` to another type; a value that cannot be converted stays."""
    to_kind = CASTS[kind]

    def cast(value: Any) -> Any:
        converted = to_kind(value)
        return MISFIT if converted is None else converted

    return change_or_say(path, cast, f"{path} was not converted: its value is no {kind}")


def round_field(path: str, places: int) -> Edit:
    """Rounds numbers to decimal `places`, halves away from zero; -2 rounds to hundreds."""
    unit = Decimal(1).scaleb(-places)

    def rounded(value: Any) -> Any:
        if not is_plain_number(value) or (isinstance(value, int) and places >= 0):
            return value
        number = Decimal(repr(value)).quantize(unit, ROUND_HALF_UP, _DECIMALS)
        return float(number) + 0.0 if places > 0 else int(number)  # + 0.0: never -0.0

    return change_values(path, _each(rounded))


def lower_field(path: str) -> Edit:
    """Converts texts at `path` to lower case."""
    return change_values(path, _each_text(str.lower))


def truncate_field(path: str, length: int) -> Edit:
    """Cuts texts at `path` to their first `length` characters."""
    return change_values(path, _each_text(itemgetter(slice(length))))


def _each(change: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def change_each(value: Any) -> Any:
        return [change(each) for each in value] if isinstance(value, list) else change(value)

    return change_each


def _each_text(change: Callable[[str], str]) -> Callable[[Any], Any]:
    return _each(lambda value: change(value) if isinstance(value, str) else value)
