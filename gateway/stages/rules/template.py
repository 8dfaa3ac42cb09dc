"""Texts with fields in them: ``{event_name}-{items.0.item_id}``."""

from collections.abc import Callable
from string import Formatter

from gateway.event import Event
from gateway.event.fields import read_path
from gateway.event.paths import ANY, as_text, getter

Template = Callable[[Event], str | None]
"""The text for an event, or None when one of its fields is missing or no text or number."""


def compile_template(template: str) -> Template:
    """The function that fills `template`; a brace that is meant as one is written twice.

    Raises `ValueError` when it cannot be read.
    """
    pieces = [_piece(*piece) for piece in _parsed(template)]

    def fill(event: Event) -> str | None:
        filled = ""
        for before, get in pieces:
            filled += before
            if get is not None:
                text = as_text(get(event))
                if text is None:
                    return None
                filled += text
        return filled

    return fill


def _parsed(template: str) -> list[tuple[str, str | None, str | None, str | None]]:
    try:
        return list(Formatter().parse(template))
    except ValueError:
        raise ValueError(
            "a template needs a path between each { and }; write {{ and }} for braces"
        ) from None


def _piece(
    before: str, path: str | None, form: str | None, conversion: str | None
) -> tuple[str, Callable[[Event], object] | None]:
    if path is None:
        return before, None
    if form or conversion:
        raise ValueError("a template inserts fields as they are; remove : and ! between { and }")
    if ANY in path.split("."):
        raise ValueError(f"a template needs single values; {path} contains *")
    return before, getter(read_path(path))
