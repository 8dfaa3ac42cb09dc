"""`set`: gives fields a value, in one of these forms:

literal                       written in the rule; an object is written as ``{literal: ...}``
``{field: other.path}``       the value of another field
``{template: "{path}-{x}"}``  a text with fields in it
"""

from typing import Any

from destinations.paths import OBJECT_OR_LIST, object_at, reader
from destinations.template import compile_template, template_paths
from gateway.event import Event
from gateway.event.each_way import place_of_list
from gateway.event.fields import MISFIT, changed_path, field_type, fitting, read_path
from gateway.event.paths import ANY, MISSING, compile_edit
from gateway.event.text import did_you_mean
from gateway.stages.rules.edits import NO_PLACE, Edit, put_at, setter

_FORMS = ("literal", "field", "template")
_OBJECT = "to set an object, write `{literal: ...}`"
_IN_QUOTES = 'put templates in quotes: `{template: "{event_name}"}`'


def checked_value(path: str, value: Any) -> Any:
    """`value` as written in a rule, but a literal in the type of the field at `path`.

    Raises `ValueError` if the field can never hold it.
    """
    changed_path(path)
    _check_form(path, value)
    form, content = _form(value)
    if form == "literal":
        literal = fitting(path, content)
        return literal if content is value else {"literal": literal}
    if not isinstance(content, str):
        if form == "template" and isinstance(content, dict):
            raise ValueError(f"{path}: {_IN_QUOTES}")
        raise ValueError(f"{path}: {form} is a text; to set an object, write {{literal: ...}}")
    for other in template_paths(content) if form == "template" else [content]:
        read_path(other)
    if form == "field" and _has_any(path) and _has_any(content):
        raise ValueError(
            f"{path}: each element would get the list of all values of {content}; name one of them,"
            " or use `transform`"
        )
    return value


def _has_any(path: str) -> bool:
    return ANY in path.split(".")


def _check_form(path: str, value: Any) -> None:
    """Raises `ValueError` for an object that is none of the forms, such as a form misspelt."""
    if not isinstance(value, dict) or (len(value) == 1 and not value.keys().isdisjoint(_FORMS)):
        return
    if value and all(content is None for content in value.values()):
        raise ValueError(f"{path}: {_IN_QUOTES}")
    unknown = next((str(key) for key in value if key not in _FORMS), None)
    if unknown is None:
        raise ValueError(f"{path}: needs one of {', '.join(_FORMS)}; {_OBJECT}")
    if meant := did_you_mean(unknown, _FORMS):
        raise ValueError(f"{path}: unknown key {unknown!r}{meant} {_OBJECT.capitalize()}")
    raise ValueError(f"{path}: unknown key {unknown!r}; {_OBJECT}")


def set_field(path: str, value: Any) -> Edit:
    """Sets the field at `path` to `value`, which comes from `checked_value`."""
    form, content = _form(value)
    if form == "literal":
        return _set_literal(path, content)
    if form == "field":
        edit, sources = _set_from_field(path, content), [content]
    else:
        edit, sources = _set_from_template(path, content), template_paths(content)
    if _is_of_each(path) and any(map(_is_of_each, sources)):
        return _in_each_address(edit)
    return edit


def _is_of_each(path: str) -> bool:
    """Whether `path` names a field of each address."""
    return place_of_list(tuple(path.split("."))) is not None


def _in_each_address(edit: Edit) -> Edit:
    """`edit`, applied to each of several addresses as if it were the only one."""
    person_key, address_key = OBJECT_OR_LIST

    def edit_each(event: Event) -> str | None:
        person = object_at(event, person_key)
        addresses = person.get(address_key)
        if not isinstance(addresses, list):
            return edit(event)
        words, edited = None, []
        for address in addresses:
            alone = {**event, person_key: {**person, address_key: address}}
            words = edit(alone) or words
            edited.append(alone[person_key][address_key])
        event[person_key] = {**person, address_key: edited}
        return words

    return edit_each


def _form(value: Any) -> tuple[str, Any]:
    if isinstance(value, dict) and len(value) == 1:
        ((key, content),) = value.items()
        if key in _FORMS:
            return key, content
    return "literal", value


def _set_literal(path: str, value: Any) -> Edit:
    field = field_type(path)
    if field.in_url:
        put, nowhere = setter(path), _nowhere(path)
        return lambda event: nowhere if put(event, value) is MISSING else None
    if len(field.keys) > 1:
        return _set_inside(path, value)

    def set_value(event: Event) -> None:
        event[path] = value

    return set_value


def _set_inside(path: str, value: Any) -> Edit:
    field, nowhere = field_type(path), _nowhere(path)
    edit = compile_edit(field.keys, field.makes)

    return lambda event: None if put_at(edit, event, value) else nowhere


def _nowhere(path: str) -> str | None:
    """The message for an event without a place for a value at `path`: a text or number is in the
    way, or a list is too short. None for a path with ``*``, as a list may have no elements."""
    return None if _has_any(path) else f"{path} was not set: {NO_PLACE}"


def _set_from_field(path: str, other: str) -> Edit:
    get, put, nowhere = reader(other), setter(path), _nowhere(path)
    missing = f"{path} was not set: {other} is missing"
    misfit = f"{path} was not set: the value of {other} has the wrong type for it"

    def set_value(event: Event) -> str | None:
        value = get(event)
        if value is MISSING:
            return missing
        held = put(event, value)
        return misfit if held is MISFIT else nowhere if held is MISSING else None

    return set_value


def _set_from_template(path: str, template: str) -> Edit:
    fill, put, nowhere = compile_template(template), setter(path), _nowhere(path)
    missing = f"{path} was not set: a field in its template is missing, or is not a text or number"
    misfit = f"{path} was not set: the result of its template has the wrong type for it"

    def set_value(event: Event) -> str | None:
        text = fill(event)
        if text is None:
            return missing
        held = put(event, text)
        return misfit if held is MISFIT else nowhere if held is MISSING else None

    return set_value
