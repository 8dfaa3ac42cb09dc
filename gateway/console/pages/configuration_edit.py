"""Writing the configuration file, where `console.edit` allows it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from gateway.configuration.editing import FIXED, Editable
from gateway.configuration.load import load_settings
from gateway.configuration.mistakes import ConfigurationError
from gateway.configuration.settings import Settings
from gateway.configuration.yaml_file import Problem
from gateway.console.access.operator import require_operator
from gateway.console.action import action_of
from gateway.console.configured.checked import notes_of
from gateway.console.configured.shown import diff
from gateway.console.configured.versions import WRITE
from gateway.console.context import Console
from gateway.console.form import read_form, text_of
from gateway.console.rendering import render
from gateway.console.trouble import Trouble
from gateway.system.replace_file import replace_text

PATH = "/configuration/edit"
NOT_ALLOWED = (
    "The configuration cannot be written here. Whoever keeps the file can allow operators to do "
    "so: console.edit."
)
MISTAKEN = (
    "The file has mistakes now, so its secrets cannot be told from other text. Correct it on the "
    "machine of the gateway: the page Configuration says where they are."
)
CHANGED = (
    "The file was changed by somebody else since this page was loaded, so nothing was written. "
    "Load the page again, and make your changes there."
)
NOT_WRITTEN = (
    "The file could not be written: {}. It is as it was. The user under which the gateway runs "
    "must be allowed to write the file and its folder."
)

_writing = asyncio.Lock()


async def view(console: Console, request: Request) -> dict[str, Any]:
    _require_edit(console, request)
    editable = await asyncio.to_thread(_editable, console)
    return _page(console, editable.settings.version, editable.text)


def routes(console: Console) -> list[BaseRoute]:
    async def ask(request: Request) -> tuple[str, str]:
        _require_edit(console, request)
        form = await read_form(request)
        return text_of(form, "version"), text_of(form, "text")

    async def note(request: Request, command: str, version: str) -> None:
        action = action_of(console, request, command, {"version": version})
        await asyncio.to_thread(action.note, {})

    def read(version: str, text: str) -> tuple[Editable, Settings]:
        """Raises `Trouble` and `ConfigurationError`."""
        editable = _editable(console)
        if editable.settings.version != version:
            raise Trouble(409, CHANGED)
        return editable, editable.restored(text, str(console.config))

    async def look(request: Request) -> Response:
        version, text = await ask(request)
        try:
            editable, edited = await asyncio.to_thread(read, version, text)
        except ConfigurationError as error:
            return _refused(console, request, version, text, error)
        notes = await asyncio.to_thread(notes_of, edited, console.config)
        page = _page(console, version, text)
        page |= {"diff": diff(editable.text, text), "new_version": edited.version, "notes": notes}
        return HTMLResponse(render("configuration_look.html", request, page))

    async def write(request: Request) -> Response:
        version, text = await ask(request)
        async with _writing:
            try:
                _, edited = await asyncio.to_thread(read, version, text)
            except ConfigurationError as error:
                return _refused(console, request, version, text, error)
            await note(request, WRITE, edited.version)
            try:
                await asyncio.to_thread(replace_text, console.config, edited.text)
            except OSError as error:
                await note(request, f"{WRITE} failed", edited.version)
                raise Trouble(500, NOT_WRITTEN.format(error.strerror)) from None
        return RedirectResponse("/configuration", 303)

    return [
        Route(f"{PATH}/look", look, methods=["POST"]),
        Route(f"{PATH}/write", write, methods=["POST"]),
    ]


def _require_edit(console: Console, request: Request) -> None:
    require_operator(request)
    if not console.settings.console.edit:
        raise Trouble(403, NOT_ALLOWED)


def _editable(console: Console) -> Editable:
    """The file as it is now. Raises `Trouble` when it cannot be edited here."""
    try:
        settings = load_settings(console.config)
    except ConfigurationError:
        raise Trouble(409, MISTAKEN) from None
    try:
        return Editable.of(settings)
    except ValueError as error:
        raise Trouble(409, f"This file cannot be edited here: {error}.") from None


def _refused(
    console: Console, request: Request, version: str, text: str, error: ConfigurationError
) -> Response:
    page = _page(console, version, text, error.problems)
    return HTMLResponse(render("configuration_edit.html", request, page), 422)


def _page(
    console: Console, version: str, text: str, mistakes: Sequence[Problem] = ()
) -> dict[str, Any]:
    return {
        "title": "Edit the configuration",
        "path_of_file": str(console.config),
        "version": version,
        "text": text,
        "mistakes": mistakes,
        "fixed": FIXED,
    }
