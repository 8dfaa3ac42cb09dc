"""`when:` blocks: their shape in YAML, and the plain functions that they are compiled to.

A block is met when everything in it is met::

    when:
      event_name: purchase                  # equals
      page_hostname: [a.example, b.example] # one of
      value: {gte: 100, lt: 500}            # operators, all of them
      any: [...]                            # blocks: at least one is met
      not: {...}                            # a block that must not be met

A field that is missing meets nothing but ``exists: false`` and ``not``. With ``*`` in its path
(``items.*.item_brand``) a field is met when one of its values is.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Annotated, Any, Literal

import re2
from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, Tag

from gateway.event import Event
from gateway.paths import ANY, MISSING, getter

Check = Callable[[Event], str | None]
"""None when an event meets a condition, else the words of the first part that it does not meet.

The words are made at start and name the field and what is wanted, never the event's own value.
"""

Scalar = bool | int | float | str
Test = Callable[[Any], bool]


def _is_re2(pattern: str) -> str:
    try:
        re2.compile(pattern, _re2_options())
    except re2.error as error:
        raise ValueError(f"not an RE2 expression: {_text(error)}") from None
    return pattern


def _re2_options() -> Any:
    options = re2.Options()
    options.log_errors = False
    return options


def _text(error: Exception) -> str:
    """google-re2 puts its message into the exception as bytes."""
    message = error.args[0] if error.args else ""
    return message.decode(errors="replace") if isinstance(message, bytes) else str(message)


class Operators(BaseModel):
    """What a field's value has to be. All the operators given must hold."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    equals: Scalar | None = Field(default=None, description="Equal to this value.")
    in_: list[Scalar] | None = Field(default=None, alias="in", description="Equal to one of these.")
    contains: str | list[str] | None = Field(
        default=None, description="Has one of these texts in it; a list has one as an element."
    )
    starts_with: str | list[str] | None = Field(
        default=None, description="Begins with one of these."
    )
    ends_with: str | list[str] | None = Field(default=None, description="Ends with one of these.")
    matches: Annotated[str, AfterValidator(_is_re2)] | None = Field(
        default=None, description="An RE2 expression that is found in the text."
    )
    gt: float | None = Field(default=None, description="A number greater than this.")
    gte: float | None = Field(default=None, description="A number greater than or equal to this.")
    lt: float | None = Field(default=None, description="A number less than this.")
    lte: float | None = Field(default=None, description="A number less than or equal to this.")
    exists: bool | None = Field(default=None, description="Whether the field is there at all.")


def _kind(value: Any) -> Literal["value", "list", "operators"]:
    if isinstance(value, list):
        return "list"
    return "operators" if isinstance(value, dict | Operators) else "value"


Wanted = Annotated[
    Annotated[Scalar, Tag("value")]
    | Annotated[list[Scalar], Tag("list")]
    | Annotated[Operators, Tag("operators")],
    Discriminator(_kind),
]


class Condition(BaseModel):
    """A `when:` block: paths of fields with what they have to be, and all, any, not."""

    model_config = ConfigDict(extra="allow", frozen=True)
    __pydantic_extra__: dict[str, Wanted]

    all_: list[Condition] | None = Field(
        default=None, alias="all", description="Every block is met."
    )
    any_: list[Condition] | None = Field(
        default=None, alias="any", description="At least one block is met."
    )
    not_: Condition | None = Field(default=None, alias="not", description="The block is not met.")


def compile_condition(condition: Condition) -> Check:
    """The function that checks events against `condition`."""
    parts = _parts(condition)
    if len(parts) == 1:
        return parts[0]

    def check_all(event: Event) -> str | None:
        for part in parts:
            failure = part(event)
            if failure is not None:
                return failure
        return None

    return check_all


def describe(condition: Condition) -> str:
    """`condition` in words, as failures and `explain` show it."""
    words = [_field_words(path, wanted) for path, wanted in _fields(condition)]
    words += [f"({describe(block)})" for block in condition.all_ or []]
    if condition.any_ is not None:
        words.append("(" + " or ".join(describe(block) for block in condition.any_) + ")")
    if condition.not_ is not None:
        words.append(f"not ({describe(condition.not_)})")
    return " and ".join(words) or "always"


def _fields(condition: Condition) -> list[tuple[str, Operators]]:
    fields = []
    for path, wanted in (condition.__pydantic_extra__ or {}).items():
        if isinstance(wanted, list):
            wanted = Operators.model_validate({"in": wanted})
        elif not isinstance(wanted, Operators):
            wanted = Operators(equals=wanted)
        fields.append((path, wanted))
    return fields


def _parts(condition: Condition) -> list[Check]:
    parts = [_check_field(path, operators) for path, operators in _fields(condition)]
    parts += [compile_condition(block) for block in condition.all_ or []]
    if condition.any_ is not None:
        parts.append(_check_any(condition.any_))
    if condition.not_ is not None:
        parts.append(_check_not(condition.not_))
    return parts


def _check_any(blocks: list[Condition]) -> Check:
    checks = [compile_condition(block) for block in blocks]
    words = "none is met: " + " or ".join(describe(block) for block in blocks)

    def check(event: Event) -> str | None:
        for alternative in checks:
            if alternative(event) is None:
                return None
        return words

    return check


def _check_not(block: Condition) -> Check:
    check = compile_condition(block)
    words = f"not ({describe(block)})"
    return lambda event: None if check(event) is not None else words


def _check_field(path: str, operators: Operators) -> Check:
    get = getter(path)
    words = _field_words(path, operators)
    tests = _tests(operators)
    exists = operators.exists

    if len(tests) == 1 and exists is None and ANY not in path:
        test = tests[0]  # no test is met by MISSING
        return lambda event: None if test(get(event)) else words

    def check(event: Event) -> str | None:
        value = get(event)
        if value is MISSING:
            return None if exists is False and not tests else words
        if exists is False:
            return words
        candidates = value if ANY in path else (value,)
        met = any(all(test(candidate) for test in tests) for candidate in candidates)
        return None if met else words

    return check


def _field_words(path: str, operators: Operators) -> str:
    given = operators.model_dump(by_alias=True, exclude_none=True)
    return (
        " and ".join(f"{path} {name} {value}" for name, value in given.items()) or f"{path} exists"
    )


def _tests(operators: Operators) -> list[Test]:
    tests: list[Test] = []
    if operators.equals is not None:
        tests.append(_one_of([operators.equals]))
    if operators.in_ is not None:
        tests.append(_one_of(operators.in_))
    if operators.contains is not None:
        tests.append(_contains(_tuple(operators.contains)))
    if operators.starts_with is not None:
        prefixes = _tuple(operators.starts_with)
        tests.append(lambda value: isinstance(value, str) and value.startswith(prefixes))
    if operators.ends_with is not None:
        suffixes = _tuple(operators.ends_with)
        tests.append(lambda value: isinstance(value, str) and value.endswith(suffixes))
    if operators.matches is not None:
        tests.append(_matches(operators.matches))
    return tests + _comparisons(operators)


def _comparisons(operators: Operators) -> list[Test]:
    tests: list[Test] = []
    if (above := operators.gt) is not None:
        tests.append(lambda value: _is_number(value) and value > above)
    if (least := operators.gte) is not None:
        tests.append(lambda value: _is_number(value) and value >= least)
    if (below := operators.lt) is not None:
        tests.append(lambda value: _is_number(value) and value < below)
    if (most := operators.lte) is not None:
        tests.append(lambda value: _is_number(value) and value <= most)
    return tests


def _one_of(wanted: list[Scalar]) -> Test:
    """Equality as a person means it: 12 and the text "12" are equal, and true is not 1."""
    flags = {value for value in wanted if isinstance(value, bool)}
    plain = {value for value in wanted if not isinstance(value, bool)}
    plain |= {_other_form(value) for value in plain}

    def test(value: Any) -> bool:
        if isinstance(value, bool):
            return value in flags
        return isinstance(value, str | int | float) and value in plain

    return test


def _other_form(value: float | str) -> float | str:
    """The text of a number; the number of a text that is written as numbers are, else the text."""
    if not isinstance(value, str):
        return str(value)
    for kind in (int, float):
        with contextlib.suppress(ValueError):
            if str(number := kind(value)) == value:
                return number
    return value


def _matches(pattern: str) -> Test:
    search = re2.compile(pattern, _re2_options()).search

    def test(value: Any) -> bool:
        try:
            return isinstance(value, str) and search(value) is not None
        except UnicodeEncodeError:  # half of a surrogate pair: no text
            return False

    return test


def _contains(texts: tuple[str, ...]) -> Test:
    def test(value: Any) -> bool:
        return isinstance(value, str | list) and any(text in value for text in texts)

    return test


def _tuple(value: str | list[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
