"""`schemas:` in the configuration: a schema for each name of events."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator


def _one_name(name: str) -> str:
    if "*" in name:
        raise ValueError("`*` is no pattern; a schema checks the events with one name")
    return name


EventName = Annotated[str, AfterValidator(_one_name)]
"""The name of the events that a schema checks."""

OnMismatch = Literal["drop", "flag", "quarantine"]


class SchemaSettings(BaseModel):
    """What events with one name must look like."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: Path | None = Field(
        default=None,
        description="JSON file with a JSON Schema. Relative to the configuration file.",
    )
    schema_: dict[str, Any] | None = Field(
        default=None,
        alias="schema",
        description="JSON Schema, instead of a file. Drafts 4 to 2020-12 are supported; without "
        "`$schema`, it is 2020-12. `format` is checked, `pattern` has no look-around.",
    )
    on_mismatch: OnMismatch = Field(
        default="flag",
        description="What happens to an event that does not match: `flag` adds `schema_errors` "
        "to it, `quarantine` withholds it and stores it for review, `drop` drops it.",
    )

    @model_validator(mode="after")
    def _one_schema(self) -> Self:
        if (self.file is None) == (self.schema_ is None):
            raise ValueError("needs either `file` or `schema`")
        return self
