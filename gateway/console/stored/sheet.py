"""One stored event."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request

from gateway.console.access.operator import is_operator, require_operator
from gateway.console.action import note_action
from gateway.console.context import Console
from gateway.console.personal import text_without_personal, without_personal
from gateway.console.stored.area import Area, unnoted
from gateway.console.stored.selected import Selected
from gateway.console.trouble import Trouble, as_sentence
from gateway.operations.stopped import Stopped
from gateway.operations.stored import Selection, Store
from gateway.queue.stored_events import Filter, StoredEvent

GONE = (
    "There is no such event any more: it was sent again or dropped, or it was too old to be kept. "
    "Its page under Events may tell more."
)


def alone(request: Request) -> Selected:
    """Selects the event that the path names."""
    entry, destination = request.path_params["id"], request.path_params.get("destination")
    given = {"id": entry}
    return Selected(given, [destination] if destination else [], Filter(id=entry))


async def find_one(
    console: Console, request: Request, area: Area[Any]
) -> tuple[Selection[Any], Store[Any], StoredEvent]:
    """Raises `Trouble` when there is none."""
    selected = alone(request)
    try:
        chosen = await area.select(console, console.redis, selected, unnoted)
    except Stopped as stopped:
        raise Trouble(404, as_sentence(str(stopped))) from None
    (store,) = chosen.stores
    stored = await store.events.get(console.redis, selected.wanted.id or "")
    if stored is None:
        raise Trouble(404, GONE)
    return chosen, store, stored


async def show_one(
    console: Console, request: Request, area: Area[Any], revealed: bool = False
) -> dict[str, Any]:
    """revealed: with personal data, for an operator who asked for it."""
    chosen, store, stored = await find_one(console, request, area)
    sheet = chosen.shown.sheet(store, stored)
    facts = [
        (name, fact if revealed else text_without_personal(fact, stored.event))
        for name, fact in sheet.facts.items()
    ]
    url = area.url(store, stored)
    return {
        "title": f"{stored.event_name or 'Event'} in {area.title.lower()}",
        "area": {"path": area.path, "title": area.title, "what": area.what},
        "destination": store.name,
        "id": stored.id,
        "event_name": stored.event_name,
        "receipt": getattr(stored, "receipt", ""),
        "facts": facts,
        "event": sheet.event if revealed else without_personal(sheet.event),
        "revealed": revealed,
        "is_operator": is_operator(request),
        "is_configured": not store.name or store.name in console.settings.destinations,
        "links": {
            "this": url,
            "json": f"{url}.json",
            "reveal": f"{url}/reveal",
            "edit": f"{url}/edit" if area.can_edit else "",
            "send": alone(request).url(f"{area.path}/send"),
            "drop": alone(request).url(f"{area.path}/drop"),
        },
    }


async def reveal(console: Console, request: Request, area: Area[Any]) -> dict[str, Any]:
    """The same with personal data, which is written to the log of operators' actions first."""
    require_operator(request)
    await note_reveal(console, request, area)
    return await show_one(console, request, area, revealed=True)


async def note_reveal(console: Console, request: Request, area: Area[Any]) -> None:
    _, store, stored = await find_one(console, request, area)
    names = [store.name] if store.name else []
    arguments = {"destinations": names, "event_id": stored.event_id or stored.id}
    await note_action(console, request, f"{area.command} show", arguments, 1)
