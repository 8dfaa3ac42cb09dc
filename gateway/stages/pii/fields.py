"""Decides by the name of a field what the guard does with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from gateway.stages.pii import parameters
from gateway.stages.pii.parameters import Telling
from gateway.stages.vendor_cookies import ADVERTISING_BROWSERS, ADVERTISING_COOKIES
from gateway.urls.page import CLICK_IDS

PERSONAL = ("user_data",)
"""Fields where personal data belongs; the destinations that need it hash it."""

IDS = (
    *("client_id", "user_id", "anonymous_id", "device_id", "ga_session_id", "ga_session_number"),
    *("event_id", "transaction_id", "item_id", "item_list_id", "promotion_id", "location_id"),
    *("click_ids", *CLICK_IDS, *ADVERTISING_BROWSERS, *ADVERTISING_COOKIES),
)

TECHNICAL = (
    *("timestamp", "ip_override", "user_agent", "client_hints", "language", "currency"),
    *("screen_resolution", "viewport_size", "page_encoding", "consent", "event_location"),
)
"""Fields with a fixed format, which leaves no room for free text."""

_ALSO_NUMBERS = (parameters.PHONE, parameters.CARD)


class Look:
    """Free text, to be searched with all patterns."""


class Rename:
    """A name that may itself contain something that must not be stored."""


class Told(NamedTuple):
    """A field whose name tells what its value is."""

    pattern: str
    telling: Telling

    def takes(self, value: object) -> bool:
        """Whether this value must go: a text, or an integer where the field may hold a number."""
        if isinstance(value, str):
            return parameters.loses(self.telling, value)
        if isinstance(value, bool) or not isinstance(value, int):
            return False
        return self.telling in _ALSO_NUMBERS and parameters.loses(self.telling, str(value))


LOOK: Final = Look()
RENAME: Final = Rename()
Action = Look | Rename | Told | None
"""What to do with a field; None: skip it, with everything in it."""

_MAX_REMEMBERED, _MAX_LENGTH = 10_000, 64


class Fields:
    """The action for each field, by its name; it is determined when the name first occurs.

    known: the actions that are cached, to be looked up without a call.
    """

    def __init__(
        self, left_alone: Iterable[str], patterns: Iterable[str], is_clean: Callable[[str], bool]
    ) -> None:
        self.known: dict[str, Action] = {}
        self._left_alone = dict.fromkeys((*PERSONAL, *IDS, *TECHNICAL, *left_alone))
        told = [Told(pattern, parameters.FIELDS[pattern]) for pattern in patterns]
        self._told = [(parameters.tells(each.telling), each) for each in told]
        self._is_clean = is_clean

    def __len__(self) -> int:
        return len(self.known)

    def __getitem__(self, name: str) -> Action:
        try:
            return self.known[name]
        except KeyError:
            return self._learn(name)

    def _learn(self, name: str) -> Action:
        action = self._action(name)
        if action is not RENAME and len(name) <= _MAX_LENGTH:
            if len(self.known) >= _MAX_REMEMBERED:  # made up by a sender; real names come back
                self.known.clear()
            self.known[name] = action
        return action

    def _action(self, name: str) -> Action:
        if self._is_left_alone(name):
            return None
        return self._told_or_look(name) if self._is_clean(name) else RENAME

    def of_clean_name(self, name: str) -> Action:
        """The action for a field whose name needs no cleaning."""
        return None if self._is_left_alone(name) else self._told_or_look(name)

    def _is_left_alone(self, name: str) -> bool:
        return name in self._left_alone or name[:7].lower() == "sha256_"

    def _told_or_look(self, name: str) -> Action:
        return next((told for tells, told in self._told if tells(name)), LOOK)
