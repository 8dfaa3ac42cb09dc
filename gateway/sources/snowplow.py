"""`snowplow`: Snowplow's tracker protocol.

Source: docs.snowplow.io, snowplow tracker protocol
"""

from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field

from gateway.event import Event
from gateway.sources import answers
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
from gateway.sources.json_body import decode_body
from gateway.sources.snowplow_event import to_event
from gateway.sources.translation import as_object


class SnowplowSettings(SourceSettings):
    type: Literal["snowplow"] = Field(description="Snowplow's trackers.")


@dataclass(slots=True)
class _PixelBatch(Batch):
    """What came in the query of an image, which is answered with one."""


class Snowplow(Source[SnowplowSettings]):
    """Answers ``ok`` to a POST, a GIF to a GET, and 400 when every event was refused."""

    type = "snowplow"
    methods = ("GET", "POST")
    paths = ("/com.snowplowanalytics.snowplow/tp2", "/i")
    from_browsers = True
    Settings = SnowplowSettings

    def read(self, request: Inbound) -> Batch:
        translate = _without_address if "sp-anonymous" in request.headers else to_event
        if request.method == "GET":
            read = read_events([dict(query_fields(request.query))], translate)
            return _PixelBatch(read.events, read.refused)
        payloads = as_object(decode_body(request.body)).get("data")
        if not isinstance(payloads, list) or not payloads:
            raise Refused(400, "malformed", "expected payload_data with a list in data")
        return read_events(payloads, translate)

    def answer(self, batch: Batch) -> Answer:
        if isinstance(batch, _PixelBatch):
            return answers.pixel(batch)
        if batch.refused:
            return answers.accepted(batch)
        return Answer(200, b"ok", {"content-type": "text/plain; charset=utf-8"})


def _without_address(payload: Any) -> Event:
    """With ``SP-Anonymous`` a tracker asks that the visitor's address is not kept."""
    return {**to_event(payload), "ip_override": ""}
