"""Exports endings as files. They are streamed, one page of the ledger after the other, so that
memory stays bounded and others can read the ledger in between."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from functools import partial
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from gateway.console.access.operator import require_operator
from gateway.console.action import note_action
from gateway.console.context import Console
from gateway.console.event_rows import is_told, shown_listed
from gateway.console.filters import Filters, read_filters
from gateway.console.trouble import Trouble
from gateway.ledger.answers import Listed
from gateway.ledger.csv_rows import COLUMNS, csv_row
from gateway.ledger.search import search
from gateway.ledger.sought import join_digests

PAGE = 500

Written = Callable[[Iterable[Listed]], str]


def _as_csv(endings: Iterable[Listed]) -> str:
    return _csv(map(csv_row, endings))


def _as_ndjson(endings: Iterable[Listed]) -> str:
    return "".join(f"{orjson.dumps(each).decode()}\n" for each in endings)


def _csv(rows: Iterable[Sequence[Any]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


KINDS: dict[str, tuple[str, str, Written]] = {
    "csv": ("text/csv; charset=utf-8", _csv([COLUMNS]), _as_csv),
    "ndjson": ("application/x-ndjson", "", _as_ndjson),
}
"""The media type, the text at the beginning, and the function that writes endings. CSV does not
contain the content of events."""


def routes(console: Console) -> list[BaseRoute]:
    """A GET gives what everybody may see; a POST by an operator has personal data too."""
    return [
        Route(f"/events.{kind}", _endpoint(console, kind), methods=["GET", "POST"])
        for kind in KINDS
    ]


def _endpoint(console: Console, kind: str) -> Callable[[Request], Any]:
    async def export(request: Request) -> Response:
        filters = read_filters(request.query_params)
        if filters.mistakes:
            raise Trouble(400, " ".join(filters.mistakes))
        is_whole = request.method == "POST"
        if is_whole:
            require_operator(request)
            await note_action(console, request, f"events export {kind}", _asked(filters), 0)
        media_type, head, written = KINDS[kind]
        pages = _pages(console, filters, is_whole)
        first = await anext(pages, None)  # an unreadable ledger is answered as usual

        async def lines() -> AsyncIterator[str]:
            yield head
            if first is not None:
                yield written(first)
            async for page in pages:
                yield written(page)

        named = {"content-disposition": f'attachment; filename="events.{kind}"'}
        return StreamingResponse(lines(), media_type=media_type, headers=named)

    return export


def _asked(filters: Filters) -> dict[str, Any]:
    return {**filters.given, "where": [*filters.fields], "id": join_digests(filters.wanted.digests)}


async def _pages(console: Console, filters: Filters, is_whole: bool) -> AsyncIterator[list[Listed]]:
    after = filters.after
    while True:
        page = await console.read(partial(search, wanted=filters.wanted, after=after, limit=PAGE))
        if is_whole:
            yield [*page.found]
        else:
            told = [each for each in page.found if is_told(each, filters.wanted)]
            yield [*map(shown_listed, told)]
        after = page.next
        if not after:
            return
