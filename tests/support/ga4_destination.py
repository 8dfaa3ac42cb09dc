"""Builders for tests of GA4's Measurement Protocol: a destination, and what it makes of events."""

from collections.abc import Callable
from typing import Any

import orjson

from destinations.base import Request, Unsendable
from destinations.ga4 import GA4, GA4Settings
from destinations.remarks import collect_remarks
from gateway.event import Event
from gateway.stages.anonymise import compile_anonymise


def ga4(**settings: Any) -> GA4:
    return GA4(GA4Settings(**{"measurement_id": "G-TEST000001", "api_secret": "S", **settings}))


def ga4_app(**settings: Any) -> GA4:
    return ga4(measurement_id=None, firebase_app_id="1:12:ios:3a", **settings)


def requests_of(destination: GA4, events: list[Event], now: float) -> list[Request]:
    results = list(destination.requests(events, now))
    assert all(isinstance(result, Request) for result in results), results
    return [result for result in results if isinstance(result, Request)]


def sent(event: Event, now: float, destination: GA4 | None = None) -> dict[str, Any]:
    """The body of the one request that `event` makes."""
    (request,) = requests_of(destination or ga4(), [event], now)
    body: dict[str, Any] = orjson.loads(request.body)
    return body


def params(event: Event, now: float, destination: GA4 | None = None) -> dict[str, Any]:
    found: dict[str, Any] = sent(event, now, destination)["events"][0]["params"]
    return found


def remarks_about(event: Event, now: float) -> list[str]:
    with collect_remarks() as remarks:
        list(ga4().requests([event], now))
    return remarks


def refused(event: Event, now: float, destination: GA4 | None = None) -> str:
    (unsendable,) = (destination or ga4()).requests([event], now)
    assert isinstance(unsendable, Unsendable), unsendable
    return unsendable.reason


def anonymised(example: Callable[..., Event], name: str = "purchase", **changes: Any) -> Event:
    denied = {"analytics_storage": "denied", "ad_user_data": "granted"}
    return compile_anonymise()(example(name, **{"consent": denied, **changes}))
