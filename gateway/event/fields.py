"""The values that the event model allows at a path, and their types.

Rules change events after `read_event`. This module checks the values that they set: at start if
they are known then, otherwise for each event, with a function that is cheap for plain texts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Final, get_origin

from pydantic import ConfigDict, TypeAdapter, ValidationError
from typing_extensions import get_type_hints, is_typeddict

from destinations.json_values import representable
from destinations.url_parts import CHANGED, PARTS
from gateway.event.bounds import MAX_DEPTH
from gateway.event.model import known_fields, without_nulls
from gateway.event.paths import ANY, as_text
from gateway.event.schema import EventFields, below, branches, unwrapped
from gateway.event.text import did_you_mean

MISFIT: Final = type("Misfit", (), {"__repr__": lambda _: "MISFIT"})()
"""Stands for a value that a field cannot hold."""

Fit = Callable[[Any], Any]
"""Returns the value that the field would have had in an incoming event, or MISFIT."""


@dataclass(frozen=True, slots=True)
class FieldType:
    """The values that a path allows.

    keys: of the path; those from `url` on, if any, lead into the URL in a known text field.
    fit: for the value at ``keys[:url]``. kinds: JSON Schema's names of the types that it may have,
    empty for a field that the gateway does not know.
    makes: whether missing objects along the path may be created; a missing URL may not.
    """

    keys: tuple[str, ...]
    url: int
    fit: Fit
    kinds: frozenset[str] = frozenset()
    makes: bool = True

    @property
    def in_url(self) -> bool:
        return self.url < len(self.keys)

    def takes(self, *kinds: str) -> bool:
        """Whether the field may hold a value of one of `kinds`."""
        return not self.kinds or not self.kinds.isdisjoint(kinds)


@cache
def field_type(path: str) -> FieldType:
    """The type of the field at `path`. Raises `ValueError`, with a remedy, if no event can have a
    value there."""
    keys = tuple(path.split("."))
    if "" in keys:
        raise ValueError(f"{path!r} is not a path; write names of fields with one dot between them")
    if len(keys) > MAX_DEPTH:
        raise ValueError(f"{path}: events can be nested at most {MAX_DEPTH} levels deep")
    annotation: Any = EventFields
    makes = True
    for at, key in enumerate(keys):
        found = list(below(annotation, key))
        if not found:
            return _in_url(path, keys, at, annotation)
        makes = makes and _is_object(annotation, key)
        annotation = next((each for each in found if each is not Any), Any)
        if annotation is Any:
            makes = makes and "query" not in keys[1:-1]
            return FieldType(keys, len(keys), _shallow(MAX_DEPTH - len(keys)), makes=makes)
    fit, kinds = _reader(annotation, MAX_DEPTH - len(keys))
    return FieldType(keys, len(keys), fit, kinds, makes)


def known_names(*above: str) -> set[str]:
    """The names of the fields that the gateway knows in the object at the keys `above`; none in a
    sender's own objects."""
    annotations: list[Any] = [EventFields]
    for key in above:
        annotations = [inner for each in annotations for inner in below(each, key)]
    objects = [bare for each in annotations for bare in branches(each) if is_typeddict(bare)]
    return {name for each in objects for name in get_type_hints(each)}


def read_path(path: str) -> str:
    """`path`, if an event can have a value there; otherwise raises `ValueError`."""
    field_type(path)
    return path


def changed_path(path: str) -> str:
    """`path`, if the value there can be changed; otherwise raises `ValueError`."""
    field = field_type(path)
    if field.in_url and field.keys[field.url] not in CHANGED:
        text = ".".join(field.keys[: field.url])
        raise ValueError(f"{path} is read-only; change {text} itself")
    return path


def fitting(path: str, value: Any) -> Any:
    """`value`, known at start, in the type of the field at `path`.

    Raises `ValueError` (or `gateway.event.EventError`, a subclass) if the field cannot hold it. The
    message does not repeat the value.
    """
    field = field_type(changed_path(path))
    try:
        representable(value)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    if field.in_url:
        if as_text(value) is None:
            raise ValueError(f"{path} is part of a URL; it must be a text or a number")
        return value
    fitted = field.fit(value)
    if fitted is not MISFIT:
        return fitted
    nested = value
    for key in reversed(field.keys):
        nested = [nested] if key == ANY or key.isdigit() else {key: nested}
    known_fields(without_nulls({"event_name": "any", **nested}, MAX_DEPTH))  # says what is wrong
    raise ValueError(f"{path} cannot be null or nested this deeply; use remove to remove it")


def _in_url(path: str, keys: tuple[str, ...], at: int, annotation: Any) -> FieldType:
    fit, kinds = _reader(annotation, 0)
    if "string" in kinds and keys[at] in PARTS:
        return FieldType(keys, at, fit, kinds, makes=False)
    raise ValueError(_no_such(path, ".".join(keys[:at]), keys[at], annotation, kinds))


def _no_such(path: str, above: str, key: str, annotation: Any, kinds: frozenset[str]) -> str:
    bare = unwrapped(annotation, Annotated)
    if key == ANY and kinds == {"object"}:
        here = above or "an event"
        wish = f"write {above} or one of its fields" if above else "write the name of a field"
        return f"{path}: {here} is an object, and * is for the elements of a list: {wish}"
    if is_typeddict(bare):
        return f"{path}: {above} has no {key}{did_you_mean(key, get_type_hints(bare))}"
    if kinds == {"array"}:
        rest = path.removeprefix(f"{above}.")
        return f"{path}: {above} is a list: write {above}.*.{rest} for each element, or {above}.0"
    if "string" in kinds:
        parts = ", ".join(".query.<name>" if part == "query" else f".{part}" for part in PARTS)
        return f"{path}: {above} is a text: as a URL it has {parts}"
    return f"{path}: {above} is a number and has no fields"


def _is_object(annotation: Any, key: str) -> bool:
    """Whether `key` is a member of an object, which a rule may create, and not of a list."""
    kinds = [is_typeddict(bare) or get_origin(bare) is dict for bare in branches(annotation)]
    return all(kinds) or (any(kinds) and not (key == ANY or key.isdigit()))


@cache
def _reader(annotation: Any, levels: int) -> tuple[Fit, frozenset[str]]:
    """The function that fits values to `annotation`, and its kinds. levels: how deep a value may
    nest."""
    config = ConfigDict(coerce_numbers_to_str=True)
    adapter: TypeAdapter[Any] = TypeAdapter(
        annotation, config=None if is_typeddict(unwrapped(annotation, Annotated)) else config
    )
    schema = adapter.json_schema()
    branches = schema.get("anyOf", [schema])
    kinds = frozenset(branch.get("type", "object") for branch in branches)
    longest = max((_longest_plain_text(branch) for branch in branches), default=-1)
    check_depth = _shallow(levels)
    validate = adapter.validate_python

    def fit(value: Any) -> Any:
        if type(value) is str and len(value) <= longest:
            return value
        try:
            read = validate(value)
        except ValidationError:
            return MISFIT
        return check_depth(read) if isinstance(read, dict | list) else read

    return fit, kinds | {"number"} if "integer" in kinds else kinds


def _longest_plain_text(schema: dict[str, Any]) -> int:
    """The maximum length of a text whose only limit is its length; -1 for other types."""
    if schema.keys() <= {"type", "maxLength"} and schema.get("type") == "string":
        longest: int = schema.get("maxLength", -1)
        return longest
    return -1


def _shallow(levels: int) -> Fit:
    """A function that accepts values nested at most `levels` deep."""

    def fit(value: Any) -> Any:
        return MISFIT if isinstance(value, dict | list) and _deeper(value, levels) else value

    return fit


def _deeper(container: dict[str, Any] | list[Any], levels: int) -> bool:
    if levels <= 0:
        return True
    inner = container.values() if isinstance(container, dict) else container
    return any(isinstance(each, dict | list) and _deeper(each, levels - 1) for each in inner)
