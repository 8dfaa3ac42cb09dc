"""`gateway explain --request`: what the gateway would do with recorded requests."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import click

from destinations.masking import Masker
from gateway.cli.options import fail
from gateway.configuration.settings import Settings
from gateway.event.text import json_text, masked, printable
from gateway.event.words import counted
from gateway.explain.explain import explain_decision, in_words
from gateway.explain.refused_hints import hint_for
from gateway.explain.refused_words import request_in_words
from gateway.explain.requests import RecordedRequest, UnreadableRequest, read_requests
from gateway.sources.recognition import NOISE, UNKNOWN
from gateway.web.rehearsal import Rehearsal, Rehearsed

Explained = dict[str, Any]


def explain_requests(
    settings: Settings, name: str, data: bytes, number: int | None, address: str, as_json: bool
) -> None:
    """Prints what becomes of the requests in `data`, or of the one with this `number`, from 1.

    Omits, of several requests, those that no source takes and that match no known protocol, since
    a browser records all requests of a page. name: of the file.
    """
    try:
        recorded = read_requests(data)
    except UnreadableRequest as error:
        fail(f"{name}: {error}")
    if number is not None and number > len(recorded):
        fail(f"{name}: there is no request {number}; the file has {len(recorded)}")
    chosen = range(1, len(recorded) + 1) if number is None else [number]
    explained = asyncio.run(_explain(settings, recorded, chosen, address))
    shown = explained if len(chosen) == 1 else [*filter(_is_of_interest, explained)]
    if as_json:
        click.echo(json_text(shown))
        return
    for each in shown:
        click.echo("\n".join(map(printable, _in_words(each, len(recorded)))))
    if left_out := len(explained) - len(shown):
        click.echo(
            f"{counted(left_out, 'other request')} matched no source and no known protocol. "
            "Use --number to show one of them."
        )


def _is_of_interest(explained: Explained) -> bool:
    return explained["looks_like"] not in (NOISE, UNKNOWN)


async def _explain(
    settings: Settings, recorded: Sequence[RecordedRequest], chosen: Iterable[int], address: str
) -> list[Explained]:
    rehearse = Rehearsal(settings, address)
    explained = []
    for number in chosen:
        rehearsed = await rehearse(recorded[number - 1])
        mask = Masker(rehearsed.secrets).text
        explained.append(masked(_as_json(settings, number, rehearsed), mask))
    return explained


def _as_json(settings: Settings, number: int, rehearsed: Rehearsed) -> Explained:
    described = rehearsed.described
    source = settings.sources.get(described.source)
    return {
        "number": number,
        "request": request_in_words(described),
        "source": described.source,
        "type": source.type if source else "",
        "looks_like": described.looks_like,
        "status": rehearsed.status,
        "reason": described.reason,
        "message": described.message,
        "hint": hint_for(described, settings.sources) if described.reason else "",
        "refused": [
            {"index": each.index, "reason": each.message, "shape": each.shape}
            for each in rehearsed.refused
        ],
        "server_only": rehearsed.server_only,
        "events": [
            explain_decision(settings, event, decision) for event, decision in rehearsed.decided
        ],
    }


def _in_words(explained: Explained, number_of_all: int) -> Iterator[str]:
    yield f"request {explained['number']} of {number_of_all}: {explained['request']}"
    if explained["source"]:
        yield f"source: {explained['source']} ({explained['type']})"
    elif explained["status"]:
        yield f"source: none (looks like: {explained['looks_like']})"
    else:
        yield "source: none; the gateway itself answers at this path"
    if explained["status"]:
        yield f"answer: {explained['status']}"
    if explained["source"] and explained["reason"]:
        yield f"refused: {explained['reason']}: {explained['message']}"
    if explained["hint"]:
        yield f"hint: {explained['hint']}"
    for each in explained["refused"]:
        yield f"event {each['index']} refused: {each['reason']}"
    if explained["source"] and explained["status"] < 400 and not explained["events"]:
        yield "no events"
    for each in explained["events"]:
        yield ""
        yield from in_words(each).split("\n")
    yield ""
