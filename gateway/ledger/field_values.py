"""Conditions on the fields of an event's content, the same for SQLite and PostgreSQL."""

from __future__ import annotations

from decimal import Decimal
from math import inf, isfinite
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Text, or_
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from gateway.ledger.tables import events


def field_is(path: str, value: str) -> ColumnElement[bool]:
    """Whether the field at `path` of an event's content has `value`: a text as it is, a number
    however it is written, ``true`` or ``false``, and a list or an object as JSON without spaces.

    path: dotted; a number is a place in a list, from 0.
    """
    of_both = events.c.payload, path, json_path(path)
    is_text = _FieldText(*of_both) == value
    written = spellings(value)
    return or_(is_text, _FieldNumber(*of_both).in_(written)) if written else is_text


def json_path(path: str) -> str:
    """`path` in the syntax of SQLite: ``items.0.item_name`` is ``$."items"[0]."item_name"``."""
    steps = path.replace('"', "").split(".")
    return "$" + "".join(f"[{step}]" if _is_place(step) else f'."{step}"' for step in steps)


def _is_place(step: str) -> bool:
    return step.isascii() and step.isdecimal()


def spellings(value: str) -> list[str]:
    """How the number `value` may be written in JSON; empty if it is not a number. Whole numbers are
    compared exactly: those above 2 ** 53 share their float with others."""
    try:
        number = float(value) if value.isascii() and "_" not in value else inf
    except ValueError:
        return []
    if not isfinite(number):
        return []
    exact, rounded = Decimal(value), orjson.dumps(number).decode()
    if exact != exact.to_integral_value():
        return sorted({value, rounded})
    whole = {value, str(int(exact))}
    return sorted(whole | {rounded} if Decimal(rounded) == exact else whole)


class _FieldText(FunctionElement[str]):
    """The value at a path of a JSON object, as text. Its arguments: the object, the dotted path,
    and the path in the syntax of SQLite."""

    type = Text()
    inherit_cache = True


class _FieldNumber(FunctionElement[str]):
    """Like `_FieldText`, but only for numbers, as they are written in the JSON."""

    type = Text()
    inherit_cache = True


@compiles(_FieldText, "sqlite")
def _text_in_sqlite(element: _FieldText, compiler: SQLCompiler, **options: Any) -> str:
    content, _, path = (compiler.process(each, **options) for each in element.clauses)
    return (
        f"CASE coalesce(json_type({content}, {path}), 'null') WHEN 'null' THEN NULL "
        f"WHEN 'text' THEN json_extract({content}, {path}) ELSE {_as_written(content, path)} END"
    )


@compiles(_FieldNumber, "sqlite")
def _number_in_sqlite(element: _FieldNumber, compiler: SQLCompiler, **options: Any) -> str:
    content, _, path = (compiler.process(each, **options) for each in element.clauses)
    is_number = f"json_type({content}, {path}) IN ('integer', 'real')"
    return f"CASE WHEN {is_number} THEN {_as_written(content, path)} END"


def _as_written(content: str, path: str) -> str:
    """A value as it is written in the JSON. SQLite has no booleans and formats numbers differently;
    but with a second path, which no object has, it returns JSON such as ``[true,null]``."""
    both = f"json_extract({content}, {path}, '$[0]')"
    return f"substr({both}, 2, length({both}) - 7)"


@compiles(_FieldText, "postgresql")
def _text_in_postgresql(element: _FieldText, compiler: SQLCompiler, **options: Any) -> str:
    content, path, _ = (compiler.process(each, **options) for each in element.clauses)
    return f"({_json(content)} #>> string_to_array({path}, '.'))"


@compiles(_FieldNumber, "postgresql")
def _number_in_postgresql(element: _FieldNumber, compiler: SQLCompiler, **options: Any) -> str:
    content, path, _ = (compiler.process(each, **options) for each in element.clauses)
    steps = f"string_to_array({path}, '.')"
    return (
        f"CASE json_typeof({_json(content)} #> {steps}) "
        f"WHEN 'number' THEN {_json(content)} #>> {steps} END"
    )


def _json(content: str) -> str:
    """`content` as JSON without NUL, which PostgreSQL cannot read."""
    return f"CAST(replace({content}, '\\u0000', '\\ufffd') AS json)"
