"""`mapping`, as it is written in YAML and in the class of a destination."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    model_validator,
)

from destinations.casts import CastType
from destinations.json_values import representable
from destinations.paths import ANY
from destinations.template import template_paths

_FORMS = ("field", "template", "literal")


def _path(path: str) -> str:
    if "" in path.split("."):
        raise ValueError(f"{path!r} is not a path; write names of fields with one dot between them")
    return path


def _single_path(path: str) -> str:
    if ANY in path.split("."):
        raise ValueError(f"{path} contains *; a mapping sets one field of the vendor")
    return _path(path)


class Source(BaseModel):
    """Where the value of a vendor's field comes from: exactly one of the first three keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    field: Annotated[str, AfterValidator(_path)] | None = Field(
        default=None, description="Path of the field of the event that has the value."
    )
    template: str | None = Field(
        default=None, description="Text with fields in it: `{event_name}-{items.0.item_id}`."
    )
    literal: Annotated[JsonValue, AfterValidator(representable)] = Field(
        default=None, description="The value itself, such as an object."
    )
    as_: CastType | None = Field(
        default=None,
        alias="as",
        description="Type of the value: `text`, `number`, `integer` or `boolean`. A value that "
        "cannot be read as this type is not sent. Default: as it is in the event.",
    )

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        given = [form for form in _FORMS if form in self.model_fields_set]
        if len(given) != 1 or (given != ["literal"] and getattr(self, given[0]) is None):
            raise ValueError("needs exactly one of field, template and literal")
        if given == ["literal"] and self.as_:
            raise ValueError("as: has no effect on a literal; write the value in its type")
        if self.template is not None:
            for path in template_paths(self.template):
                _path(path)
        return self

    def paths(self) -> list[str]:
        """The paths of the event's fields that the source reads."""
        if self.field is not None:
            return [self.field]
        return template_paths(self.template) if self.template is not None else []


Plain = Annotated[str | bool | int | float | list[JsonValue], AfterValidator(representable)]
Value = Source | Plain | None
"""The value of a vendor's field: a source, a literal, or None, which leaves the field out."""

Fields = dict[Annotated[str, AfterValidator(_single_path)], Value]
"""Values by the path of the vendor's field."""

VendorName = Annotated[str, Field(min_length=1, coerce_numbers_to_str=True)]
"""May be written as a number, because some vendors have numbers as names."""

FIELDS = (
    "Fields of the vendor by their path, each with what it gets: `{field: PATH}`, "
    "`{template: TEXT}` or a literal, as in the action `set` of rules; with `as`, a field or "
    "template is converted to a type. `null` leaves the vendor's field out. "
)


class EventMapping(BaseModel):
    """What one event becomes."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    name: VendorName | None = Field(
        default=None, description="The vendor's name of the event. Default: the built-in one."
    )
    fields: Fields = Field(default={}, description=FIELDS + "They are for this event only.")


class MappingSettings(BaseModel):
    """How events become a vendor's events."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    built_in: bool = Field(
        default=True,
        description="Whether to add to the built-in mapping of the type; `gateway explain "
        "--mapping TYPE` prints it. With `false`, what is written here replaces it.",
    )
    events: dict[str, VendorName | EventMapping | None] = Field(
        default={},
        description="Names of events, each with the vendor's name or with `{name, fields}`; "
        "`fields` are set for this event only. `null` takes a name out of the built-in mapping.",
    )
    other_events: Literal["custom", "withhold"] | None = Field(
        default=None,
        description="What happens to events that `events` does not name: `custom` sends them "
        "under their own names, `withhold` does not send them. Default: the built-in choice.",
    )
    fields: Fields = Field(
        default={},
        description=FIELDS + "They are set after everything that the gateway sets itself.",
    )

    def values(self) -> Iterator[tuple[str, Value]]:
        """Every path of a vendor's field that is set or left out, with its value."""
        yield from self.fields.items()
        for event in self.events.values():
            if isinstance(event, EventMapping):
                yield from event.fields.items()

    def sources(self) -> Iterator[tuple[str, str]]:
        """The path of a vendor's field with each path in the event that its value comes from."""
        for path, value in self.values():
            if isinstance(value, Source):
                for source in value.paths():
                    yield path, source

    def as_written(self) -> dict[str, Any]:
        """The mapping as it is written in YAML, without keys that are not set."""
        return self.model_dump(by_alias=True, exclude_unset=True)
