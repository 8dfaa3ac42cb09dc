"""Reads rows from a CSV or JSON file: the text of a key, and its columns.

CSV: UTF-8, the first line names the columns; separated by commas, semicolons or tabs. JSON: an
object ``{key: {column: value}}`` or, for a single column, ``{key: value}``, or a list of objects.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson

from gateway.event.paths import as_text
from gateway.stages.enrichment.table_mistake import TableMistake

Row = tuple[str, str, Mapping[str, Any]]
"""The place in the file, for messages (``line 7``); the key; the values by column."""


def read_rows(path: Path, key_column: str | None, columns: tuple[str, ...]) -> Iterator[Row]:
    """The rows of the file at `path`. Rows of a CSV or a list that have no key are left out.

    key_column: column that has the keys; without it, the first column of a CSV file. columns: those
    to read. Raises `TableMistake`, `OSError` or `UnicodeDecodeError`, in part only when rows are
    read from the iterator.
    """
    kind = path.suffix.lower()
    if kind == ".json":
        return _json_rows(path, key_column, columns)
    if kind in (".csv", ".tsv"):
        return _csv_rows(path, key_column, columns)
    raise TableMistake("is neither .csv nor .json")


def read_json(path: Path) -> Any:
    """The JSON value in the file at `path`. Raises `OSError` or `TableMistake`."""
    try:
        return orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError as error:
        raise TableMistake(f"is not JSON: line {error.lineno}, column {error.colno}") from None


def _csv_rows(path: Path, key_column: str | None, columns: tuple[str, ...]) -> Iterator[Row]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        first = file.readline()
        file.seek(0)
        reader = csv.reader(file, delimiter=max(",;\t", key=first.count), strict=True)
        try:
            names = [name.strip() for name in next(reader, [])]
            key_at = _place(names, key_column) if key_column is not None else 0
            places = {column: _place(names, column) for column in columns}
            for cells in reader:
                if not cells:
                    continue
                where = f"line {reader.line_num}"
                if len(cells) != len(names):
                    raise TableMistake(f"has {len(cells)} cells in {where}, not {len(names)}")
                if key := cells[key_at].strip():
                    yield where, key, {name: cells[at].strip() for name, at in places.items()}
        except csv.Error as error:
            raise TableMistake(f"is not CSV: {error}, line {reader.line_num}") from None


def _place(names: list[str], wanted: str) -> int:
    try:
        return names.index(wanted)
    except ValueError:
        raise TableMistake(f"has no column {wanted!r} in its first line") from None


def _json_rows(path: Path, key_column: str | None, columns: tuple[str, ...]) -> Iterator[Row]:
    rows = list(_json_entries(read_json(path), key_column, columns))
    for column in columns if rows else ():
        if not any(column in values for _, _, values in rows):
            raise TableMistake(f"has no {column!r} in any entry")
    return iter(rows)


def _json_entries(data: Any, key_column: str | None, columns: tuple[str, ...]) -> Iterator[Row]:
    if isinstance(data, dict):
        for number, (key, value) in enumerate(data.items(), 1):
            yield f"entry {number}", key, as_columns(value, columns)
    elif isinstance(data, list):
        if key_column is None:
            raise TableMistake("is a list; set `column` to the name of the key column")
        yield from _listed(data, key_column)
    else:
        raise TableMistake("is neither a JSON object nor a list of objects")


def _listed(elements: Iterable[Any], key_column: str) -> Iterator[Row]:
    for number, element in enumerate(elements, 1):
        where = f"entry {number}"
        if not isinstance(element, dict):
            raise TableMistake(f"has no object in {where}")
        if key := as_text(element.get(key_column)):
            yield where, key, element


def as_columns(value: Any, columns: tuple[str, ...]) -> Mapping[str, Any]:
    """`value`, the entry of a key, by column. Raises `TableMistake`."""
    if isinstance(value, dict):
        return value
    if len(columns) > 1:
        raise TableMistake(f"has a single value where {len(columns)} are to be added")
    return {columns[0]: value}
