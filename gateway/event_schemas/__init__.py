"""Schemas of events: what an event of a name has to look like, and what happens if it does not."""

from gateway.event_schemas.check import Check, Checked, SchemaMistakes, compile_schemas
from gateway.event_schemas.settings import OnMismatch, SchemaSettings

__all__ = [
    "Check",
    "Checked",
    "OnMismatch",
    "SchemaMistakes",
    "SchemaSettings",
    "compile_schemas",
]
