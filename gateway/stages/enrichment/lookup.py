"""Lookups: add columns from the operator's tables to an event, next to the value looked up."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Self

import orjson
from pydantic import AfterValidator, Field, PositiveInt, StringConstraints, model_validator

from gateway.event import Event, Received
from gateway.event.consent import CONSENT
from gateway.event.each_way import each_way
from gateway.event.fields import MISFIT, field_type
from gateway.event.paths import ANY, as_text, compile_edit
from gateway.event.person import person_path, with_columns
from gateway.stages.enrichment.base import Additions, Enrichment, NamedFile, PartSettings
from gateway.stages.enrichment.numbers import as_number
from gateway.stages.enrichment.table_mistake import TableMistake
from gateway.stages.enrichment.table_rows import as_columns, read_rows
from gateway.stages.enrichment.tables import Tables

Rows = Mapping[str, Mapping[str, Any]]

PERSON = "user_data"
_WHERE_PEOPLE_ARE = ("", PERSON)
"""Objects in which the columns of a person describe the visitor."""


def _key_path(path: str) -> str:
    field = field_type(path)
    if field.in_url:
        raise ValueError(f"{path} is part of a URL, so the result cannot be stored next to it")
    if field.keys[-1] == ANY or field.keys[-1].isdigit():
        raise ValueError(
            f"{path} is an element of a list, so the result cannot be stored next to it"
        )
    return path


ColumnName = Annotated[str, StringConstraints(pattern=r"^[^.*\s][^.*]*$", max_length=64)]


class LookupSettings(PartSettings):
    """A table in which a value of every event is looked up. It has a `file` or a `redis_hash`."""

    key: Annotated[str, AfterValidator(_key_path)] = Field(
        description="Path of the value to look up, such as `user_id` or `items.*.item_id`. The "
        "result is stored next to it: `items.*.margin`."
    )
    add: list[ColumnName] = Field(
        min_length=1,
        description="Columns of the table to add to the event, under their own names. Fields "
        "that the event already has are not changed. Columns of a person (`email`, `phone_number`, "
        "`birthday`, `first_name`, `last_name`) are added to `user_data`, so that consent covers "
        "them, unless `key` is in another object.",
    )
    file: Path | None = Field(
        default=None,
        description="A .csv or .json file. CSV: the first line names the columns. JSON: `{key: "
        "{column: value}}`, `{key: value}` for a single column, or a list of objects. Relative "
        "to the configuration file; reloaded when it changes.",
    )
    column: str | None = Field(
        default=None,
        description="Column of the file that contains the keys. Default: the first column of a "
        "CSV.",
    )
    redis_hash: Annotated[str, StringConstraints(min_length=1)] | None = Field(
        default=None,
        description="Key of a hash in the gateway's Redis. Each field of the hash is a key of "
        "the table, with a JSON object or, for a single column, a plain value.",
    )
    refresh_seconds: PositiveInt = Field(
        default=60, description="Seconds between refreshes of the gateway's copy of the hash."
    )

    @model_validator(mode="after")
    def _one_table(self) -> Self:
        if (self.file is None) == (self.redis_hash is None):
            raise ValueError("needs either `file` or `redis_hash`")
        if self.redis_hash is not None and self.column is not None:
            raise ValueError("`column` can only be used with `file`")
        for path in (_place(self.key, name) for name in self.add):
            if path.partition(".")[0] == CONSENT:
                raise ValueError(f"{path} cannot be looked up; only visitors give consent")
            field_type(path)
        return self

    def files(self) -> Iterable[NamedFile]:
        if self.file is not None:
            yield NamedFile("file", self.file, ReadTable(self.key, tuple(self.add), self.column))


@dataclass(frozen=True, slots=True)
class ReadTable:
    """Reads a lookup's table, with values in the types of the fields that they go into."""

    key: str
    add: tuple[str, ...]
    column: str | None = None

    def __call__(self, path: Path) -> Rows:
        row_of = self.row_of()
        rows: dict[str, Mapping[str, Any]] = {}
        for where, key, columns in read_rows(path, self.column, self.add):
            if key in rows:
                raise TableMistake(f"has a duplicate key in {where}")
            try:
                rows[key] = row_of(columns)
            except TableMistake as mistake:
                raise TableMistake(f"{mistake}, {where}") from None
        return rows

    def row_of(self) -> Callable[[Mapping[str, Any]], Mapping[str, Any]]:
        """A function from a row's columns to the fields to add; it raises `TableMistake`."""
        fields = [(name, field_type(_place(self.key, name))) for name in self.add]

        def row_of(columns: Mapping[str, Any]) -> Mapping[str, Any]:
            row = {}
            for name, field in fields:
                value = columns.get(name)
                if value is None or value == "":
                    continue
                if isinstance(value, str) and not field.kinds:
                    value = as_number(value)
                fitted = field.fit(value)
                if fitted is MISFIT:
                    raise TableMistake(
                        f"has a {name} with the wrong type for {_place(self.key, name)}"
                    )
                row[name] = fitted
            return row

        return row_of

    def hash_row(self) -> Callable[[str], Mapping[str, Any]]:
        """The same as `row_of`, from a value of a Redis hash."""
        row_of = self.row_of()

        def hash_row(text: str) -> Mapping[str, Any]:
            value: Any = text
            if text.startswith("{"):
                try:
                    value = orjson.loads(text)
                except orjson.JSONDecodeError:
                    raise TableMistake("has a value that is not JSON") from None
            return row_of(as_columns(value, self.add))

        return hash_row


def load(settings: LookupSettings, tables: Tables) -> Enrichment:
    """Raises `TableMistake`."""
    read = ReadTable(settings.key, tuple(settings.add), settings.column)
    if settings.redis_hash is not None:
        copy = tables.hash(settings.redis_hash, settings.refresh_seconds, read.hash_row())
        return compile_lookup(settings.key, lambda: copy.value)
    assert settings.file is not None
    file = tables.file(settings.file, read)
    return compile_lookup(settings.key, lambda: file.value)


def compile_lookup(key: str, table: Callable[[], Rows]) -> Enrichment:
    """The enrichment that looks up the value at the path `key`. table: returns the newest rows."""
    *above, name = key.split(".")
    edits = [compile_edit(way[:-1] or way, makes=False) for way in each_way(key.split("."))]
    with_row = _with_person_row if above == [PERSON] else _with_row

    def look_up(event: Event, _: Received) -> Additions:
        rows = table()
        if not rows:
            return {}
        if not above:
            return _with_person_apart(event, _row_of(event, name, rows))
        outermost = above[0]
        if outermost not in event:
            return {}
        found = {outermost: event[outermost]}
        for edit in edits:
            edit(found, lambda holder: with_row(holder, name, rows))
        return {} if found[outermost] is event[outermost] else found

    return look_up


def _with_row(holder: Any, name: str, rows: Rows) -> Any:
    """`holder` with what `_row_of` finds for it, if it is an object."""
    new = _row_of(holder, name, rows) if isinstance(holder, dict) else None
    return {**holder, **new} if new else holder


def _with_person_row(person: Any, name: str, rows: Rows) -> Any:
    """As `_with_row`, for the event's `user_data`."""
    new = _row_of(person, name, rows) if isinstance(person, dict) else None
    if not new:
        return person
    columns, others = _apart(new)
    return with_columns({**person, **others}, columns)


def _with_person_apart(event: Event, new: Additions) -> Additions:
    """`new`, additions to `event`, with the columns of a person in `user_data`."""
    columns, others = _apart(new)
    if not columns:
        return new
    person: Any = others.get(PERSON, event.get(PERSON, {}))
    more = with_columns(person, columns)
    return others if more == person else {**others, PERSON: more}


def _apart(new: Additions) -> tuple[Additions, Additions]:
    """The columns of a person, and the others."""
    columns = {name: value for name, value in new.items() if person_path(name)}
    return columns, {name: value for name, value in new.items() if name not in columns}


def _row_of(holder: Mapping[str, Any], name: str, rows: Rows) -> Additions:
    """The row for the value of the field `name` of `holder`, without fields that `holder` has."""
    value = holder.get(name)
    key = value if type(value) is str else as_text(value)
    row = rows.get(key) if key else None
    if not row:
        return {}
    return {field: value for field, value in row.items() if holder.get(field) in (None, "")}


def _place(key: str, name: str) -> str:
    """The path of the column `name` in an event."""
    above, dot, _ = key.rpartition(".")
    person = person_path(name) if above in _WHERE_PEOPLE_ARE else None
    return person or f"{above}{dot}{name}"
