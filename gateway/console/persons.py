"""What an operator does for a person who asks: an access or an erasure.

The id of the person comes in the body of one form, and is a keyed digest from then on: in URLs, in
forms, on pages and in the log.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import orjson
from redis.asyncio import Redis
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from gateway.console.access.operator import require_operator, user_of
from gateway.console.action import action_of
from gateway.console.background import Work
from gateway.console.context import Console
from gateway.console.form import read_form, text_of
from gateway.console.trouble import Trouble, as_sentence
from gateway.ledger.feeding import build_digests
from gateway.ledger.sought import Sought
from gateway.operations.actions_log import Action
from gateway.operations.erasing import erase, survey_erasure
from gateway.operations.person import NO_KEY, Found, Person, as_data

PATH = "/privacy/persons"
MAX_EVENTS = 5_000
"""Of an export. It is made in memory."""

NO_ID = (
    "Type an e-mail address, a phone number, or the id of a visitor, a user, an order or an event."
)
NO_SUCH = "This is no digest of an id. Start from the page about consent and privacy."
UNSURE = "Tick the box: an erasure cannot be undone."
TOO_MANY = (
    "There are {} events, and an export from here has {} at most. Run `gateway access ID --json` "
    "on the machine of the gateway."
)


async def view(console: Console, request: Request) -> dict[str, Any]:
    """A dry run: how much is stored, and where."""
    require_operator(request)
    sought = _sought_in(request)
    found = await console.survey(lambda redis: survey_erasure(_person(console, redis, sought)))
    counts = {place: number for place, number in found.counts() if number}
    return {
        "title": "A person",
        "digest": sought.name,
        "sought": sought.encode(),
        "kinds": {} if sought.only or not found.is_ambiguous else _kinds(sought, found),
        "counts": counts,
        "total": sum(counts.values()),
        "delivered": dict(sorted(found.delivered.items())),
        "most": MAX_EVENTS,
    }


def routes(console: Console) -> list[Route]:
    async def find(request: Request) -> Response:
        require_operator(request)
        typed = text_of(await read_form(request), "id").strip()
        if not typed:
            raise Trouble(422, NO_ID)
        digests = build_digests(console.settings)
        if digests is None:
            raise Trouble(409, as_sentence(NO_KEY))
        return RedirectResponse(f"{PATH}/{digests.sought(typed).encode()}", 303)

    async def erase_person(request: Request) -> Response:
        require_operator(request)
        sought = _sought_in(request)
        if "sure" not in await read_form(request):
            raise Trouble(422, UNSURE)
        work = Work("Erase a person", "Erased", "erased", frozenset([PATH]), user_of(request), PATH)
        work.back = f"{PATH}/{sought.encode()}"

        async def do(redis: Redis, work: Work) -> None:
            await _erase(console, _person(console, redis, sought), work)

        console.background.start(console.redis_url, work, do)
        return RedirectResponse(f"/work/{work.id}", 303)

    async def export(request: Request) -> Response:
        require_operator(request)
        sought = _sought_in(request)
        note = action_of(console, request, "access", _told(sought)).note
        data = await console.survey(lambda redis: _export(_person(console, redis, sought), note))
        name = f"access-{sought.name}.json"
        headers = {"content-disposition": f'attachment; filename="{name}"'}
        return Response(data, media_type="application/json", headers=headers)

    return [
        Route(PATH, find, methods=["POST"]),
        Route(f"{PATH}/{{digest}}/erase", erase_person, methods=["POST"]),
        Route(f"{PATH}/{{digest}}/access", export, methods=["POST"]),
    ]


async def _erase(console: Console, person: Person, work: Work) -> None:
    action = Action(console.settings, work.user, "erase", _told(person.sought), work.notes.append)
    found = await survey_erasure(person)
    work.total = _total(found)
    erased = await erase(person, found, console.settings.redis.url == "embedded", action.note)
    work.total = erased.records  # also what has come since
    work.advance(erased.records, erased.records)
    work.notes += [f"Beyond reach: {as_sentence(line)}" for line in erased.beyond_reach]


async def _export(person: Person, note: Callable[[Mapping[str, int]], None]) -> bytes:
    if (total := _total(await person.find())) > MAX_EVENTS:
        raise Trouble(409, TOO_MANY.format(total, MAX_EVENTS))
    found, stories = await person.access(note)
    return orjson.dumps(as_data(found, stories), option=orjson.OPT_INDENT_2, default=str)


def _total(found: Found) -> int:
    return sum(number for _, number in found.counts())


def _person(console: Console, redis: Redis, sought: Sought) -> Person:
    digests = build_digests(console.settings)
    if digests is None:
        raise Trouble(409, as_sentence(NO_KEY))
    return Person(redis, console.settings, digests, sought)


def _kinds(sought: Sought, found: Found) -> dict[str, Any]:
    """By kind of the id: how many records have it, and the URL of the page about these alone."""
    return {
        kind: {"records": number, "url": f"{PATH}/{replace(sought, only=kind).encode()}"}
        for kind, number in found.kinds.items()
    }


def _told(sought: Sought) -> Mapping[str, Any]:
    """For the log of operators' actions."""
    return {"digest": sought.name, "kind": sought.only}


def _sought_in(request: Request) -> Sought:
    try:
        return Sought.read(request.path_params["digest"])
    except ValueError:
        raise Trouble(404, NO_SUCH) from None
