"""Schemas of events: what an event of a name has to look like, and what happens if it does not."""

from gateway.stages.schemas.check import Check, Checked, SchemaMistakes, compile_schemas
from gateway.stages.schemas.settings import OnMismatch, SchemaSettings

__all__ = [
    "Check",
    "Checked",
    "OnMismatch",
    "SchemaMistakes",
    "SchemaSettings",
    "compile_schemas",
]
