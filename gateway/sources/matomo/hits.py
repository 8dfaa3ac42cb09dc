"""Reads the hits in a request: one in its query or form, or several in JSON.

Source: developer.matomo.org/api-reference/tracking-api (bulk tracking)
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from destinations.paths import as_text
from gateway.event import Event
from gateway.event.json_texts import opened
from gateway.event.schema import as_list
from gateway.sources.base import Inbound, Refused, check_count
from gateway.sources.form import form_fields, query_fields
from gateway.sources.reading import decode_body
from gateway.sources.statement_fields import expanded_statements_in
from gateway.sources.statements import last_or_all, names_a_type, with_statements

Hit = dict[str, Any]
"""Parameters by name, mostly texts. A repeated statement about consent is a list of texts."""

TOKEN = "token_auth"
_JSON = (b"{", b"[", b'"')
_FLAGS = {True: "1", False: "0"}


@dataclass(slots=True)
class Hits:
    """hits: None for an element that is not a hit. statements: about consent, next to the hits of a
    bulk request. token: the `TOKEN` for all of them, or "". sends_image: whether the sender wants
    more than a status as the answer. is_bulk: whether the hits were sent in JSON.
    """

    hits: list[Hit | None]
    statements: Event = field(default_factory=dict)
    token: str = field(default="", repr=False)
    sends_image: bool = True
    is_bulk: bool = False


def token_of(hit: Hit | None) -> str:
    """The `TOKEN` that `hit` shows, or "". A value that is not a text counts as a wrong key."""
    token = (hit or {}).get(TOKEN, "")
    return token if isinstance(token, str) else "?"


def read_hits(request: Inbound) -> Hits:
    """The hits in `request`; none in an empty one. Raises `Refused`."""
    query = query_fields(request.query)
    if request.body.lstrip()[:1] in _JSON:
        return _bulk(decode_body(request.body), last_or_all(query))
    fields = [*query, *form_fields(request.body)]
    if not fields:
        return Hits([])
    hit = last_or_all(fields)
    return Hits([hit], token=token_of(hit), sends_image=_sends_image(hit))


def _bulk(body: Any, query: Hit) -> Hits:
    requests = as_list(opened(body.get("requests"))) if isinstance(body, dict) else None
    if isinstance(requests, dict | str) and requests:
        requests = [requests]
    if not isinstance(requests, list) or not requests:
        raise Refused(400, "malformed", "expected an object with a list of requests")
    check_count(requests)
    around = _as_hit({name: value for name, value in body.items() if name != "requests"})
    return Hits(
        [_hit(each) for each in requests],
        with_statements(expanded_statements_in(query), expanded_statements_in(around)),
        token_of(around) or token_of(query),
        _sends_image(around),
        is_bulk=True,
    )


def _sends_image(fields: Hit) -> bool:
    return fields.get("send_image") != "0"


def _hit(request: Any) -> Hit | None:
    """The hit in an element of a bulk request: a query, with or without a URL before it, or an
    object."""
    if isinstance(request, str):
        before, _, after = request.partition("?")
        is_query = "=" in before or not after
        return last_or_all(query_fields(request if is_query else after))
    return _as_hit(request) if isinstance(request, dict) else None


def _as_hit(fields: Mapping[str, Any]) -> Hit:
    """`fields` of an object as in a query: numbers, true and false become texts, and empty values
    are left out unless they deny consent."""
    return {
        name: _text(value)
        for name, value in fields.items()
        if value is not None and (value != "" or names_a_type(name))
    }


def _text(value: Any) -> Any:
    if isinstance(value, bool):
        return _FLAGS[value]
    return as_text(value) or str(value) if isinstance(value, int | float) else value
