"""`plausible`: Plausible's script and its Events API.

Source: plausible.io/docs/events-api
"""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

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
from gateway.sources.bearer import is_trusted
from gateway.sources.description import (
    JSON,
    NONE_ACCEPTED,
    UNAUTHORIZED,
    AnswerDescription,
    Operation,
    Schema,
)
from gateway.sources.keys import Key, KeySet
from gateway.sources.plausible.event import plain_domain, to_event
from gateway.sources.reading import bearer_key, decode_body, present

_OK = Answer(202, b"ok", {"content-type": "text/plain; charset=utf-8"})
_BODY: Schema = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "url": {"type": "string"},
        "domain": {"type": "string"},
        "referrer": {"type": ["string", "null"]},
        "props": {"type": ["object", "string"]},
        "revenue": {"type": ["object", "string"]},
    },
}


class PlausibleSettings(SourceSettings):
    type: Literal["plausible"] = Field(description="Events of Plausible's script and Events API.")
    domains: list[Annotated[str, AfterValidator(plain_domain)]] = Field(
        default=[],
        description="Sites to accept, as in `data-domain` of the script. Events of other sites are "
        "refused; of several in one event, one has to be listed. Case and `www.` make no "
        "difference. Without this setting, events of any site are accepted.",
    )
    keys: list[Key] = Field(
        default=[],
        description="Keys for your own backends, shown as `Authorization: Bearer <key>`. A sender "
        "with one of them is trusted, and `User-Agent` and `X-Forwarded-For` of its requests are "
        "the visitor's. Requests with any other bearer key are answered 401.",
    )


class Plausible(Source[PlausibleSettings]):
    """One event in each request, with the names of the script or those of the API.

    A request without ``Origin`` does not come from a page, so it is a backend's. Answers ``ok``
    with 202.
    """

    type = "plausible"
    paths = ("/api/event",)
    from_browsers = True
    Settings = PlausibleSettings

    def __init__(self, settings: PlausibleSettings) -> None:
        super().__init__(settings)
        self._keys = KeySet(settings.keys)
        self._domains = frozenset(settings.domains)

    def describe(self, method: str) -> Operation:
        return Operation(
            text="An event of Plausible's Events API. The short names of its script are read too.",
            documentation="https://plausible.io/docs/events-api",
            body={JSON: _BODY, "text/plain": {"type": "string"}},
            answers={
                "202": AnswerDescription(
                    "The event is durable: `ok`.", {"text/plain": {"type": "string"}}
                ),
                "400": NONE_ACCEPTED,
                "401": UNAUTHORIZED,
            },
            keys={"key": {"type": "http", "scheme": "bearer"}},
        )

    def shows_key(self, request: Inbound) -> bool:
        return bearer_key(request.headers) in self._keys

    def read(self, request: Inbound) -> Batch:
        message = decode_body(request.body)
        if not isinstance(message, dict) or not message:
            raise Refused(400, "malformed", "expected an object with the name of an event")
        trusted = is_trusted(request, self._keys)
        visitor = _visitor(request) if trusted else {}
        return read_events(
            [message],
            lambda message: {**visitor, **to_event(message, self._domains)},
            trusted,
            backend=trusted or "origin" not in request.headers,
            own_properties=True,
        )

    def answer(self, batch: Batch) -> Answer:
        return answers.accepted(batch) if batch.refused else _OK


def _visitor(request: Inbound) -> Event:
    """The visitor's address and agent, which a backend passes on in headers."""
    address = request.headers.get("x-forwarded-for", "").partition(",")[0].strip()
    return present({"ip_override": address, "user_agent": request.headers.get("user-agent")})
