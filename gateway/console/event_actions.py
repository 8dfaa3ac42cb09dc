"""What an operator does with one event: sees all of it, and sends it again."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from gateway.console.access.operator import require_operator
from gateway.console.action import action_of, note_action
from gateway.console.context import Console
from gateway.console.form import read_form
from gateway.console.pages.event import NO_SUCH, event_data
from gateway.console.rendering import link, render
from gateway.console.trouble import Trouble
from gateway.ledger.answers import Wanted
from gateway.operations.catching_up import wait_until_stored
from gateway.operations.ledger_replay import (
    LedgerReplay,
    OneEvent,
    replay_from_ledger,
    survey_replay,
)
from gateway.operations.stopped import Stopped
from gateway.queue.receipts import is_receipt

UNKNOWN = "There is no destination with this name in the configuration."
NOT_SENT = "It was not sent: {}."
HAS_IT = "{} has this event, so sending it again needs your word. Go back and tick the box. {}"
COUNTS_TWICE = "It does not recognise a repetition of this event, and may count it twice."
RECOGNISES = "It recognises a repetition by the event's id."


def routes(console: Console) -> list[BaseRoute]:
    async def reveal(request: Request) -> Response:
        require_operator(request)
        receipt = request.path_params["receipt"]
        await note_action(console, request, "events reveal", {"receipt": receipt}, 1)
        data = await event_data(console, request, reveal=True)
        return HTMLResponse(render("event.html", request, data))

    async def send_again(request: Request) -> Response:
        require_operator(request)
        form = await read_form(request)
        name, receipt = str(form.get("destination", "")), request.path_params["receipt"]
        try:
            await _replay(console, request, receipt, name, is_sure="again" in form)
        except Stopped as stopped:
            raise Trouble(409, NOT_SENT.format(stopped)) from None
        return RedirectResponse(link(f"/events/{receipt}", replayed=name), 303)

    return [
        Route("/events/{receipt}/reveal", reveal, methods=["POST"]),
        Route("/events/{receipt}/replay", send_again, methods=["POST"]),
    ]


async def _replay(
    console: Console, request: Request, receipt: str, name: str, is_sure: bool
) -> None:
    """Sends the event again. Raises `Stopped` or `Trouble` when it is not sent."""
    if name not in console.settings.destinations:
        raise Trouble(404, UNKNOWN)
    if not is_receipt(receipt):
        raise Trouble(404, NO_SUCH)
    await wait_until_stored(console.redis, console.settings)
    recorded = await console.read(lambda reader: reader.recorded_event(receipt, [name]).get(name))
    if recorded is None:
        raise Trouble(404, NO_SUCH)
    arguments, warnings = {"destination": name, "receipt": receipt, "again": is_sure}, list[str]()
    action = action_of(console, request, "replay", arguments, warnings.append)
    chosen = LedgerReplay(
        console.redis,
        console.jobs_url,
        console.settings,
        OneEvent(recorded),
        name,
        [recorded.ending],
        Wanted(),
        action.note_events,
    )
    survey = await survey_replay(chosen)
    if not survey.total:
        reasons = [reason for _, reason in survey.left]
        raise Stopped(reasons[0] if reasons else "it has no content")
    if survey.taken and not is_sure:
        words = COUNTS_TWICE if survey.twice else RECOGNISES
        raise Trouble(409, HAS_IT.format(name, words))
    sent = 0

    def advance(_: int, succeeded: int) -> None:
        nonlocal sent
        sent += succeeded

    await replay_from_ledger(chosen, survey, 1, advance)
    if not sent:
        raise Stopped("it is on its way already")
    if warnings:
        raise Trouble(500, f"The event was sent again. {' '.join(warnings)}")
