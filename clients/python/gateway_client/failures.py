"""Events that the gateway did not accept, and who is told of them."""

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway_client.entries import Entry, make_entry

log = logging.getLogger("gateway_client")

MAX_REASON_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class Failure:
    """An event that was not accepted, or not for certain.

    reason: in words, without anything of the event. refused: whether the gateway refused it, so
    that it would refuse it again; otherwise it can be sent again, with the same `event_id`.
    """

    entry: Entry
    reason: str
    refused: bool

    @property
    def event_id(self) -> str:
        return self.entry.event_id

    @property
    def event_name(self) -> str:
        return self.entry.event_name

    @property
    def event(self) -> dict[str, Any]:
        """The event, to store it. It may contain personal data."""
        event: dict[str, Any] = json.loads(self.entry.body)
        return event


OnFailure = Callable[[Failure], None]


class NotAccepted(Exception):
    """Some events of a call of `send` were not accepted: `failures`. All others were."""

    def __init__(self, failures: Sequence[Failure]) -> None:
        super().__init__(f"{len(failures)} events were not accepted: {failures[0].reason}")
        self.failures = failures


def read_call(name: str, fields: Mapping[str, Any] | None) -> tuple[Entry, Failure | None]:
    """The event of a call of `event`, or its id and name alone, and why it cannot be sent."""
    event = {**(fields or {}), "event_name": name}
    try:
        return make_entry(event), None
    except ValueError as error:
        entry = make_entry({key: event.get(key) for key in ("event_id", "event_name")})
        return entry, Failure(entry, str(error), refused=True)


def report(failures: Sequence[Failure], on_failure: OnFailure | None) -> None:
    """Logs each of `failures`, and passes it to `on_failure`. An exception of that function ends
    nothing; its text is not logged, because it may repeat personal data."""
    for failure in failures:
        log.error(
            "event %s (%s) was not accepted: %s",
            shown(failure.event_id),
            shown(failure.event_name),
            failure.reason,
        )
        if on_failure is not None:
            try:
                on_failure(failure)
            except Exception as error:
                log.error("on_failure raised %s", type(error).__name__)


def shown(text: str) -> str:
    """`text` for one line of a log."""
    return ascii(text[:MAX_REASON_CHARACTERS])[1:-1]
