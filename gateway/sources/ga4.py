"""`ga4`: the browser protocol of Google's gtag.js (version 2)."""

from typing import Literal

from pydantic import Field

from gateway.sources.answers import NO_CONTENT, report
from gateway.sources.base import (
    Answer,
    Batch,
    Inbound,
    Refused,
    Source,
    SourceSettings,
    read_events,
)
from gateway.sources.form import query_fields
from gateway.sources.ga4_hit import Hit, to_event


class GA4Settings(SourceSettings):
    type: Literal["ga4"] = Field(description="Hits of Google's gtag.js, as it sends them to GA4.")
    measurement_ids: list[str] | None = Field(
        default=None,
        description="Measurement ids (`tid`, such as `G-ABC123`) that are accepted; all when left "
        "out.",
    )


class GA4(Source[GA4Settings]):
    """One event in the query, or in the body's lines events that share the query's parameters.

    Answers 204, as Google does; 400 with a report when no event of the hit was accepted.
    """

    type = "ga4"
    methods = ("GET", "POST")
    paths = ("/g/collect",)
    from_browsers = True
    Settings = GA4Settings

    def read(self, request: Inbound) -> Batch:
        shared = dict(query_fields(request.query))
        if shared.get("v") != "2" or "tid" not in shared:
            raise Refused(400, "malformed", "not a GA4 hit: v=2 and tid are missing in the query")
        allowed = self.settings.measurement_ids
        if allowed is not None and shared["tid"] not in allowed:
            raise Refused(403, "unauthorized", "hits of this measurement id are not accepted")
        return read_events(_hits(shared, request.body), to_event)

    def answer(self, batch: Batch) -> Answer:
        if batch.refused and not batch.events:
            return Answer.json(400, report(batch))
        return NO_CONTENT


def _hits(shared: Hit, body: bytes) -> list[Hit]:
    """The parameters of each event: those of its line come before those of the query."""
    try:
        lines = [line for line in body.decode().replace("\r\n", "\n").split("\n") if line.strip()]
    except UnicodeDecodeError:
        raise Refused(400, "malformed", "the body is not UTF-8") from None
    if not lines:
        return [shared]
    return [{**shared, **dict(query_fields(line)), "tid": shared["tid"]} for line in lines]
