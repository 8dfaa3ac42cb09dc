"""Search: events by what happened to them, by their content, or by an id."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from starlette.datastructures import ImmutableMultiDict
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from gateway.console.access.operator import is_operator
from gateway.console.context import Console
from gateway.console.event_rows import (
    EventRow,
    is_told,
    row_of_story,
    rows_of_endings,
    tells_hidden,
)
from gateway.console.filters import Filters, read_filters
from gateway.console.form import read_form
from gateway.console.rendering import link
from gateway.console.trouble import Trouble
from gateway.event.endings import ENDINGS
from gateway.ledger import search as ledger
from gateway.ledger.answers import Listed
from gateway.ledger.reading import LedgerReader
from gateway.ledger.sought import join_digests
from gateway.queue.receipts import is_receipt

PATH = "/events"
PAGE = 50
"""Endings on a page; in a search by an id alone, events with all of their endings."""

CONTACT = (
    "Searching by an e-mail address, a phone number or a hash of one needs the role operator: "
    "whether a person is known here is personal data. You can search by the id of an event, an "
    "order or a visitor."
)
QUICK: Sequence[tuple[str, Mapping[str, str]]] = (
    ("Rejected in the last day", {"ending": "rejected", "since": "1d"}),
    ("Expired in the last week", {"ending": "expired", "since": "7d"}),
    ("Withheld today", {"ending": "withheld", "since": "today"}),
    ("Delivered with warnings this week", {"ending": "delivered with warnings", "since": "7d"}),
    ("Purchases of the last day", {"event_name": "purchase", "since": "1d"}),
)


@dataclass(frozen=True, slots=True)
class _Page:
    """next: where the next one begins, "" for none. looked_since: if the search ran out of time,
    the Unix seconds since which it has looked at events; else None. is_newest: whether there may be
    older events with the id."""

    rows: Sequence[EventRow] = ()
    next: str = ""
    looked_since: float | None = None
    is_newest: bool = False


async def view(console: Console, request: Request) -> dict[str, Any]:
    filters = read_filters(request.query_params)
    page = _Page()
    if not filters.mistakes:
        tells_all = is_operator(request) or not tells_hidden(filters.wanted)
        page = await console.read(lambda reader: _search(reader, filters, tells_all))
    without_id = replace(filters, wanted=replace(filters.wanted, digests=()))
    return {
        "filters": filters.given,
        "where": filters.fields,
        "digest": join_digests(filters.wanted.digests),
        "mistakes": filters.mistakes,
        "events": page.rows,
        "next": page.next and filters.url(PATH, after=page.next),
        "looked_since": page.looked_since,
        "is_newest": page.is_newest,
        "is_first": not filters.after,
        "is_operator": is_operator(request),
        "keeps_all": console.settings.ledger.successes == "all",
        "choices": {
            "destination": _choices(console.settings.destinations, filters, "destination"),
            "source": _choices(console.settings.sources, filters, "source"),
            "ending": ENDINGS,
        },
        "links": {
            "all": PATH,
            "this": filters.url(PATH),
            "without_id": without_id.url(PATH),
            **{kind: filters.url(f"{PATH}.{kind}") for kind in ("json", "csv", "ndjson")},
            "quick": [{"words": words, "url": link(PATH, **given)} for words, given in QUICK],
        },
    }


def routes(console: Console) -> list[BaseRoute]:
    async def found(request: Request) -> Response:
        """Redirects from the form to the URL of the search, which has no id of a person."""
        form = await read_form(request)
        texts = ImmutableMultiDict(
            [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
        )
        return RedirectResponse(_found_at(console, request, texts), 303)

    return [Route(PATH, found, methods=["POST"])]


def _found_at(console: Console, request: Request, texts: ImmutableMultiDict[str, str]) -> str:
    filters = read_filters(texts)
    typed = texts.get("id", "").strip()
    if not typed:
        return filters.url(PATH)
    if is_receipt(typed):
        return f"{PATH}/{typed}"
    wanted = replace(filters.wanted, digests=_digests(console, is_operator(request), typed))
    return replace(filters, wanted=wanted).url(PATH)


def _digests(console: Console, tells_all: bool, typed: str) -> Sequence[str]:
    """tells_all: whether the user may find a person by `typed`."""
    digests = console.digests()
    if tells_all:
        return digests.of_text(typed)
    if digests.may_be_contact(typed):
        raise Trouble(403, CONTACT)
    return digests.of_id(typed)


def _search(reader: LedgerReader, filters: Filters, tells_all: bool) -> _Page:
    digests = filters.wanted.digests
    if digests and not filters.is_narrow:
        # this finds events without an ending too
        stories = [*reader.stories(digests, PAGE)]
        return _Page([*map(row_of_story, stories)], is_newest=len(stories) == PAGE)
    page = _found(reader, filters, tells_all)
    return _Page(rows_of_endings(page.found), page.next, page.looked_since)


def _found(reader: LedgerReader, filters: Filters, tells_all: bool) -> ledger.Page:
    """tells_all: whether the answer may reveal that something hidden is as searched for. If not,
    reads on until the page is full, since a next page would reveal it too."""
    wanted, after, found = filters.wanted, filters.after, list[Listed]()
    deadline = time.monotonic() + ledger.MAX_SECONDS
    while True:
        left = max(0.0, deadline - time.monotonic())
        page = ledger.search(reader, wanted, after, PAGE - len(found), left)
        found += [each for each in page.found if tells_all or is_told(each, wanted)]
        if tells_all or not page.next or len(found) == PAGE or time.monotonic() >= deadline:
            return replace(page, found=found)
        after = page.next


def _choices(names: Iterable[str], filters: Filters, parameter: str) -> list[str]:
    """`names`, and the one that is asked for: it may not be configured any more."""
    asked = filters.given.get(parameter)
    return [*dict.fromkeys([*names, *([asked] if asked else [])])]
