"""`schemas:` in the configuration: names of events, each with one of these settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

OnMismatch = Literal["drop", "flag", "quarantine"]


class SchemaSettings(BaseModel):
    """What events of one name have to look like."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: Path | None = Field(
        default=None,
        description="A JSON Schema in a JSON file; its path counts from the folder of this file.",
    )
    schema_: dict[str, Any] | None = Field(
        default=None,
        alias="schema",
        description="The JSON Schema itself, instead of a file. Drafts 4 to 2020-12; without "
        "`$schema` it is 2020-12. `format` is checked, `pattern` has no look-around.",
    )
    on_mismatch: OnMismatch = Field(
        default="flag",
        description="What becomes of an event that does not fit: `flag` adds `schema_errors` to "
        "it, `quarantine` keeps it aside for a person to look at, `drop` ends it.",
    )

    @model_validator(mode="after")
    def _one_schema(self) -> Self:
        if (self.file is None) == (self.schema_ is None):
            raise ValueError("needs either `file` or `schema`")
        return self
