"""The filters of a search for endings, as its URL states them."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from starlette.datastructures import ImmutableMultiDict

from gateway.console.personal import is_shown
from gateway.event.endings import ENDINGS
from gateway.event.moment import HOW_TO_WRITE, unix_seconds
from gateway.ledger.answers import Wanted
from gateway.ledger.search import read_position
from gateway.ledger.sought import is_digests, join_digests, split_digests

_TEXTS = ("destination", "ending", "source", "event_name", "reason")
_TIMES = ("since", "until")
MAX_TEXT = 256
MAX_FIELDS = 4

PERSONAL_FIELD = (
    "{} cannot be searched here, since it may hold personal data, which does not belong in a "
    "URL. A person's events are found by the e-mail address or an id, in the first field."
)


@dataclass(frozen=True, slots=True)
class Filters:
    """given: the texts of the URL, by parameter. fields: FIELD=VALUE. after: where the page before
    ended, "" for the first. mistakes: what cannot be read, in sentences; if there are any, nothing
    is searched."""

    given: Mapping[str, str]
    fields: Sequence[str]
    wanted: Wanted
    after: str = ""
    mistakes: Sequence[str] = ()

    @property
    def is_narrow(self) -> bool:
        """Whether anything but an id is asked for."""
        return bool(self.given or self.fields)

    def url(self, path: str, **more: str) -> str:
        """`path` with these filters and `more`, without `after`."""
        pairs = [*self.given.items(), *(("where", each) for each in self.fields)]
        pairs += [("digest", join_digests(digests))] if (digests := self.wanted.digests) else []
        pairs += more.items()
        return f"{path}?{urlencode(pairs)}" if pairs else path


def read_filters(query: ImmutableMultiDict[str, str]) -> Filters:
    """From a query, or the form of the search."""
    given = {name: _text(query.get(name)) for name in (*_TEXTS, *_TIMES)}
    given = {name: value for name, value in given.items() if value}
    fields = [text for each in query.getlist("where") if (text := _text(each))][:MAX_FIELDS]
    mistakes: list[str] = []
    values: dict[str, Any] = {name: given[name] for name in _TEXTS if name in given}
    now = time.time()
    for name in _TIMES:
        if name in given:
            values[name] = _moment(name, given[name], now, mistakes)
    if (values.get("since") or 0.0) > (values.get("until") or now + 1e9):
        mistakes.append("The search ends before it begins: since is later than until.")
    if given.get("ending", ENDINGS[0]) not in ENDINGS:
        mistakes.append(f"No event ends like this: {given['ending']}.")
    digests = query.get("digest", "").strip()
    if digests and not is_digests(digests):
        mistakes.append("The digest in this URL is not one. Enter the id again.")
        digests = ""
    wanted = Wanted(**values, digests=split_digests(digests), where=[*_pairs(fields, mistakes)])
    return Filters(given, fields, wanted, _position(_text(query.get("after")), mistakes), mistakes)


def _text(value: object) -> str:
    return value.replace("\0", "").strip()[:MAX_TEXT] if isinstance(value, str) else ""


def _moment(name: str, text: str, now: float, mistakes: list[str]) -> float | None:
    try:
        return min(unix_seconds(text, now), now + 86_400)
    except ValueError:
        mistakes.append(f"{name.capitalize()} is not a valid time: {text}. {HOW_TO_WRITE}")
        return None


def _pairs(fields: Sequence[str], mistakes: list[str]) -> Sequence[tuple[str, str]]:
    pairs = []
    for each in fields:
        name, equals, value = each.partition("=")
        if not (name and equals):
            mistakes.append(f"{each} is not FIELD=VALUE, such as currency=EUR.")
        elif not is_shown(name):
            mistakes.append(PERSONAL_FIELD.format(name))
        else:
            pairs.append((name, value))
    return pairs


def _position(text: str, mistakes: list[str]) -> str:
    try:
        if text:
            read_position(text)
        return text
    except ValueError:
        mistakes.append("The place in the list that this URL names is not one. Search again.")
        return ""
