"""What operations write to the log of operators' actions."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from gateway.configuration.settings import Settings
from gateway.ledger.feeding import build_digests
from gateway.ledger.operator_log import OperatorLog

PLAIN = (
    "destination",
    "destinations",
    "endings",
    "again",
    "since",
    "until",
    "include_expired",
    "apply_rules",
    "anyway",
    "rate",
    "version",
    "method",
    "role",
    "refusal",
    "subject",
    "digest",
    "kind",
)
"""Arguments that are written as they are. Others may name a person."""


@dataclass(frozen=True, slots=True)
class Action:
    """An operator's action, as it is logged.

    user: such as ``anna``, or ``console:anna``. command: such as ``dead-letters drop``. arguments:
    by name; values that may name a person are logged as keyed digests, those of the ledger. warn:
    called when the log cannot be written, since the action cannot be undone.
    """

    settings: Settings
    user: str
    command: str
    arguments: Mapping[str, Any]
    warn: Callable[[str], None]

    def note(self, counts: Mapping[str, int]) -> None:
        """Adds a line. counts: how many events were affected."""
        try:
            OperatorLog.of(self.settings).append(
                {
                    "at": time.time(),
                    "user": self.user,
                    "command": self.command,
                    "arguments": _told(self.settings, self.arguments),
                    "counts": dict(counts),
                }
            )
        except OSError as error:
            self.warn(f"The log of operators' actions cannot be written: {error.strerror}.")

    def note_events(self, events: int) -> None:
        """Adds a line with the number of events."""
        self.note({"events": events})


def _told(settings: Settings, given: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments that were given, as they are written."""
    digests = build_digests(settings)
    told: dict[str, Any] = {}
    for name, value in given.items():
        if value in (None, "", (), [], False):
            continue
        if name in PLAIN:
            told[name] = value
        elif digests is None:
            told[name] = "(not kept: there is no key for a digest)"
        else:
            texts = value if isinstance(value, list | tuple) else (value,)
            told[name] = " ".join(digests.name_of(str(text)) for text in texts)
    return told
