"""Compiles `fields` to steps, each of which sets or removes fields of a vendor's event."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from destinations.casts import CASTS, Cast
from destinations.mapping.settings import Source, Value
from destinations.mapping.writing import Json, Parent, remove, update
from destinations.paths import ANY, MISSING, reader
from destinations.remarks import remark
from destinations.template import compile_template

Step = Callable[[Json, Json], None]
"""From an event and the vendor's event; changes the latter."""

Hasher = Callable[[Any], Any]
"""From personal data to the form that the vendor accepts; an empty result is not sent."""

Read = Callable[[Json], Any]
"""From an event to a value; MISSING if there is none to send."""


_Types = tuple[type, ...]
_TYPES: Mapping[str | None, _Types] = {"text": (str,), "number": (float, int), "boolean": (bool,)}
"""The types of values that need no conversion, by `as`."""


class _Row(NamedTuple):
    """Copies `source`, an outermost field of the event, to `key` in the vendor's object `parent`.

    types: types of values that need no conversion. cast: converts others. misfit: the remark on a
    value that cannot be converted.
    """

    parent: Parent
    key: str
    source: str
    types: _Types
    cast: Cast
    misfit: str


def compile_fields(fields: Mapping[str, Value], hashers: Mapping[str, Hasher]) -> tuple[Step, ...]:
    """The steps for `fields`, in their order. hashers: by the path of the vendor's field that
    receives personal data.

    Consecutive rows for the same object become one step, because a built-in mapping is mostly rows.
    """
    steps: list[Step] = []
    compiled = [_compile(path, value, hashers.get(path)) for path, value in fields.items()]
    for parent, group in groupby(compiled, _parent):
        members = list(group)
        if parent is None:
            steps += [each for each in members if not isinstance(each, _Row)]
        else:
            steps.append(_copy(parent, [each for each in members if isinstance(each, _Row)]))
    return tuple(steps)


def _parent(compiled: _Row | Step) -> Parent | None:
    return compiled.parent if isinstance(compiled, _Row) else None


def _compile(path: str, value: Value, hasher: Hasher | None) -> _Row | Step:
    *above, key = path.split(".")
    parent = tuple(above)
    if value is None:
        return lambda _, body: remove(body, parent, key)
    if hasher is not None:
        return _set_hashed(parent, key, _reader(path, value), hasher)
    if isinstance(value, Source) and value.field is not None and _is_outermost(value.field):
        return _Row(parent, key, value.field, *_conversion(path, value))
    return _set(parent, key, _reader(path, value))


def _copy(parent: Parent, rows: Sequence[_Row]) -> Step:
    """One step for many rows. An event has few of their fields, mostly in the right type."""
    told = [(row.source, row.key, row.types) for row in rows]
    row_of = {row.key: row for row in rows}

    def copy(event: Json, body: Json) -> None:
        values: Json = {}
        fits = True
        for source, key, types in told:
            if source in event:
                values[key] = value = event[source]
                if type(value) not in types or value == "":
                    fits = False
        if not fits:
            values = _converted_each(values, row_of)
        if values:
            update(body, parent, values)

    return copy


def _converted_each(values: Json, row_of: Mapping[str, _Row]) -> Json:
    converted = {}
    for key, value in values.items():
        if value is not None and value != "":
            fit = row_of[key].cast(value)
            if fit is None:
                remark(row_of[key].misfit)
            else:
                converted[key] = fit
    return converted


def _set(parent: Parent, key: str, read: Read) -> Step:
    def set_value(event: Json, body: Json) -> None:
        if (value := read(event)) is not MISSING:
            update(body, parent, {key: value})

    return set_value


def _set_hashed(parent: Parent, key: str, read: Read, hasher: Hasher) -> Step:
    """A step that sets nothing if the visitor denies `ad_user_data`, from whatever field of the
    event the value comes."""

    def set_value(event: Json, body: Json) -> None:
        if event.get("consent", {}).get("ad_user_data") == "denied":
            return
        value = read(event)
        if value is not MISSING and (hashed := hasher(value)):
            update(body, parent, {key: hashed})

    return set_value


def _reader(path: str, value: Value) -> Read:
    if not isinstance(value, Source):
        return lambda _: value
    if value.field is not None:
        return _converted(reader(value.field), path, value)
    if value.template is not None:
        fill = compile_template(value.template)
        missing = f"{path}: not set because a field in its template is missing or not a text"
        return _converted(_remarked(fill, missing), path, value)
    literal = value.literal
    return lambda _: literal


def _remarked(fill: Read, missing: str) -> Read:
    def read(event: Json) -> Any:
        text = fill(event)
        if text is None:
            remark(missing)
        return text

    return read


def _converted(read: Read, path: str, source: Source) -> Read:
    _, cast, misfit = _conversion(path, source)

    def convert(event: Json) -> Any:
        value = read(event)
        if value is MISSING or value is None or value == "":
            return MISSING
        if (fit := cast(value)) is None:
            remark(misfit)
            return MISSING
        return fit

    return convert


def _is_outermost(path: str) -> bool:
    return "." not in path and path != ANY


def _conversion(path: str, source: Source) -> tuple[_Types, Cast, str]:
    """`types`, `cast` and `misfit` of a row."""
    paths = " and ".join(source.paths())
    return (
        _TYPES.get(source.as_, ()),
        CASTS[source.as_] if source.as_ else _as_it_is,
        f"{path}: not set because {paths} cannot be read as {source.as_}",
    )


def _as_it_is(value: Any) -> Any:
    return value
