"""Removes from one event what must not be stored, and records what was removed where."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from gateway.event import Event
from gateway.event.text import printable
from gateway.stages.pii.fields import RENAME, Action, Fields, Told
from gateway.stages.pii.marks import REDACTED
from gateway.stages.pii.matching import to_bytes
from gateway.stages.pii.passes import Remover, repeated
from gateway.stages.pii.work import MAX_WORK, work_of

_WORDS = {"email": "e-mail", "phone": "phone number", "card": "card number", "token": "token"}
_TOO_MUCH = "removed completely because there is too much text to search: "
_MAX_PLACES = 10
_MAX_PLACE = 100


class Cleaning:
    """The cleaning of one event. found: how often something was removed, by place and pattern.

    find: returns None for texts in which no pattern could change anything. All other texts cost
    work. A text that costs more than the work that is left is removed as a whole.
    """

    def __init__(
        self,
        fields: Fields,
        patterns: Sequence[tuple[str, Remover]],
        find: Callable[[bytes], object],
    ) -> None:
        self._fields = fields
        self._patterns = patterns
        self._find = find
        self._work_left = MAX_WORK
        self._unsearched: Counter[str] = Counter()
        self.found: Counter[tuple[str, str]] = Counter()

    def event(self, event: Event) -> Event:
        return self._object(event, "")

    def words(self) -> str:
        """``removed 1 e-mail from page_location, 2 tokens from page_referrer``."""
        return "; ".join(filter(None, [self._found_words(), self._unsearched_words()]))

    def _unsearched_words(self) -> str:
        if not self._unsearched:
            return ""
        places = list(self._unsearched)
        if len(places) > _MAX_PLACES:
            places[_MAX_PLACES:] = [f"and {len(places) - _MAX_PLACES} other places"]
        return _TOO_MUCH + ", ".join(map(printable, places))

    def _found_words(self) -> str:
        if not self.found:
            return ""
        parts = [
            f"{count} {_WORDS[pattern]}{'s' if count > 1 else ''} from {place}"
            for (place, pattern), count in self.found.items()
        ]
        if len(parts) > _MAX_PLACES:
            parts[_MAX_PLACES:] = [f"and more from {len(parts) - _MAX_PLACES} other places"]
        return "removed " + ", ".join(parts)

    def _object(self, old: dict[str, Any], place: str) -> dict[str, Any]:
        new: dict[str, Any] = {}
        changed = False
        for name, value in old.items():
            action = self._fields[name]
            if action is None:
                new[name] = value
                continue
            new_name = name
            if action is RENAME:
                new_name = self._text(name, f"a name in {place or 'the event'}")
                action = self._fields.of_clean_name(new_name)
            below = f"{place}.{new_name}" if place else new_name
            new[new_name] = cleaned = self._value(value, action, below[:_MAX_PLACE])
            changed = changed or cleaned is not value or new_name is not name
        return new if changed else old

    def _list(self, old: list[Any], action: Action, place: str) -> list[Any]:
        new = [
            self._value(value, action, f"{place}.{index}"[:_MAX_PLACE])
            for index, value in enumerate(old)
        ]
        return old if all(a is b for a, b in zip(old, new, strict=True)) else new

    def _value(self, value: Any, action: Action, place: str) -> Any:
        if isinstance(value, dict):
            return self._object(value, place)
        if isinstance(value, list):
            return self._list(value, action, place)
        told = action if isinstance(action, Told) else None
        if isinstance(value, str) and (told is None or not told.takes(value)):
            value = self._text(value, place)  # may leave a value that the field loses
        if told is not None and told.takes(value):
            self.found[place, told.pattern] += 1
            return f"[{told.pattern}]"
        return value

    def _text(self, text: str, place: str) -> str:
        """`text` after all patterns, which are repeated as long as one uncovers something new."""
        if self._find(to_bytes(text)) is None:
            return text
        work = work_of(text)
        if work > self._work_left:
            self._unsearched[place] += 1
            return REDACTED
        self._work_left -= work

        def remove(text: str) -> str:
            for name, pattern in self._patterns:
                text = self._without(text, name, pattern, place)
            return text

        return repeated(remove, self._find, REDACTED)(text)

    def _without(self, text: str, name: str, remove: Remover, place: str) -> str:
        cleaned = remove(text)
        if cleaned is not text:
            mark = f"[{name}]"
            self.found[place, name] += max(1, cleaned.count(mark) - text.count(mark))
        return cleaned


def found_too_much(words: str) -> bool:
    """Whether `words`, of a `Cleaning`, say that texts were removed as a whole."""
    return _TOO_MUCH in words
