"""`collect`: our own JSON, from browsers."""

from dataclasses import replace
from typing import Literal

from pydantic import Field

from gateway.sources.answers import accepted
from gateway.sources.base import Answer, Batch, Inbound, Source, SourceSettings, read_events
from gateway.sources.description import ACCEPTED, NONE_ACCEPTED, SOME_ACCEPTED, Operation
from gateway.sources.own_events import DESCRIPTION, raw_events


class CollectSettings(SourceSettings):
    type: Literal["collect"] = Field(description="Events in the gateway's own JSON, from browsers.")


class Collect(Source[CollectSettings]):
    """Beacons, fetch and forms of a page.

    Answers 204, or a report of the events that were refused: with 200 when others were accepted,
    with 400 when none was.
    """

    type = "collect"
    paths = ("/collect",)
    from_browsers = True
    Settings = CollectSettings

    def describe(self, method: str) -> Operation:
        answers = {"200": SOME_ACCEPTED, "204": ACCEPTED, "400": NONE_ACCEPTED}
        return replace(DESCRIPTION, answers=answers)

    def read(self, request: Inbound) -> Batch:
        raw = raw_events(request)
        batch = read_events(raw.events)
        batch.page_token, batch.sent = raw.page_token, raw.sent
        batch.submission_token = raw.submission_token
        return batch

    def answer(self, batch: Batch) -> Answer:
        return accepted(batch)
