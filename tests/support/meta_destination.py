"""Builders for tests of Meta's destination: what it makes of an event, and errors of Meta."""

from typing import Any

import orjson

from destinations.base import Request, Unsendable
from destinations.meta import Meta, MetaSettings
from gateway.event import Event


def meta(**settings: Any) -> Meta:
    return Meta(MetaSettings(**{"pixel_id": "1234567890", "access_token": "TOKEN", **settings}))


def sent(event: Event, now: float, **settings: Any) -> dict[str, Any]:
    """The one event in the body of the request that `event` makes."""
    (request,) = meta(**settings).requests([event], now)
    assert isinstance(request, Request), request
    data: dict[str, Any]
    (data,) = orjson.loads(request.body)["data"]
    return data


def refused(event: Event, now: float, **settings: Any) -> str:
    (unsendable,) = meta(**settings).requests([event], now)
    assert isinstance(unsendable, Unsendable), unsendable
    return unsendable.reason


REQUEST = Request("POST", "https://graph.example", {}, b"{}", (0, 1))
"""A request with two events, for tests of answers."""


def error(code: int, subcode: int | None = None, **more: Any) -> dict[str, Any]:
    return {
        "error": {
            "message": "Invalid parameter",
            "type": "OAuthException",
            "code": code,
            **({} if subcode is None else {"error_subcode": subcode}),
            "fbtrace_id": "A1",
            **more,
        }
    }
