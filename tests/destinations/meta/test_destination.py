"""A request has up to a thousand events with the same test code, and credentials in its body."""

import hmac

import orjson

from destinations.base import Request
from tests.destinations.conftest import Example
from tests.support.meta_destination import meta


def test_the_token_is_in_the_body_and_never_in_the_address(example: Example, now: float) -> None:
    destination = meta(app_secret="APP", test_event_code="TEST1", api_version="v25.0")
    (request,) = destination.requests([example("page_view")], now)
    assert isinstance(request, Request)
    body = orjson.loads(request.body)

    assert request.method == "POST"
    assert request.url == "https://graph.facebook.com/v25.0/1234567890/events"
    assert request.headers == {"content-type": "application/json"}
    assert body["access_token"] == "TOKEN"
    assert body["appsecret_proof"] == hmac.new(b"APP", b"TOKEN", "sha256").hexdigest()
    assert body["test_event_code"] == "TEST1"
    assert body["appsecret_proof"] not in destination.mask(request.body.decode())


def test_without_options_there_is_only_the_token(example: Example, now: float) -> None:
    (request,) = meta(base_url="http://127.0.0.1:9/").requests([example("page_view")], now)
    assert isinstance(request, Request)
    assert request.url == "http://127.0.0.1:9/v27.0/1234567890/events"
    assert orjson.loads(request.body).keys() == {"data", "access_token"}


def test_a_thousand_events_fill_a_request(example: Example, now: float) -> None:
    requests = list(meta().requests([example("page_view")] * 2001, now))
    assert [len(request.events) for request in requests if isinstance(request, Request)] == [
        1000,
        1000,
        1,
    ]


def test_tests_go_in_requests_of_their_own_by_their_codes(example: Example, now: float) -> None:
    codes = [None, "TEST1", "TEST2", None, "TEST1", 7, "not a code!"]
    events = [example("page_view", test_event_code=code) for code in codes]
    made = [each for each in meta().requests(events, now) if isinstance(each, Request)]
    found = {each.events: orjson.loads(each.body).get("test_event_code") for each in made}
    assert found == {(0, 3, 5, 6): None, (1, 4): "TEST1", (2,): "TEST2"}
    assert [each.test for each in made] == [False, True, True]
    assert all(b"TEST" not in each.body for each in made if not each.test)


def test_the_code_of_the_settings_is_for_events_without_one(example: Example, now: float) -> None:
    events = [example("page_view"), example("page_view", test_event_code="TEST2")]
    made = meta(test_event_code="TEST1").requests(events, now)
    codes = [
        orjson.loads(each.body)["test_event_code"] for each in made if isinstance(each, Request)
    ]
    assert codes == ["TEST1", "TEST2"]
