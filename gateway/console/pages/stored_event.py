"""What an operator does with one stored event: sees its personal data, edits it, sends it again."""

from __future__ import annotations

from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from gateway.console.access.operator import require_operator, user_of
from gateway.console.context import Console
from gateway.console.form import read_form, text_of
from gateway.console.rendering import render
from gateway.console.stored.area import DEAD_LETTERS, QUARANTINE, Area, select_dead_letters, unnoted
from gateway.console.stored.sheet import alone, find_one, note_reveal, reveal
from gateway.console.trouble import Trouble, as_sentence
from gateway.event.diff import changes
from gateway.event.text import json_text, masked
from gateway.operations.actions_log import Action
from gateway.operations.dead_letter_edit import edit_dead_letter, survey_rewrite
from gateway.operations.stopped import Stopped

HAS_SECRET = (
    "A secret of the destination stands in this event, so it cannot be edited here, where the "
    "secret would be hidden. Use `gateway dead-letters edit` on the machine of the gateway."
)


def routes(console: Console) -> list[BaseRoute]:
    def to_reveal(area: Area[Any]) -> Any:
        async def show(request: Request) -> Response:
            data = await reveal(console, request, area)
            return HTMLResponse(render("stored_event.html", request, data))

        return show

    async def begin(request: Request) -> Response:
        """The event in a form."""
        require_operator(request)
        await note_reveal(console, request, DEAD_LETTERS)
        _, store, letter = await find_one(console, request, DEAD_LETTERS)
        if masked(letter.event, store.mask) != letter.event:
            raise Trouble(409, HAS_SECRET)
        return _form(request, json_text(letter.event))

    async def look(request: Request) -> Response:
        """What was changed, and the event as it would be sent; or what is wrong."""
        require_operator(request)
        text = text_of(await read_form(request), "event")
        try:
            data = await _survey(console, request, text)
        except ValueError as error:
            return _form(request, text, as_sentence(str(error)))
        return HTMLResponse(render("edit_look.html", request, data))

    async def send(request: Request) -> Response:
        require_operator(request)
        text = text_of(await read_form(request), "event")
        name, warnings = request.path_params["destination"], list[str]()
        arguments = {"destinations": [name], "event_id": request.path_params["id"]}
        action = Action(
            console.settings, user_of(request), "dead-letters edit", arguments, warnings.append
        )
        try:
            chosen = await select_dead_letters(
                console, console.redis, alone(request), action.note_events
            )
        except Stopped as stopped:
            raise Trouble(404, as_sentence(str(stopped))) from None
        try:
            edited = await survey_rewrite(chosen, request.path_params["id"], _decoded(text))
            await edit_dead_letter(chosen, edited)
        except ValueError as error:
            return _form(request, text, as_sentence(str(error)))
        except Stopped as stopped:
            return _form(request, text, as_sentence(str(stopped)))
        if warnings:
            raise Trouble(500, f"The event was sent again. {' '.join(warnings)}")
        receipt = edited.letter.receipt
        return RedirectResponse(f"/events/{receipt}" if receipt else DEAD_LETTERS.path, 303)

    one = f"{DEAD_LETTERS.path}/{{destination}}/{{id}}"
    return [
        Route(f"{one}/reveal", to_reveal(DEAD_LETTERS), methods=["POST"]),
        Route(f"{QUARANTINE.path}/{{id}}/reveal", to_reveal(QUARANTINE), methods=["POST"]),
        Route(f"{one}/edit", begin, methods=["POST"]),
        Route(f"{one}/edit/look", look, methods=["POST"]),
        Route(f"{one}/edit/send", send, methods=["POST"]),
    ]


async def _survey(console: Console, request: Request, text: str) -> dict[str, Any]:
    """The data of `look`. Raises ValueError for a text that cannot replace the event."""
    _, store, letter = await find_one(console, request, DEAD_LETTERS)
    chosen = await select_dead_letters(console, console.redis, alone(request), unnoted)
    try:
        edited = await survey_rewrite(chosen, letter.id, _decoded(text))
    except Stopped as stopped:
        raise ValueError(str(stopped)) from None
    return {
        "title": "Edit a dead letter",
        "event": text,
        "changes": changes(masked(letter.event, store.mask), edited.shown),
        "notes": edited.notes,
        "links": _links(request),
    }


def _decoded(text: str) -> object:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise ValueError(f"this is not JSON: {error}") from None


def _form(request: Request, text: str, mistake: str = "") -> Response:
    data = {
        "title": "Edit a dead letter",
        "event": text,
        "mistake": mistake,
        "links": _links(request),
    }
    return HTMLResponse(render("edit.html", request, data), 422 if mistake else 200)


def _links(request: Request) -> dict[str, str]:
    one = request.url.path.partition("/edit")[0]
    return {"event": one, "look": f"{one}/edit/look", "send": f"{one}/edit/send"}
