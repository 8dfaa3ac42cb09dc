"""The configuration: in force, as it is in the file, and as it was."""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.requests import Request

from gateway.configuration.masked_text import without_secrets
from gateway.console.access.operator import is_operator
from gateway.console.configured.checked import check_file
from gateway.console.configured.shown import diff, in_words, shown
from gateway.console.configured.versions import Version, read_versions
from gateway.console.context import Console
from gateway.console.trouble import Trouble
from gateway.ledger.reading import LedgerReader

PATH = "/configuration"
NOT_KEPT = (
    "This version is not kept: the ledger keeps a configuration while it is in force, and as long "
    "afterwards as its counts."
)


async def view(console: Console, request: Request) -> dict[str, Any]:
    settings = console.settings
    checked = await asyncio.to_thread(check_file, console.config)
    versions: list[Version] = []
    if settings.has_ledger:
        versions = await console.read(lambda reader: read_versions(reader, settings))
    return {
        "version": settings.version,
        "text": shown(await asyncio.to_thread(without_secrets, settings)),
        "file": {
            "path": str(console.config),
            "version": checked.version,
            "mistakes": [
                {
                    "line": each.line,
                    "path": each.path,
                    # it may quote the file
                    "message": each.message if is_operator(request) else "",
                }
                for each in checked.mistakes
            ],
        },
        "notes": checked.notes,
        "versions": versions,
        "has_ledger": settings.has_ledger,
        "is_operator": is_operator(request),
        "can_edit": is_operator(request) and settings.console.edit,
    }


async def view_version(console: Console, request: Request) -> dict[str, Any]:
    version = request.path_params["version"]
    against = request.query_params.get("against", "")
    settings = console.settings

    def read(reader: LedgerReader) -> dict[str, Any]:
        versions = read_versions(reader, settings)
        names = [each.version for each in versions]
        text = reader.configuration(version)
        if text is None:
            raise Trouble(404, NOT_KEPT)
        place = names.index(version) if version in names else len(names)
        before = against or next(iter(names[place + 1 :]), "")
        other = reader.configuration(before) if before else None
        if against and other is None:
            raise Trouble(404, NOT_KEPT)
        return {
            "title": f"Configuration {version}",
            "version": version,
            "known": next((each for each in versions if each.version == version), None),
            "is_in_force": version == settings.version,
            "against": before if other is not None else "",
            "changes": [] if other is None else in_words(other, text),
            "diff": [] if other is None else diff(shown(other), shown(text)),
            "text": shown(text),
            "versions": versions,
        }

    return await console.read(read)
