"""The page of one event: its way from the request to each vendor's answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from starlette.requests import Request

from gateway.console.access.operator import is_operator
from gateway.console.context import Console
from gateway.console.event_rows import row_of_story, shown_ending
from gateway.console.explained import explanation_without_personal
from gateway.console.personal import without_personal
from gateway.console.timeline import consent_of, passages
from gateway.console.trouble import Trouble
from gateway.event.endings import TAKEN
from gateway.event.text import printable
from gateway.explain.explain import Explanation
from gateway.ledger.answers import Story
from gateway.ledger.digests import EventDigests
from gateway.ledger.reading import LedgerReader
from gateway.ledger.related import Related, digests_by_id, related
from gateway.ledger.sought import join_digests
from gateway.operations.stories import explain_stories
from gateway.queue.receipts import is_receipt

NO_SUCH = (
    "The ledger has no event with this receipt. It came in before the days that the ledger keeps "
    "(ledger.keep_days), it was erased, or it was delivered and is not kept (ledger.successes)."
)
WITHHELD_EVERYWHERE = "Its content was not kept, since it was withheld from every destination."
NOT_KEPT = "Its content was not kept (ledger.payload: none)."


class _Read(NamedTuple):
    story: Story
    explanation: Explanation
    related: Sequence[Related]


async def view(console: Console, request: Request) -> dict[str, Any]:
    return await event_data(console, request, reveal=False)


async def event_data(console: Console, request: Request, reveal: bool) -> dict[str, Any]:
    """reveal: whether personal data is in it."""
    receipt = request.path_params["receipt"]
    if not is_receipt(receipt):
        raise Trouble(404, NO_SUCH)
    digests = console.digests()
    shows_today = reveal or "today" in request.query_params
    story, explanation, others = await console.read(
        lambda reader: _read(console, reader, digests, receipt, shows_today)
    )
    payload = story.payload
    ids = [
        {"of": kind, "digest": join_digests(of_id)}
        for kind, of_id in digests_by_id(digests, payload or {})
    ]
    if not reveal:
        explanation = explanation_without_personal(explanation, payload)
        endings = [shown_ending(each, payload) for each in story.endings]
        story = replace(
            story,
            endings=endings,
            payload=None if payload is None else without_personal(payload),
        )
    decided, notes = consent_of(story.consent)
    went = passages(story)
    return {
        "title": printable(story.name),
        "receipt": receipt,
        "name": story.name,
        "received_at": story.at,
        "source": story.source,
        "trusted": story.trusted,
        "version": story.version,
        "consent": {"decided": decided, "notes": notes},
        "event": story.payload,
        "content_note": _content_note(story),
        "destinations": {
            name: {
                "passages": went.get(name, []),
                **each,
                "happened": explanation["happened"]["destinations"].get(name),
                "is_configured": name in console.settings.destinations,
                "has_it": any(passage.ending in TAKEN for passage in went.get(name, [])),
            }
            for name, each in explanation["destinations"].items()
        },
        "stages": explanation["happened"]["stages"],
        "has_stages": explanation["happened"]["recorded"],
        "configurations": {
            "then": explanation["then"],
            "today": {"version": console.settings.version},
            "changes": explanation.get("changes"),
        },
        "related": [{"event": row_of_story(each.story), "shares": each.shares} for each in others],
        "ids": ids,
        "is_revealed": reveal,
        "is_operator": is_operator(request),
        "shows_today": shows_today,
        "replayed": request.query_params.get("replayed", ""),
    }


def _read(
    console: Console, reader: LedgerReader, digests: EventDigests, receipt: str, today: bool
) -> _Read:
    story = reader.story(receipt)
    if story is None:
        raise Trouble(404, NO_SUCH)
    [explanation] = explain_stories(console.settings, reader, [story], today)
    return _Read(story, explanation, related(reader, digests, receipt))


def _content_note(story: Story) -> str:
    """Why there is no content, or ""."""
    if story.payload is not None:
        return ""
    withheld = all(each.ending == "withheld" for each in story.endings)
    return WITHHELD_EVERYWHERE if story.endings and withheld else NOT_KEPT
