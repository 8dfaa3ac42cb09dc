"""Schemas: what events with a name must look like, and what happens to those that do not match."""

from gateway.stages.schemas.check import Check, Checked, SchemaMistakes, compile_schemas
from gateway.stages.schemas.load import SchemaMistake, compile_schema, load_schema
from gateway.stages.schemas.settings import EventName, OnMismatch, SchemaSettings

__all__ = [
    "Check",
    "Checked",
    "EventName",
    "OnMismatch",
    "SchemaMistake",
    "SchemaMistakes",
    "SchemaSettings",
    "compile_schema",
    "compile_schemas",
    "load_schema",
]
