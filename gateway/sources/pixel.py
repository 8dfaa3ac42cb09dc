"""`pixel`: an image whose query is the event, for mails and pages without scripts."""

from typing import Literal

from pydantic import Field

from gateway.sources import answers
from gateway.sources.base import Answer, Batch, Inbound, Source, SourceSettings, read_events
from gateway.sources.description import IMAGE, AnswerDescription, Operation
from gateway.sources.description import query_fields as query_parameter
from gateway.sources.form import expand, query_fields
from gateway.sources.own_events import without_tokens


class PixelSettings(SourceSettings):
    type: Literal["pixel"] = Field(description="A 1x1 GIF with the event in its query string.")


class Pixel(Source[PixelSettings]):
    """Dots in the query's names lead into objects; without `event_name` it is a `page_view`.

    HEAD, which mail scanners send before they load an image, is answered and not recorded.
    """

    type = "pixel"
    methods = ("GET", "HEAD")
    paths = ("/pixel.gif",)
    from_browsers = True
    reads_query = True
    Settings = PixelSettings

    def describe(self, method: str) -> Operation:
        return Operation(
            text="The query is the event; dots in its names lead into objects. Without "
            "`event_name` it is a `page_view`. HEAD is answered and not recorded.",
            parameters=[query_parameter("The event, with dotted names.")],
            answers={
                "200": AnswerDescription("The event is durable.", IMAGE),
                "400": AnswerDescription("The event could not be read.", IMAGE),
            },
        )

    def read(self, request: Inbound) -> Batch:
        if request.method == "HEAD":
            return Batch()
        event = {"event_name": "page_view", **expand(query_fields(request.query))}
        page = request.headers.get("referer")
        if page:
            event.setdefault("page_location", page)
        return read_events([without_tokens(event)])

    def answer(self, batch: Batch) -> Answer:
        return answers.pixel(batch)
