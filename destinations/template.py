"""Texts with fields in them: ``{event_name}-{items.0.item_id}``."""

from collections.abc import Callable
from string import Formatter
from typing import Any

from destinations.paths import ANY, as_text, reader

Template = Callable[[dict[str, Any]], str | None]
"""The text for an event; None if one of the fields is missing or cannot be written as a text."""


def compile_template(template: str, to_text: Callable[[Any], str | None] = as_text) -> Template:
    """The function that fills `template`, in which a literal brace is written twice.

    to_text: from a value to its text; None if it has none. Raises `ValueError` for a template that
    is not valid.
    """
    pieces = [(before, None if path is None else reader(path)) for before, path in _read(template)]

    def fill(event: dict[str, Any]) -> str | None:
        filled = ""
        for before, get in pieces:
            filled += before
            if get is not None:
                text = to_text(get(event))
                if text is None:
                    return None
                filled += text
        return filled

    return fill


def template_paths(template: str) -> list[str]:
    """The paths in `template`. Raises `ValueError` if it is not valid."""
    return [path for _, path in _read(template) if path is not None]


def _read(template: str) -> list[tuple[str, str | None]]:
    """The pieces of `template`: a text, and the path of the field that follows it, or None."""
    try:
        parsed = list(Formatter().parse(template))
    except ValueError:
        raise ValueError(
            "a template needs a path between each { and }; write {{ and }} for braces"
        ) from None
    for _, path, form, conversion in parsed:
        if form or conversion:
            raise ValueError(
                "a template inserts fields as they are; remove : and ! between { and }"
            )
        if path is not None and ANY in path.split("."):
            raise ValueError(f"a template needs single values; {path} contains *")
    return [(before, path) for before, path, _, _ in parsed]
