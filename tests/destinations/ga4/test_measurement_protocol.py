"""Events of one client share a request, in order and within GA4's limits."""

from typing import Any

import pytest

from destinations.base import Request, Unsendable
from destinations.ga4.measurement_protocol import MAX_BODY
from gateway.event import Event
from tests.destinations.conftest import Example
from tests.support.ga4_destination import ga4, ga4_app, requests_of


def test_the_secret_is_in_the_query_where_the_protocol_wants_it(
    example: Example, now: float
) -> None:
    (request,) = requests_of(ga4(api_secret="a/b+c=%"), [example("page_view")], now)
    assert request.method == "POST"
    assert request.headers == {"content-type": "application/json"}
    assert request.url == (
        "https://www.google-analytics.com/mp/collect"
        "?measurement_id=G-TEST000001&api_secret=a%2Fb%2Bc%3D%25"
    )


def test_an_app_stream_is_named_with_its_colons(example: Example, now: float) -> None:
    destination = ga4_app(base_url="https://region1.google-analytics.com")
    event = example("purchase", app_instance_id="f00")
    (request,) = requests_of(destination, [event], now)
    assert request.url == (
        "https://region1.google-analytics.com/mp/collect?firebase_app_id=1:12:ios:3a&api_secret=S"
    )


def of(client: str, example: Example, **changes: Any) -> Event:
    return example("page_view", client_id=client, **changes)


def test_clients_have_requests_of_their_own_in_the_order_of_their_events(
    example: Example, now: float
) -> None:
    events = [of("1.1", example), of("2.2", example), of("1.1", example), of("2.2", example)]
    requests = requests_of(ga4(), events, now)
    assert [request.events for request in requests] == [(0, 2), (1, 3)]


@pytest.mark.parametrize(
    "changes",
    [
        {"user_id": "17"},
        {"ip_override": "203.0.113.8"},
        {"user_agent": "Other"},
        {"user_data": {"email_address": "a@b.example"}},
        {"user_properties": {"plan": "pro"}},
        {"consent": {"ad_user_data": "denied"}},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_what_is_said_of_the_client_is_never_said_of_another_event(
    changes: dict[str, Any], example: Example, now: float
) -> None:
    """The third event could share the first one's request, but would overtake the second."""
    events = [of("1.1", example), of("1.1", example, **changes), of("1.1", example)]
    requests = requests_of(ga4(), events, now)
    assert [request.events for request in requests] == [(0,), (1,), (2,)]


def test_25_events_fill_a_request(example: Example, now: float) -> None:
    requests = requests_of(ga4(), [of("1.1", example)] * 60, now)
    assert [len(request.events) for request in requests] == [25, 25, 10]


def test_a_body_stays_below_130_kilobytes(example: Example, now: float) -> None:
    items = [{"item_id": str(n), "item_name": "n" * 100} for n in range(200)]
    requests = requests_of(ga4(), [example("view_cart", items=items)] * 25, now)
    sizes = [len(request.body) for request in requests]
    assert max(sizes) < MAX_BODY
    assert min(sizes[:-1]) > MAX_BODY * 0.7, "and uses the room that there is"


def test_a_single_event_that_is_too_large(example: Example, now: float) -> None:
    items = [
        {"item_id": str(n), **{f"custom_{m}": "n" * 100 for m in range(27)}} for n in range(200)
    ]
    events = [example("view_cart", items=items), example("view_cart")]
    unsendable, request = ga4().requests(events, now)
    assert isinstance(unsendable, Unsendable)
    assert "130000 bytes" in unsendable.reason
    assert isinstance(request, Request)
    assert request.events == (1,)


def test_events_for_debug_view_go_in_requests_of_their_own(example: Example, now: float) -> None:
    events = [example("contact", debug_mode=debug) for debug in (None, True, True, None)]
    made = [each for each in ga4().requests(events, now) if isinstance(each, Request)]
    assert sorted(each.events for each in made if each.test) == [(1, 2)]
    assert sorted(n for each in made if not each.test for n in each.events) == [0, 3]
    assert all(
        isinstance(each, Request) and each.test
        for each in ga4(debug_mode=True).requests(events, now)
    )
