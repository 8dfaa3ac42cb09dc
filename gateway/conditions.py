"""`when:` blocks: their shape in YAML, and the plain functions that they are compiled to.

A block is met when everything in it is met::

    when:
      event_name: purchase                  # equals
      page_hostname: [a.example, b.example] # one of
      value: {gte: 100, lt: 500}            # operators, all of them
      any: [...]                            # blocks: at least one is met
      not: {...}                            # a block that must not be met

A field that is missing meets nothing but ``exists: false`` and ``not``. With ``*`` in its path
(``items.*.item_brand``) a field is met when one of its values is. A path can enter the URL that a
text holds (``page_location.query.ref``).
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Final, Literal

import re2
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    model_validator,
)

from gateway.event import Event
from gateway.fields import read_path
from gateway.paths import ANY, MISSING, getter

Check = Callable[[Event], str | None]
"""None when an event meets a condition, else the words of the first part that it does not meet.

The words are made at start and name the field and what is wanted, never the event's own value.
"""

Unmet = tuple[str, Any]
"""The words of a `Check`, and the value that was seen instead: MISSING, or UNSEEN."""

Probe = Callable[[Event], Unmet | None]
"""A `Check` that also tells what it saw."""

UNSEEN: Final = type("Unseen", (), {"__repr__": lambda _: "UNSEEN"})()
"""Stands for a value that is not shown: there is no single one, or it is about a person."""

_LONGEST_SEEN = 80

_PERSONAL = ("user_data", "user_id", "ip_override")

Scalar = bool | int | float | str
Test = Callable[[Any], bool]

_NUMBERS = (int, float)
_SEQUENCE = (str, list)
"""Tuples, since writing ``int | float`` makes a new object each time it is evaluated."""


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

    @model_validator(mode="after")
    def _paths_lead_somewhere(self) -> Condition:
        for path in self.__pydantic_extra__ or ():
            read_path(path)
        return self


def compile_condition(condition: Condition) -> Check:
    """The function that checks events against `condition`."""
    probe = compile_probe(condition)

    def check(event: Event) -> str | None:
        unmet = probe(event)
        return None if unmet is None else unmet[0]

    return check


def compile_probe(condition: Condition) -> Probe:
    """The function that checks events against `condition` and tells what it saw."""
    parts = _parts(condition)
    if len(parts) == 1:
        return parts[0]
    if len(parts) == 2:
        first, second = parts
        return lambda event: first(event) or second(event)

    def probe_all(event: Event) -> Unmet | None:
        for part in parts:
            unmet = part(event)
            if unmet is not None:
                return unmet
        return None

    return probe_all


def unmet_in_words(unmet: Unmet) -> str:
    """What was not met, and what was seen instead, as far as it may be shown."""
    words, value = unmet
    if value is UNSEEN:
        return f"not met: {words}"
    seen = "nothing" if value is MISSING else repr(value)
    if len(seen) > _LONGEST_SEEN:
        seen = seen[:_LONGEST_SEEN] + "..."
    return f"not met: {words}; saw {seen}"


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


def _parts(condition: Condition) -> list[Probe]:
    parts = [_probe_field(path, operators) for path, operators in _fields(condition)]
    parts += [compile_probe(block) for block in condition.all_ or []]
    if condition.any_ is not None:
        parts.append(_probe_any(condition.any_))
    if condition.not_ is not None:
        parts.append(_probe_not(condition.not_))
    return parts


def _probe_any(blocks: list[Condition]) -> Probe:
    probes = [compile_probe(block) for block in blocks]
    unmet = ("none is met: " + " or ".join(describe(block) for block in blocks), UNSEEN)

    def probe(event: Event) -> Unmet | None:
        for alternative in probes:
            if alternative(event) is None:
                return None
        return unmet

    return probe


def _probe_not(block: Condition) -> Probe:
    probe = compile_probe(block)
    unmet = (f"not ({describe(block)})", UNSEEN)
    return lambda event: None if probe(event) is not None else unmet


def _probe_field(path: str, operators: Operators) -> Probe:
    words = _field_words(path, operators)
    texts, tests = _only_texts(operators), _tests(operators)
    if ANY in path.split(".") or operators.exists is not None or len(tests) != 1:
        probe = _probe_values(path, operators, words)
    elif texts is not None:
        probe = _probe_texts(path, texts, words)
    else:
        probe = _probe_value(path, tests[0], words)
    return _hiding(probe) if path.split(".")[0] in _PERSONAL else probe


def _hiding(probe: Probe) -> Probe:
    """`probe`, for a field whose value is not shown."""

    def hiding(event: Event) -> Unmet | None:
        unmet = probe(event)
        if unmet is None or unmet[1] is MISSING:
            return unmet
        return unmet[0], UNSEEN

    return hiding


def _probe_texts(path: str, texts: frozenset[str], words: str) -> Probe:
    """The most common condition, in one call: a field equals one of some texts."""
    get = getter(path)

    def probe(event: Event) -> Unmet | None:
        value = get(event)
        try:
            return None if value in texts else (words, value)
        except TypeError:  # an object or list
            return words, value

    def probe_outermost(event: Event) -> Unmet | None:
        value = event.get(path, MISSING)
        try:
            return None if value in texts else (words, value)
        except TypeError:
            return words, value

    return probe if "." in path else probe_outermost


def _probe_value(path: str, test: Test, words: str) -> Probe:
    """No test is met by MISSING."""
    get = getter(path)

    def probe(event: Event) -> Unmet | None:
        value = get(event)
        return None if test(value) else (words, value)

    def probe_outermost(event: Event) -> Unmet | None:
        value = event.get(path, MISSING)
        return None if test(value) else (words, value)

    return probe if "." in path else probe_outermost


def _only_texts(operators: Operators) -> frozenset[str] | None:
    """The texts that a value has to be one of, if that is all, and no number equals one."""
    wanted = [operators.equals] if operators.in_ is None else operators.in_
    if operators.model_dump(exclude_none=True).keys() not in ({"equals"}, {"in_"}):
        return None
    texts = frozenset(value for value in wanted if isinstance(value, str))
    numbers = any(not isinstance(_other_form(text), str) for text in texts)
    return None if numbers or len(texts) < len(set(wanted)) else texts


def _probe_values(path: str, operators: Operators, words: str) -> Probe:
    get, tests, exists = getter(path), _tests(operators), operators.exists
    several = ANY in path.split(".")

    def probe(event: Event) -> Unmet | None:
        value = get(event)
        if value is MISSING:
            return None if exists is False and not tests else (words, value)
        if exists is False:
            return words, value
        candidates = value if several else (value,)
        return None if _one_meets(candidates, tests) else (words, value)

    return probe


def _one_meets(candidates: Sequence[Any], tests: list[Test]) -> bool:
    for candidate in candidates:
        for test in tests:
            if not test(candidate):
                break
        else:
            return True
    return False


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
        tests.append(lambda value: type(value) in _NUMBERS and value > above)
    if (least := operators.gte) is not None:
        tests.append(lambda value: type(value) in _NUMBERS and value >= least)
    if (below := operators.lt) is not None:
        tests.append(lambda value: type(value) in _NUMBERS and value < below)
    if (most := operators.lte) is not None:
        tests.append(lambda value: type(value) in _NUMBERS and value <= most)
    return tests


def _one_of(wanted: list[Scalar]) -> Test:
    """Equality as a person means it: 12 and the text "12" are equal, and true is not 1."""
    flags = {value for value in wanted if isinstance(value, bool)}
    plain = {value for value in wanted if not isinstance(value, bool)}
    plain |= {_other_form(value) for value in plain}

    def test(value: Any) -> bool:
        if isinstance(value, str):
            return value in plain
        if value is True or value is False:
            return value in flags
        return type(value) in _NUMBERS and value in plain

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
            # as bytes, for which the library need not count characters
            return isinstance(value, str) and search(value.encode()) is not None
        except UnicodeEncodeError:  # half of a surrogate pair: no text
            return False

    return test


def _contains(texts: tuple[str, ...]) -> Test:
    def test(value: Any) -> bool:
        return isinstance(value, _SEQUENCE) and any(text in value for text in texts)

    return test


def _tuple(value: str | list[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)
