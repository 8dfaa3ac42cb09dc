"""`when:` blocks, as they are written in YAML.

A block is met when everything in it is met::

    when:
      event_name: purchase                  # equals
      page_hostname: [a.example, b.example] # one of
      value: {gte: 100, lt: 500}            # operators, all of them
      any: [...]                            # blocks: at least one is met
      not: {...}                            # a block that must not be met

A missing field only meets ``exists: false`` and ``not``. With ``*`` in its path
(``items.*.item_brand``) a field is met when one of its values is. A path can enter the URL that a
text holds (``page_location.query.ref``).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import re2
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    FiniteFloat,
    Tag,
    model_validator,
)

from gateway.event.fields import read_path
from gateway.stages.conditions.impossible import EMPTY, NEVER, impossible

Scalar = bool | int | FiniteFloat | str


def _is_re2(pattern: str) -> str:
    try:
        re2.compile(pattern, re2_options())
    except re2.error as error:
        raise ValueError(f"not an RE2 expression: {_text(error)}") from None
    return pattern


def re2_options() -> Any:
    """Options for RE2 that keep it from writing to stderr."""
    options = re2.Options()
    options.log_errors = False
    return options


def _text(error: Exception) -> str:
    """google-re2 puts its message into the exception as bytes."""
    message = error.args[0] if error.args else ""
    return message.decode(errors="replace") if isinstance(message, bytes) else str(message)


class Operators(BaseModel):
    """What the value of a field must be. All given operators must hold."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    equals: Scalar | None = Field(default=None, description="The value is equal to this one.")
    in_: list[Scalar] | None = Field(
        default=None, alias="in", description="The value is equal to one of these."
    )
    contains: str | list[str] | None = Field(
        default=None,
        description="The text contains one of these texts, or the list contains one of them as "
        "an element.",
    )
    starts_with: str | list[str] | None = Field(
        default=None, description="The text starts with one of these."
    )
    ends_with: str | list[str] | None = Field(
        default=None, description="The text ends with one of these."
    )
    matches: Annotated[str, AfterValidator(_is_re2)] | None = Field(
        default=None, description="The text contains a match of this RE2 expression."
    )
    gt: FiniteFloat | None = Field(
        default=None, description="The value is a number greater than this one."
    )
    gte: FiniteFloat | None = Field(
        default=None, description="The value is a number greater than or equal to this one."
    )
    lt: FiniteFloat | None = Field(
        default=None, description="The value is a number less than this one."
    )
    lte: FiniteFloat | None = Field(
        default=None, description="The value is a number less than or equal to this one."
    )
    exists: bool | None = Field(
        default=None, description="Whether the field must exist (`true`) or must not (`false`)."
    )

    @model_validator(mode="after")
    def _can_be_met(self) -> Operators:
        wanted = self.model_dump(by_alias=True, exclude_none=True)
        if not wanted:
            raise ValueError("needs an operator, such as `{exists: true}`")
        if mistakes := [*impossible(wanted)]:
            raise ValueError("\n".join(mistakes))
        return self


def _kind(value: Any) -> Literal["value", "list", "operators"]:
    if isinstance(value, list):
        return "list"
    return "operators" if isinstance(value, dict | Operators) else "value"


def _not_empty(wanted: list[Scalar]) -> list[Scalar]:
    if not wanted:
        raise ValueError(NEVER)
    return wanted


Wanted = Annotated[
    Annotated[Scalar, Tag("value")]
    | Annotated[list[Scalar], AfterValidator(_not_empty), Tag("list")]
    | Annotated[Operators, Tag("operators")],
    Discriminator(_kind),
]


def _written(condition: object) -> object:
    if condition is None:
        raise ValueError(EMPTY)
    return condition


class Condition(BaseModel):
    """A `when:` block: paths of fields with the values they must have, and all, any, not."""

    model_config = ConfigDict(extra="allow", frozen=True)
    __pydantic_extra__: dict[str, Wanted]

    all_: Annotated[list[Condition] | None, BeforeValidator(_written)] = Field(
        default=None, alias="all", description="Every block is met."
    )
    any_: Annotated[list[Condition] | None, BeforeValidator(_written)] = Field(
        default=None, alias="any", description="At least one block is met."
    )
    not_: Annotated[Condition | None, BeforeValidator(_written)] = Field(
        default=None, alias="not", description="The block is not met."
    )

    @model_validator(mode="after")
    def _paths_lead_somewhere(self) -> Condition:
        for path in self.__pydantic_extra__ or ():
            read_path(path)
        return self

    @model_validator(mode="after")
    def _is_a_condition(self) -> Condition:
        groups = {"all": self.all_, "any": self.any_}
        if empty := [name for name, blocks in groups.items() if blocks == []]:
            always, never = "every event meets an empty list", NEVER
            words = [f"{name}: {always if name == 'all' else never}" for name in empty]
            raise ValueError("\n".join(words))
        if not (self.__pydantic_extra__ or self.all_ or self.any_ or self.not_):
            raise ValueError(EMPTY)
        return self


When = Annotated[Condition | None, BeforeValidator(_written)]
"""Type of a setting that may be omitted but not left empty: that would match every event."""


def fields_of(condition: Condition) -> list[tuple[str, Operators]]:
    """The paths of the fields in `condition`, each with what its value must be."""
    fields = []
    for path, wanted in (condition.__pydantic_extra__ or {}).items():
        if isinstance(wanted, list):
            wanted = Operators.model_validate({"in": wanted})
        elif not isinstance(wanted, Operators):
            wanted = Operators(equals=wanted)
        fields.append((path, wanted))
    return fields
