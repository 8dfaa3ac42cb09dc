"""Actions that turn the value of a field into another: map, cast, round, lower, truncate.

Each leaves a value that it is not made for as it is; `cast` and `map` change whole values, the
others also the elements of a list of texts or numbers.
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
    """Raises `ValueError` when the field at `path` never has one of `kinds`, JSON Schema's."""
    if not field_type(changed_path(path)).takes(*kinds):
        raise ValueError(f"{path} never contains a {' or '.join(kinds)}")


def map_field(path: str, table: Mapping[str, Any]) -> Edit:
    """Replaces what is at `path` by what `table` has for it, compared as texts."""
    by_text = dict(table)
    for written, text in (("True", "true"), ("False", "false")):
        if written in by_text:  # how a YAML key that is no text arrives
            by_text.setdefault(text, by_text[written])
    otherwise = OTHERWISE in by_text

    def look_up(value: Any) -> Any:
        text = as_text(value)
        if text in by_text:
            return by_text[text]
        return by_text[OTHERWISE] if otherwise and text is not None else value

    return change_values(path, look_up)


def cast_field(path: str, kind: CastType) -> Edit:
    """Gives what is at `path` another type; what cannot be read as that type stays as it is."""
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
    """Texts at `path` in lower case."""
    return change_values(path, _each_text(str.lower))


def truncate_field(path: str, length: int) -> Edit:
    """Texts at `path` with no more than their first `length` characters."""
    return change_values(path, _each_text(itemgetter(slice(length))))


def _each(change: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def change_each(value: Any) -> Any:
        return [change(each) for each in value] if isinstance(value, list) else change(value)

    return change_each


def _each_text(change: Callable[[str], str]) -> Callable[[Any], Any]:
    return _each(lambda value: change(value) if isinstance(value, str) else value)
