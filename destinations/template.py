"""Texts with fields in them: ``{event_name}-{items.0.item_id}``."""

from collections.abc import Callable
from string import Formatter
from typing import Any

from destinations.paths import ANY, as_text, reader

Template = Callable[[dict[str, Any]], str | None]
"""The text for an event, or None when one of its fields is missing or no text or number."""


def compile_template(template: str, to_text: Callable[[Any], str | None] = as_text) -> Template:
    """The function that fills `template`; a brace that is meant as one is written twice.

    to_text: how a value is written; None if it cannot be. Raises `ValueError` when the template
    cannot be read.
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
    """The paths in `template`. Raises `ValueError` when it cannot be read."""
    return [path for _, path in _read(template) if path is not None]


def _read(template: str) -> list[tuple[str, str | None]]:
    """The pieces of `template`: a text, and the path of the field that follows it, if one does."""
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
