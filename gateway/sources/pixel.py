"""`pixel`: an image whose query is the event, for mails and pages without scripts."""

from typing import Literal

from pydantic import Field

from gateway.sources import answers
from gateway.sources.base import Answer, Batch, Inbound, Source, SourceSettings, read_events
from gateway.sources.form import expand, query_fields
from gateway.sources.translation import without_claims


class PixelSettings(SourceSettings):
    type: Literal["pixel"] = Field(description="A 1x1 GIF whose query string is the event.")


class Pixel(Source[PixelSettings]):
    """Dots in the query's names lead into objects; without `event_name` it is a `page_view`.

    HEAD, which mail scanners send before they load an image, is answered and not recorded.
    """

    type = "pixel"
    methods = ("GET", "HEAD")
    paths = ("/pixel.gif",)
    from_browsers = True
    Settings = PixelSettings

    def read(self, request: Inbound) -> Batch:
        if request.method == "HEAD":
            return Batch()
        event = {"event_name": "page_view", **expand(query_fields(request.query))}
        page = request.headers.get("referer")
        if page:
            event.setdefault("page_location", page)
        return read_events([event], without_claims)

    def answer(self, batch: Batch) -> Answer:
        return answers.pixel(batch)
