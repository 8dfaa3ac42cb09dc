"""Shows in words what each stage changed in a recorded event."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gateway.event.text import printable
from gateway.explain.explain import Explanation, short_json
from gateway.pipeline.changed import OTHER

_OTHERS = "fields with names of the sender's own"


def happened_in_words(happened: Explanation) -> str:
    """happened: as `gateway.explain.as_happened` gives it."""
    return "\n".join(map(printable, [*_lines(happened), ""]))


def _lines(happened: Explanation) -> Iterator[str]:
    if not happened["recorded"]:
        yield "what each stage changed is not recorded"
        return
    for each in happened["stages"]:
        yield f"{each['stage']} changed"
        if each["words"]:
            yield f"  {each['words']}"
        yield from _changes(each)
    for name, each in happened["destinations"].items():
        yield f"for {name}" if each["changed"] else f"{name} got the event as it left the stages"
        yield from _changes(each)


def _changes(told: Explanation) -> Iterable[str]:
    yield from (f"  rule {rule['name']!r}: {rule['does']}" for rule in told["rules"])
    for change in told["changed"]:
        name = _OTHERS if change["field"] == OTHER else change["field"]
        values = [
            f"{side} {short_json(change[side])}" for side in ("before", "after") if side in change
        ]
        yield f"  {change['kind']} {name}{': ' if values else ''}{', '.join(values)}"
