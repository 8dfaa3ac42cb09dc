"""Which stored events are selected, by the query of a URL or the fields of a form."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from starlette.datastructures import FormData, QueryParams

from gateway.event.moment import HOW_TO_WRITE, unix_seconds
from gateway.queue.stored_events import Filter

TEXTS = ("reason", "event_name", "event_id", "id")
TIMES = ("since", "until")
MAX_CHARACTERS = 500

ENDS_FIRST = "The time ends before it begins: “From” is later than “Until”."


@dataclass(frozen=True, slots=True)
class Selected:
    """given: the filters as they were written. destinations: their names; none means all. mistakes:
    in sentences; if there are any, nothing is selected."""

    given: Mapping[str, str]
    destinations: Sequence[str]
    wanted: Filter
    mistakes: Sequence[str] = ()

    @property
    def is_narrow(self) -> bool:
        return bool(self.given or self.destinations)

    def url(self, path: str, **changed: str) -> str:
        """`path` with the filters and `changed`, in which "" removes a filter."""
        given = {name: text for name, text in (dict(self.given) | changed).items() if text}
        places = [("destination", name) for name in self.destinations]
        if "destination" in changed:
            places = []
        query = urlencode([*places, *given.items()])
        return f"{path}?{query}" if query else path

    def arguments(self) -> dict[str, Any]:
        """As the log of operators' actions has them."""
        times = {"since": self.wanted.since, "until": self.wanted.until}
        texts = {name: self.given.get(name) for name in TEXTS}
        return {"destinations": [*self.destinations], **texts, **times}


def read_selected(query: QueryParams | FormData) -> Selected:
    given, mistakes = {}, []
    for name in (*TEXTS, *TIMES):
        value = query.get(name, "")
        if isinstance(value, str) and (text := value.strip()[:MAX_CHARACTERS]):
            given[name] = text
    names = [name for name in query.getlist("destination") if isinstance(name, str) and name]
    times, now = {}, time.time()
    for name in TIMES:
        if text := given.get(name, ""):
            try:
                times[name] = float(text) if _is_unix(text) else unix_seconds(text, now)
            except ValueError:
                mistakes.append(f"{text!r} is no time. {HOW_TO_WRITE}")
    if times.get("since", 0.0) > times.get("until", float("inf")):
        mistakes.append(ENDS_FIRST)
    wanted = Filter(
        reason=given.get("reason"),
        event_name=given.get("event_name"),
        event_id=given.get("event_id"),
        id=given.get("id"),
        since=times.get("since"),
        until=times.get("until"),
    )
    return Selected(given, [*dict.fromkeys(names)], wanted, mistakes)


def _is_unix(text: str) -> bool:
    """Unix seconds, as our own links have them."""
    whole, _, part = text.partition(".")
    return text.isascii() and len(whole) == 10 and whole.isdigit() and (not part or part.isdigit())
