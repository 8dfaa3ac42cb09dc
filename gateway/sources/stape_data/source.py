"""`stape_data`: the requests of Stape's Data Tag, as its Data Client for sGTM takes them.

Sources: github.com/stape-io/data-client, template.tpl and data-client-protocol.md;
github.com/stape-io/gtm-server-side-wordpress-plugin (`send_webhook_request`)
"""

from dataclasses import dataclass, fields
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
    check_shared,
    read_events,
)
from gateway.sources.description import (
    IMAGE,
    JSON,
    NONE_ACCEPTED,
    UNAUTHORIZED,
    AnswerDescription,
    Operation,
    Schema,
)
from gateway.sources.description import query_fields as query_parameter
from gateway.sources.form import expand, query_fields
from gateway.sources.keys import Key, KeySet
from gateway.sources.own_events import raw_events
from gateway.sources.reading import bearer_key, decode, from_base64
from gateway.sources.stape_data.event import client_id_in, to_event
from gateway.sources.statements import statements_in, with_statements
from gateway.stages.cookies import compile_cookies

_DOCUMENTATION = "https://github.com/stape-io/data-client"
_PLAIN, _ENCODED = "dtcd", "dtdc"
_COOKIES = ("_dcid", "_dcid_temp")
"""Cookies with the client id; the tag uses the second one until it can set the first."""

_cookies = compile_cookies(_COOKIES)

_PLUG_IN = "x-stape-app-version"
"""A header of Stape's plug-ins for WordPress, Magento and Shopware."""

_WORDPRESS = "WordPress/"
"""How the agent of WordPress begins. Older versions of its plug-in do not send the header."""

_ACCEPTED: Schema = {
    "type": "object",
    "properties": {"timestamp": {"type": "integer"}, "unique_event_id": {"type": "string"}},
}


class StapeDataSettings(SourceSettings):
    type: Literal["stape_data"] = Field(description="Requests of Stape's Data Tag.")
    keys: list[Key] = Field(
        default=[],
        description="Keys of your own backends, of which a request shows one as `Authorization: "
        "Bearer <key>`. A sender with a key is trusted: it may state the visitor's address and "
        "user agent. Senders without a key are strangers.",
    )


@dataclass(slots=True)
class _DataBatch(Batch):
    """is_pixel: the answer is an image, as for GET. is_list: the answer is an array, as was the
    body."""

    is_pixel: bool = False
    is_list: bool = False


class StapeData(Source[StapeDataSettings]):
    """One object, an array of objects, a form with dotted names, or a query.

    The query may contain the object as JSON (``dtcd``) or as base64 of JSON (``dtdc``); that of a
    POST request applies to each object of the body. The client id is that of the object, otherwise
    that of another object of the request, otherwise that of the cookie ``_dcid`` or
    ``_dcid_temp``. The cookies are read and not set. A request of Stape's plug-ins for shops is a
    backend's.

    Answers with a GIF to GET, and to POST with the time and the id of each event.
    """

    type = "stape_data"
    methods = ("GET", "POST", "HEAD")
    paths = ("/data",)
    from_browsers = True
    reads_query = True
    Settings = StapeDataSettings

    def __init__(self, settings: StapeDataSettings) -> None:
        super().__init__(settings)
        self._keys = KeySet(settings.keys)

    def describe(self, method: str) -> Operation:
        query = query_parameter("The event, with dotted names.", {_PLAIN: {}, _ENCODED: {}})
        bearer: Schema = {"key": {"type": "http", "scheme": "bearer"}}
        if method != "POST":
            return Operation(
                text="The event of Stape's Data Tag in the query. HEAD is answered and not "
                "recorded.",
                documentation=_DOCUMENTATION,
                parameters=[query],
                answers={
                    "200": AnswerDescription("The event is durable.", IMAGE),
                    "400": AnswerDescription("The event could not be read.", IMAGE),
                    "401": UNAUTHORIZED,
                },
                keys=bearer,
            )
        return Operation(
            text="Events of Stape's Data Tag: an object, an array, or a form.",
            documentation=_DOCUMENTATION,
            parameters=[query],
            body={JSON: {"type": ["object", "array"]}},
            answers={
                "200": AnswerDescription(
                    "The accepted events are durable; a report if others were refused.",
                    {JSON: {"anyOf": [_ACCEPTED, {"type": "array", "items": _ACCEPTED}]}},
                ),
                "400": NONE_ACCEPTED,
                "401": UNAUTHORIZED,
            },
            keys=bearer,
        )

    def shows_key(self, request: Inbound) -> bool:
        return bearer_key(request.headers) in self._keys

    def read(self, request: Inbound) -> Batch:
        if request.method == "HEAD":
            return _DataBatch(is_pixel=True)
        trusted = self.shows_key(request)
        if self.settings.keys and "authorization" in request.headers and not trusted:
            raise Refused(401, "unauthorized", "send a valid key, or none")
        shared = _of_query(request)
        if request.body:
            raw = raw_events(request, trusted)
            check_shared(shared, raw.events, trusted)
            objects, sent = [_with_shared(each, shared) for each in raw.events], raw.sent
        elif shared:
            objects, sent = [shared], ()
        else:
            raise Refused(400, "malformed", "expected an event in the body or in the query")
        visitor = next(filter(None, map(client_id_in, objects)), "") or _of_cookie(request)
        batch = read_events(
            objects,
            lambda each: to_event(each, visitor),
            trusted,
            backend=trusted or _is_of_a_shop(request),
        )
        batch.sent = sent
        known = {field.name: getattr(batch, field.name) for field in fields(Batch)}
        is_list = request.body.lstrip()[:1] == b"["
        return _DataBatch(**known, is_pixel=request.method == "GET", is_list=is_list)

    def answer(self, batch: Batch) -> Answer:
        if getattr(batch, "is_pixel", False):
            return answers.pixel(batch)
        if batch.refused:
            return answers.accepted(batch)
        told = [_told(event) for event in batch.events]
        return Answer.json(200, told if getattr(batch, "is_list", False) else told[0])


def _is_of_a_shop(request: Inbound) -> bool:
    """Whether a plug-in of Stape's for shops sent the order of a customer. They show no key."""
    agent = request.headers.get("user-agent", "")
    return _PLUG_IN in request.headers or agent.startswith(_WORDPRESS)


def _told(event: Event) -> Event:
    return {
        "timestamp": int(event.get("timestamp", 0)),
        "unique_event_id": event.get("event_id", ""),
    }


def _of_query(request: Inbound) -> Event:
    """The event in the query; an object in ``dtcd`` or ``dtdc`` overrides other fields."""
    if not request.query:
        return {}
    event = expand(query_fields(request.query))
    plain, encoded = event.pop(_PLAIN, None), event.pop(_ENCODED, None)
    for name, stated in ((_PLAIN, plain), (_ENCODED, encoded)):
        if stated is not None:
            event = _with_shared(_object(name, stated), event)
    return event


def _object(name: str, stated: Any) -> Event:
    try:
        text = str(stated).encode()
        value = decode(from_base64(text) if name == _ENCODED else text)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise Refused(400, "malformed", f"{name}: expected an object, as JSON or base64 of JSON")
    return value


def _with_shared(event: Any, shared: Event) -> Any:
    """`event` with the other fields of `shared`; statements about consent in both count."""
    if not isinstance(event, dict) or not shared:
        return event
    return {**shared, **with_statements(event, statements_in(shared))}


def _of_cookie(request: Inbound) -> str:
    jar = _cookies(request.headers.get("cookie", ""))
    return next((jar[name] for name in _COOKIES if jar.get(name)), "")
