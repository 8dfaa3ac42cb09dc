"""A destination and a source as a third party writes them, from `gateway.plugins` alone."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal

from gateway.plugins import (
    Answer,
    Batch,
    Credential,
    Destination,
    DestinationSettings,
    Event,
    EventError,
    Inbound,
    Limits,
    Outcome,
    Request,
    Response,
    Source,
    SourceSettings,
    Unsendable,
    Url,
    accepted,
    by_status,
    decode_body,
    read_events,
    to_json,
    vendor_words,
)


class CarrierSettings(DestinationSettings):
    type: Literal["carrier"]
    url: Url
    token: Credential


class Carrier(Destination[CarrierSettings]):
    """One event per request."""

    type = "carrier"
    limits = Limits(max_events=1)
    consent = ("analytics_storage",)
    Settings = CarrierSettings

    def requests(self, events: Sequence[Event], now: float) -> Iterator[Request | Unsendable]:
        token = self.settings.token.get_secret_value()
        for position, event in enumerate(events):
            body = to_json({"name": event["event_name"], "at": int(event["timestamp"])})
            if body is None:
                yield Unsendable(position, "the event cannot be represented in JSON")
            else:
                headers = {"authorization": f"Bearer {token}"}
                yield Request("POST", str(self.settings.url), headers, body, (position,))

    def outcomes(self, request: Request, response: Response) -> Iterable[Outcome]:
        return by_status(request, response, vendor_words(response.body))


class PostcardSettings(SourceSettings):
    type: Literal["postcard"]


class Postcard(Source[PostcardSettings]):
    """One event per request: ``{"what": "sign_up", "when": 1795219200}``."""

    type = "postcard"
    paths = ("/postcard",)
    Settings = PostcardSettings

    def read(self, request: Inbound) -> Batch:
        return read_events([decode_body(request.body)], _event)

    def answer(self, batch: Batch) -> Answer:
        return accepted(batch)


def _event(message: Any) -> Event:
    if not isinstance(message, dict) or not {"what", "when"} <= message.keys():
        raise EventError("what and when are needed")
    event: Event = dict(message)
    return {"event_name": event.pop("what"), "timestamp": event.pop("when"), **event}
