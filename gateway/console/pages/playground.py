"""The playground: a copy of the configuration to change, and what it would do to an event, or to
those of the last hours."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from gateway.configuration.masked_text import without_secrets
from gateway.configuration.mistakes import ConfigurationError
from gateway.configuration.settings import Settings
from gateway.configuration.trial import FOR_EVERY_EVENT, OF_DESTINATIONS, try_changes
from gateway.configuration.yaml_file import Problem
from gateway.console.access.operator import require_operator
from gateway.console.action import note_action
from gateway.console.configured.compared import (
    Compared,
    Pasted,
    Unreadable,
    compare,
    read_pasted,
)
from gateway.console.configured.shown import Line, diff, shown
from gateway.console.configured.simulated import KINDS, MAX_EVENTS, Simulated, simulate
from gateway.console.context import Console
from gateway.console.form import read_form, text_of
from gateway.console.rendering import render
from gateway.console.trouble import Trouble, as_sentence
from gateway.event.text import json_text
from gateway.ledger.answers import Listed, Wanted
from gateway.ledger.reading import LedgerReader
from gateway.queue.receipts import RECEIPT

PATH = "/configuration/playground"
RECENT = 10
HOURS = (1, 6, 24, 72)

EXAMPLE = {
    "event_name": "purchase",
    "transaction_id": "order-1",
    "value": 19.9,
    "currency": "EUR",
    "page_location": "https://shop.example/thanks",
    "consent": {
        "ad_storage": "granted",
        "ad_user_data": "granted",
        "analytics_storage": "granted",
    },
}
NO_CONTENT = (
    "The content of this event is not kept: it was withheld from all destinations, or the ledger "
    "keeps none. Pick another one."
)


@dataclass(slots=True)
class _Tried:
    """What was asked, and what came of it."""

    text: str
    event: str
    hours: int = HOURS[1]
    mistakes: list[Problem] = field(default_factory=list)
    event_mistake: str = ""
    notes: list[str] = field(default_factory=list)
    compared: list[Compared] | None = None
    simulated: Simulated | None = None


async def view(console: Console, request: Request) -> dict[str, Any]:
    require_operator(request)
    base = await _base(console)
    return await _page(console, base, _Tried(base, json_text(EXAMPLE)))


def routes(console: Console) -> list[BaseRoute]:
    async def ask(request: Request) -> tuple[str, _Tried]:
        require_operator(request)
        form = await read_form(request)
        base = await _base(console)
        hours = text_of(form, "hours")
        tried = _Tried(text_of(form, "text"), text_of(form, "event"))
        tried.hours = next((each for each in HOURS if str(each) == hours), HOURS[1])
        return base, tried

    async def answer(request: Request, base: str, tried: _Tried) -> Response:
        data = await _page(console, base, tried)
        status = 422 if tried.mistakes or tried.event_mistake else 200
        return HTMLResponse(render("playground.html", request, data), status)

    async def try_event(request: Request) -> Response:
        base, tried = await ask(request)
        trial = await _trial(console, base, tried)
        try:
            pasted: Pasted | None = await read_pasted(console.settings, tried.event)
        except Unreadable as error:
            pasted, tried.event_mistake = None, as_sentence(str(error))
        if trial is not None and pasted is not None:
            tried.notes += pasted.notes
            tried.compared = await asyncio.to_thread(compare, console.settings, trial, pasted)
        return await answer(request, base, tried)

    async def pick(request: Request) -> Response:
        base, tried = await ask(request)
        receipt = text_of(await read_form(request), "receipt")
        if not RECEIPT.fullmatch(receipt):
            raise Trouble(422, "This is no receipt of an event.")
        await note_action(console, request, "configuration playground", {"event": receipt}, 1)
        names = [*console.settings.destinations]
        found = await console.read(lambda reader: reader.recorded_event(receipt, names))
        recorded = next(iter(found.values()), None)
        if recorded is None or recorded.event is None:
            raise Trouble(404, NO_CONTENT)
        tried.event = json_text(recorded.as_received()[0])
        return await answer(request, base, tried)

    async def try_hours(request: Request) -> Response:
        base, tried = await ask(request)
        trial = await _trial(console, base, tried)
        if trial is not None:
            settings, hours = console.settings, tried.hours
            tried.simulated = await console.read(
                lambda reader: simulate(reader, settings, trial, hours)
            )
            tried.notes += tried.simulated.notes
        return await answer(request, base, tried)

    return [
        Route(PATH, try_event, methods=["POST"]),
        Route(f"{PATH}/pick", pick, methods=["POST"]),
        Route(f"{PATH}/simulate", try_hours, methods=["POST"]),
    ]


async def _base(console: Console) -> str:
    """The text to change: the same as long as the configuration is in force."""
    return shown(await asyncio.to_thread(without_secrets, console.settings))


async def _trial(console: Console, base: str, tried: _Tried) -> Settings | None:
    """The settings of the copy; None if it has mistakes, which are added to `tried`."""
    try:
        return await asyncio.to_thread(try_changes, console.settings, base, tried.text)
    except ConfigurationError as error:
        tried.mistakes = error.problems
        return None


async def _page(console: Console, base: str, tried: _Tried) -> dict[str, Any]:
    recent: list[Listed] = []
    if console.settings.has_ledger:
        recent = await console.read(_recent)
    changed: list[Line] = diff(base, tried.text)
    return {
        "title": "Playground",
        "text": tried.text,
        "event": tried.event,
        "hours": tried.hours,
        "changed": changed,
        "mistakes": tried.mistakes,
        "event_mistake": tried.event_mistake,
        "notes": tried.notes,
        "compared": tried.compared,
        "simulated": tried.simulated,
        "recent": [
            {"receipt": each.receipt, "name": each.name, "at": each.received_at} for each in recent
        ],
        "choices": {"hours": HOURS, "kinds": KINDS, "most": MAX_EVENTS},
        "changeable": {"all": FOR_EVERY_EVENT, "each": OF_DESTINATIONS},
        "version": console.settings.version,
        "has_ledger": console.settings.has_ledger,
    }


def _recent(reader: LedgerReader) -> list[Listed]:
    """The newest events that have content."""
    found: dict[str, Listed] = {}
    for looked_at, listed in enumerate(reader.endings(Wanted())):
        if looked_at >= 500 or len(found) == RECENT:
            break
        if listed.payload is not None:
            found.setdefault(listed.receipt, listed)
    return [*found.values()]
