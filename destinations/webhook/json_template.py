"""JSON templates: JSON with fields of an event in its texts, ``{"order": "{transaction_id}"}``."""

import re
from collections.abc import Callable
from typing import Any

from destinations.base import Event
from destinations.json_values import representable
from destinations.paths import ANY, MISSING, reader
from destinations.template import compile_template, template_paths

Source = Callable[[Event], Any]
"""From an event to a JSON value, or MISSING."""

_is_field_alone = re.compile(r"\{([^{}!:]+)\}").fullmatch


def compile_json_template(template: Any) -> Source:
    """The function that fills `template`, a JSON value.

    A text that is only one field becomes the field's value, in its type; a list if the path has
    ``*``. In other texts, the fields are inserted. A text with a missing field, or with a field
    that cannot be inserted as text, is left out of its object or list. Raises `ValueError` for a
    template that is not valid.
    """
    if isinstance(template, str):
        alone = _is_field_alone(template)
        return compile_path(alone[1]) if alone else _filled_text(template)
    if isinstance(template, dict):
        return _filled_object(template)
    if isinstance(template, list):
        return _filled_list(template)
    representable(template)
    return lambda _: template


def compile_path(path: str) -> Source:
    """The function that reads the value at `path`. Raises `ValueError` if it is not valid."""
    keys = path.split(".")
    if not all(keys) or keys[0] == ANY or path != path.strip():
        raise ValueError(
            f"{path!r} is not the path of a field, such as value or items.0.item_id; "
            "write {{ and }} for braces"
        )
    return reader(path)


def check_text(template: str) -> None:
    """Raises `ValueError` unless `template` is a valid text with fields."""
    for path in template_paths(template):
        compile_path(path)


def _filled_text(template: str) -> Source:
    check_text(template)
    fill_text = compile_template(template)

    def fill(event: Event) -> Any:
        text = fill_text(event)
        return MISSING if text is None else text

    return fill


def _filled_object(template: dict[Any, Any]) -> Source:
    if not all(isinstance(key, str) for key in template):
        raise ValueError("keys in a template must be texts; put numbers and dates in quotes")
    sources = {key: compile_json_template(value) for key, value in template.items()}

    def fill(event: Event) -> Any:
        values = ((key, source(event)) for key, source in sources.items())
        return {key: value for key, value in values if value is not MISSING}

    return fill


def _filled_list(template: list[Any]) -> Source:
    sources = [compile_json_template(value) for value in template]

    def fill(event: Event) -> Any:
        values = (source(event) for source in sources)
        return [value for value in values if value is not MISSING]

    return fill
