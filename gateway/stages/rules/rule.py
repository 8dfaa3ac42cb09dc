"""One rule, as written in YAML, and the checks for its mistakes."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    field_validator,
    model_validator,
)

from destinations.casts import CastType
from gateway.event.fields import changed_path
from gateway.event.paths import ANY
from gateway.stages.conditions import When
from gateway.stages.rules.assign import checked_value
from gateway.stages.rules.denials import checked_denials, checked_untouched
from gateway.stages.rules.plug_in import OnFailure, load_function
from gateway.stages.rules.redact import Redact, checked_hash
from gateway.stages.rules.sample import Sample
from gateway.stages.rules.values import checked_cast, checked_table, checked_values

_NEEDED = ("event_name", "event_id", "timestamp")
"""Fields that routing, delivery and records rely on."""


def _loaded(reference: str) -> str:
    load_function(reference)
    return reference


ChangedPath = Annotated[str, AfterValidator(changed_path)]
Length = Annotated[int, Field(ge=1)]
Places = Annotated[int, Field(ge=-9, le=10)]
PlugInName = Annotated[str, AfterValidator(_loaded)]


def name_of_number(number: int) -> str:
    """The name of a rule that has none. number: its place in the list, from 1."""
    return f"rule {number}"


Fields = tuple[str, ...] | None
"""Names of outermost fields; None stands for any."""


class Rule(BaseModel):
    """One rule: a condition and what to do with the events that meet it.

    The actions of a rule run in the order of these fields.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str | None = Field(
        default=None, description="Name of the rule, shown wherever the rule decided something."
    )
    when: When = Field(
        default=None,
        description="Condition of the rule. Without it, the rule applies to every event.",
    )
    sample: Sample | None = Field(
        default=None,
        description="Keep a share of the events that match `when` and drop the others: `{share: "
        "0.1, by: client_id}` keeps one visitor in ten, the same ones in every rule. `by` is "
        "`client_id` (the default), `user_id` or `event_id`, which also decides where the other "
        "is missing.",
    )
    rename: dict[str, str] = Field(
        default={},
        description="Move fields: `old path: new path`. A field stays if the new path cannot "
        "hold its value.",
    )
    set_: dict[str, JsonValue] = Field(
        default={},
        alias="set",
        description="Set fields: `path: value`. The value may be that of another field, `{field: "
        "path}`, or a text with fields in it, `{template: '{event_name}-{items.0.item_id}'}` "
        "(`{{` is a brace). A field is not changed if one of these is missing. To set an "
        "object, write `{literal: ...}`.",
    )
    map: dict[str, dict[str, JsonValue]] = Field(
        default={},
        description="Replace values with those of a table: `path: {value: new value}`. `*` "
        "stands for every value that is not listed; without `*`, such values are not changed.",
    )
    cast: dict[str, CastType] = Field(
        default={},
        description="Convert values to another type: `path: text`, `number`, `integer` (without "
        "the fraction) or `boolean`. Values that cannot be converted are not changed.",
    )
    round: dict[str, Places] = Field(
        default={},
        description="Round numbers, halves away from zero: `path: decimal places`; -2 rounds to "
        "hundreds.",
    )
    lower: list[str] = Field(default=[], description="Convert texts to lower case.")
    truncate: dict[str, Length] = Field(
        default={}, description="Truncate texts: `path: maximum number of characters`."
    )
    transform: PlugInName | None = Field(
        default=None,
        description="Python function, `package.module:function`, that takes an event and returns "
        "an event. It must not block, because it cannot be stopped. It fails if it raises an "
        "exception or returns no event. If it takes more than 10 ms five times in a row, it is "
        "not called for a minute, which counts as failing.",
    )
    on_failure: OnFailure = Field(
        default="withhold",
        description="What happens to an event when `transform` fails: `withhold` withholds it, "
        "`pass` continues with the unchanged event. Use `pass` only for functions that do not "
        "protect personal data.",
    )
    redact: Redact | None = Field(
        default=None,
        description="Replace personal data in texts: `patterns` (`email`, `phone`, `card`, "
        "`token`) and the values of `query_parameters` in URLs. Searches the `fields` at or "
        "below these paths, or every text except ids, technical fields and `user_data`.",
    )
    hash: list[str] = Field(
        default=[],
        description="Replace fields with their SHA-256 in lower-case hex (HMAC-SHA256 if "
        "`server.hash_salt` is set).",
    )
    remove: list[ChangedPath] = Field(default=[], description="Remove fields.")
    keep_only: list[ChangedPath] = Field(
        default=[],
        description="Remove all fields except these and `event_name`, `event_id`, `timestamp`, "
        "`consent` and `integrations`. `page_location.query.utm_source` keeps the URL with only "
        "this parameter.",
    )
    drop: bool = Field(default=False, description="Drop the event, so that it is not sent.")

    @field_validator("set_")
    @classmethod
    def _as_in_events(cls, values: dict[str, Any]) -> dict[str, Any]:
        return {path: checked_value(path, value) for path, value in values.items()}

    @field_validator("map")
    @classmethod
    def _tables_as_in_events(cls, tables: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        return {path: checked_table(path, table) for path, table in tables.items()}

    @field_validator("cast")
    @classmethod
    def _casts_can_be(cls, casts: dict[str, CastType]) -> dict[str, CastType]:
        for path, kind in casts.items():
            checked_cast(path, kind)
        return casts

    @field_validator("round")
    @classmethod
    def _rounds_numbers(cls, places: dict[str, int]) -> dict[str, int]:
        for path in places:
            checked_values(path, "number")
        return places

    @field_validator("lower")
    @classmethod
    def _lowers_texts(cls, paths: list[str]) -> list[str]:
        for path in paths:
            checked_values(path, "string")
        return paths

    @field_validator("truncate")
    @classmethod
    def _cuts_texts(cls, lengths: dict[str, int]) -> dict[str, int]:
        for path in lengths:
            checked_values(path, "string")
        return lengths

    @model_validator(mode="after")
    def _leaves_an_event(self) -> Rule:
        for path in _NEEDED:
            if path in self.remove or path in self.rename:
                raise ValueError(f"{path} is required in every event; it can only be set")
        for path in self.hash:
            checked_hash(path)
        return self

    @model_validator(mode="after")
    def _does_something(self) -> Rule:
        if not any(getattr(self, name) for name in _ACTIONS):
            raise ValueError(f"a rule needs an action: {', '.join(_NAMES[:-1])} or {_NAMES[-1]}")
        if self.transform is None and "on_failure" in self.model_fields_set:
            raise ValueError("on_failure: has no effect without `transform`")
        if any(ANY in path.split(".") for pair in self.rename.items() for path in pair):
            raise ValueError("rename moves a single field; its paths cannot contain *")
        for path in (path for pair in self.rename.items() for path in pair):
            changed_path(path)
        return self

    @model_validator(mode="after")
    def _can_only_deny(self) -> Rule:
        checked_denials({path: [value] for path, value in self.set_.items()})
        checked_denials({path: table.values() for path, table in self.map.items()})
        checked_untouched([*self.rename, *self.rename.values(), *self.cast, *self.remove])
        return self

    def called(self, number: int) -> str:
        """Its name, or one made of `number`, its place in the list, from 1."""
        return self.name or name_of_number(number)

    @property
    def fields(self) -> Fields:
        """The outermost fields that the rule may change, None for any."""
        if self.transform or self.keep_only or (self.redact and not self.redact.fields):
            return None
        paths = [*self.rename, *self.rename.values(), *self.set_, *self.map, *self.cast]
        paths += [*self.round, *self.lower, *self.truncate, *self.hash, *self.remove]
        paths += self.redact.fields if self.redact else ()
        names = {path.partition(".")[0] for path in paths}
        return None if ANY in names else tuple(sorted(names))

    @property
    def can_withhold(self) -> bool:
        """Whether the rule may drop or withhold an event that meets it."""
        fails = self.transform is not None and self.on_failure == "withhold"
        return self.drop or self.sample is not None or fails


_ACTIONS = [name for name in Rule.model_fields if name not in ("name", "when", "on_failure")]
_NAMES = [Rule.model_fields[name].alias or name for name in _ACTIONS]
