"""`set`: gives fields a value, which is one of

literal                       written in the rule; a mapping that would be taken for one of
                              the others is written as ``{literal: ...}``
``{field: other.path}``       what another field has
``{template: "{path}-{x}"}``  a text with fields in it
"""

from typing import Any

from destinations.template import compile_template, template_paths
from gateway.event import Event
from gateway.event.fields import MISFIT, changed_path, field_type, fitting, read_path
from gateway.event.paths import MISSING, editor, getter
from gateway.stages.rules.edits import Edit, setter

_FORMS = ("literal", "field", "template")


def checked_value(path: str, value: Any) -> Any:
    """`value` as written in a rule, a literal in the type that the field at `path` has.

    Raises `ValueError` when the field can never hold it.
    """
    form, content = _form(value)
    changed_path(path)
    if form == "literal":
        literal = fitting(path, content)
        return literal if content is value else {"literal": literal}
    if not isinstance(content, str):
        raise ValueError(
            f"{path}: {form} is a text; to set a mapping as it is, write {{literal: ...}}"
        )
    for other in template_paths(content) if form == "template" else [content]:
        read_path(other)
    return value


def set_field(path: str, value: Any) -> Edit:
    """Gives the field at `path` a `value` that went through `checked_value`."""
    form, content = _form(value)
    if form == "field":
        return _set_from_field(path, content)
    if form == "template":
        return _set_from_template(path, content)
    return _set_literal(path, content)


def _form(value: Any) -> tuple[str, Any]:
    if isinstance(value, dict) and len(value) == 1:
        ((key, content),) = value.items()
        if key in _FORMS:
            return key, content
    return "literal", value


def _set_literal(path: str, value: Any) -> Edit:
    field = field_type(path)
    if field.in_url:
        put = setter(path)

        def set_in_url(event: Event) -> None:
            put(event, value)

        return set_in_url
    if len(field.keys) > 1:
        return editor(path, lambda _: value, field.makes)

    def set_value(event: Event) -> None:
        event[path] = value

    return set_value


def _set_from_field(path: str, other: str) -> Edit:
    get, put = getter(other), setter(path)
    missing = f"{path} was not set: {other} is missing"
    misfit = f"{path} was not set: the value of {other} has the wrong type for it"

    def set_value(event: Event) -> str | None:
        value = get(event)
        if value is MISSING:
            return missing
        return misfit if put(event, value) is MISFIT else None

    return set_value


def _set_from_template(path: str, template: str) -> Edit:
    fill, put = compile_template(template), setter(path)
    missing = f"{path} was not set: a field in its template is missing, or is not a text or number"
    misfit = f"{path} was not set: the result of its template has the wrong type for it"

    def set_value(event: Event) -> str | None:
        text = fill(event)
        if text is None:
            return missing
        return misfit if put(event, text) is MISFIT else None

    return set_value
