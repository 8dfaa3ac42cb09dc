"""Taking what must not be stored out of one event, with a note of what was where."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from gateway.event import Event
from gateway.pii.fields import RENAME, Action, Fields, Told
from gateway.pii.matching import to_bytes

Remover = Callable[[str], str]

_WORDS = {"email": "e-mail", "phone": "phone number", "card": "card number", "token": "token"}
_MOST_PLACES = 10
_LONGEST_PLACE = 100
_MOST_PASSES = 4


class Cleaning:
    """The cleaning of one event. found: how often something was removed, by place and pattern.

    find: something for every text in which a pattern could change anything.
    """

    def __init__(
        self,
        fields: Fields,
        patterns: Sequence[tuple[str, Remover]],
        find: Callable[[bytes], object],
    ) -> None:
        self._fields, self._patterns, self._find = fields, patterns, find
        self.found: Counter[tuple[str, str]] = Counter()

    def event(self, event: Event) -> Event:
        return self._object(event, "")

    def words(self) -> str:
        """``removed 1 e-mail from page_location, 2 tokens from page_referrer``."""
        if not self.found:
            return ""
        parts = [
            f"{count} {_WORDS[pattern]}{'s' if count > 1 else ''} from {place}"
            for (place, pattern), count in self.found.items()
        ]
        if len(parts) > _MOST_PLACES:
            parts[_MOST_PLACES:] = [f"and more from {len(parts) - _MOST_PLACES} other places"]
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
                action = self._fields[new_name]
            below = f"{place}.{new_name}" if place else new_name
            new[new_name] = cleaned = self._value(value, action, below[:_LONGEST_PLACE])
            changed = changed or cleaned is not value or new_name is not name
        return new if changed else old

    def _list(self, old: list[Any], action: Action, place: str) -> list[Any]:
        new = [
            self._value(value, action, f"{place}.{index}"[:_LONGEST_PLACE])
            for index, value in enumerate(old)
        ]
        return old if all(a is b for a, b in zip(old, new, strict=True)) else new

    def _value(self, value: Any, action: Action, place: str) -> Any:
        if isinstance(value, dict):
            return self._object(value, place)
        if isinstance(value, list):
            return self._list(value, action, place)
        if isinstance(action, Told) and action.takes(value):
            self.found[place, action.pattern] += 1
            return f"[{action.pattern}]"
        return self._text(value, place) if isinstance(value, str) else value

    def _text(self, text: str, place: str) -> str:
        """`text` after every pattern, again as long as one leaves something for another."""
        for _ in range(_MOST_PASSES):
            if self._find(to_bytes(text)) is None:
                break
            before = text
            for name, remove in self._patterns:
                text = self._without(text, name, remove, place)
            if text is before:
                break
        return text

    def _without(self, text: str, name: str, remove: Remover, place: str) -> str:
        cleaned = remove(text)
        if cleaned is not text:
            mark = f"[{name}]"
            self.found[place, name] += max(1, cleaned.count(mark) - text.count(mark))
        return cleaned
