"""`matomo`: Matomo's Tracking HTTP API.

Source: developer.matomo.org/api-reference/tracking-api
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pydantic import Field

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
    UNAUTHORIZED,
    AnswerDescription,
    Operation,
    Schema,
)
from gateway.sources.description import query_fields as query_parameter
from gateway.sources.form import query_value
from gateway.sources.keys import Key, KeySet
from gateway.sources.matomo.actions import product_views
from gateway.sources.matomo.event import is_of_a_program, to_event
from gateway.sources.matomo.hits import TOKEN, Hit, Hits, read_hits, token_of
from gateway.sources.reading import bearer_key, text_bytes
from gateway.sources.statements import with_statements

_DOCUMENTATION = "https://developer.matomo.org/api-reference/tracking-api"
_ABOUT = Answer(
    200,
    b"This address takes hits of Matomo's trackers: send idsite and rec=1 with each.\n",
    {"content-type": "text/plain; charset=utf-8"},
)
_COUNT: Schema = {"type": "integer", "minimum": 0}
_TRACKED: Schema = {
    "type": "object",
    "required": ["status", "tracked", "invalid"],
    "properties": {
        "status": {"enum": ["success", "error"]},
        "tracked": _COUNT,
        "invalid": _COUNT,
        "invalid_indices": {"type": "array", "items": _COUNT},
    },
}
_ANSWERS: Mapping[str, Schema] = {**IMAGE, JSON: _TRACKED}
_HIT: Schema = {"type": "object", "additionalProperties": {"type": "string"}}
_BULK: Schema = {
    "type": "object",
    "required": ["requests"],
    "properties": {
        "requests": {"type": "array", "minItems": 1, "items": {"type": ["string", "object"]}},
        TOKEN: {"type": "string"},
    },
}


class MatomoSettings(SourceSettings):
    type: Literal["matomo"] = Field(description="Hits of Matomo's trackers.")
    site_ids: list[str] = Field(
        default=[],
        description="Values of `idsite` to accept. Hits of other sites are refused. Without this "
        "setting, hits of any site are accepted.",
    )
    keys: list[Key] = Field(
        default=[],
        description="Values of `token_auth` for your own backends. A sender with one of them is "
        "trusted: it may state the visitor's address, user agent and place (`cip`, `ua`, `country` "
        "...), and a time that is older than 24 hours (`cdt`). Requests with any other "
        "`token_auth` are answered 401.",
    )


@dataclass(slots=True)
class _HitBatch(Batch):
    """hits: how many were in the request. sends_image, is_bulk: as in `Hits`."""

    hits: int = 0
    sends_image: bool = True
    is_bulk: bool = False


class Matomo(Source[MatomoSettings]):
    """Hits of browsers, apps and servers, one in a request or many in JSON.

    A request is a backend's if a hit in it states a visitor's address or agent (`cip`, `ua`), or if
    it has no ``User-Agent``. Answers with a GIF, with 204 to ``send_image=0``, with JSON to a bulk
    request, and with 400 if all hits were refused.
    """

    type = "matomo"
    methods = ("GET", "POST")
    paths = ("/matomo.php", "/piwik.php")
    from_browsers = True
    body_bytes = 524_288
    """Matomo's log importer sends 200 hits in a request."""
    reads_query = True
    text_events = True
    Settings = MatomoSettings

    def __init__(self, settings: MatomoSettings) -> None:
        super().__init__(settings)
        self._keys = KeySet(settings.keys)
        self._site_ids = frozenset(settings.site_ids)

    def describe(self, method: str) -> Operation:
        is_get = method == "GET"
        bodies = {JSON: _BULK, "application/x-www-form-urlencoded": _HIT}
        return Operation(
            text="One hit of Matomo's Tracking HTTP API in the query"
            f"{'' if is_get else ' or in a form, or many in JSON'}.",
            documentation=_DOCUMENTATION,
            parameters=[query_parameter("A hit, such as `idsite=1&rec=1`.")],
            body={} if is_get else bodies,
            answers={
                "200": AnswerDescription("The accepted hits are durable.", _ANSWERS),
                "204": AnswerDescription("As 200, if `send_image=0` asks for it."),
                "400": AnswerDescription("Every hit was refused.", _ANSWERS),
                "401": UNAUTHORIZED,
            },
            keys={
                TOKEN: {"type": "apiKey", "in": "query", "name": TOKEN},
                "bearer": {"type": "http", "scheme": "bearer"},
            },
        )

    def shows_key(self, request: Inbound) -> bool:
        token = query_value(request.query, TOKEN)
        return bearer_key(request.headers) in self._keys or text_bytes(token) in self._keys

    def read(self, request: Inbound) -> Batch:
        found = read_hits(request)
        if not found.is_bulk and not any(_is_hit(hit) for hit in found.hits):
            if request.method == "GET":
                return Batch(reply=_ABOUT)
            raise Refused(
                400,
                "malformed",
                "expected a hit in the query or in a form, or JSON with a list of requests",
            )
        trusted = self._is_trusted(request, found)
        check_shared(found.statements, found.hits, trusted)
        agent = request.headers.get("user-agent", "")
        batch = read_events(
            found.hits,
            lambda hit: with_statements(
                to_event(hit, trusted, request.received_at, self._site_ids), found.statements
            ),
            trusted,
            backend=trusted or not agent or any(is_of_a_program(hit, agent) for hit in found.hits),
            own_properties=True,
            derived=product_views(found.hits),
        )
        return _HitBatch(
            batch.events,
            [each for each in batch.refused if each.index < len(found.hits)],
            batch.trusted,
            batch.backend,
            size=batch.size,
            hits=len(found.hits),
            sends_image=found.sends_image,
            is_bulk=found.is_bulk,
        )

    def answer(self, batch: Batch) -> Answer:
        if not isinstance(batch, _HitBatch):
            return _ABOUT
        if batch.is_bulk and (batch.sends_image or not batch.events):
            return _tracked(batch)
        if batch.sends_image:
            return answers.pixel(batch)
        return answers.NO_CONTENT if batch.events else answers.accepted(batch)

    def _is_trusted(self, request: Inbound, found: Hits) -> bool:
        """Whether one key was shown for all hits, or one by each hit. Raises `Refused` if any key
        is wrong."""
        shared = [key for key in (text_bytes(found.token), bearer_key(request.headers)) if key]
        own = [text_bytes(token_of(hit)) for hit in found.hits]
        if any(key not in self._keys for key in (*shared, *filter(None, own))):
            raise Refused(401, "unauthorized", f"the {TOKEN} is not one of the keys of this source")
        return bool(shared) or all(own)


def _is_hit(hit: Hit | None) -> bool:
    return hit is not None and ("idsite" in hit or "rec" in hit)


def _tracked(batch: _HitBatch) -> Answer:
    """Matomo's answer to a bulk request, with the reasons for which hits were refused."""
    indices = [each.index for each in batch.refused if each.index < batch.hits]
    status = answers.status_of(batch, 200)
    content: dict[str, object] = {
        "status": "success" if status == 200 else "error",
        "tracked": batch.hits - len(indices),
        "invalid": len(indices),
    }
    if batch.trusted:
        content["invalid_indices"] = indices
    if indices:
        content["refused"] = answers.report(batch)["refused"]
    return Answer.json(status, content)
