"""`collect`: our own JSON, from browsers."""

from typing import Literal

from pydantic import Field

from gateway.sources.answers import accepted
from gateway.sources.base import Answer, Batch, Inbound, Source, SourceSettings, read_events
from gateway.sources.own_events import raw_events
from gateway.sources.translation import without_claims


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

    def read(self, request: Inbound) -> Batch:
        return read_events(raw_events(request), without_claims)

    def answer(self, batch: Batch) -> Answer:
        return accepted(batch)
