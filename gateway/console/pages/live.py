"""Live: events as they come in, and how they end."""

from __future__ import annotations

from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from gateway.console.context import Console
from gateway.console.event_rows import EventRow, rows_of_endings
from gateway.console.filters import Filters, read_filters
from gateway.console.live import Tail
from gateway.console.live_stream import LiveStream
from gateway.event.endings import ENDINGS
from gateway.ledger.search import search

PATH = "/live"
NEWEST = 50


async def view(console: Console, request: Request) -> dict[str, Any]:
    filters = _filters(request)
    found = await console.read(partial(search, wanted=filters.wanted, limit=NEWEST))
    return {
        "filters": filters.given,
        "mistakes": filters.mistakes,
        "events": rows_of_endings(found.found),
        "choices": {
            "destination": [*console.settings.destinations],
            "source": [*console.settings.sources],
            "ending": ENDINGS,
        },
        "stream": filters.url(f"{PATH}/stream"),
        "all": filters.url("/events"),
    }


def routes(console: Console) -> list[BaseRoute]:
    tail = Tail(console)

    async def stream(request: Request) -> Response | ASGIApp:
        console.digests()  # raises `Trouble` where there is no ledger
        return LiveStream(tail, request, partial(_is_wanted, _filters(request)))

    return [Route(f"{PATH}/stream", stream)]


def _filters(request: Request) -> Filters:
    """The filters that can be applied to a single row."""
    query = request.query_params
    names = ("event_name", "destination", "ending", "source")
    return read_filters(type(query)([(name, query.get(name, "")) for name in names]))


def _is_wanted(filters: Filters, row: EventRow) -> bool:
    """An event that came in has not ended anywhere, so filters of endings leave it out."""
    wanted = filters.wanted
    if wanted.event_name not in (None, row.name) or wanted.source not in (None, row.source):
        return False
    if wanted.destination is None and wanted.ending is None:
        return True
    return any(
        wanted.destination in (None, each.destination) and wanted.ending in (None, each.ending)
        for each in row.endings
    )
