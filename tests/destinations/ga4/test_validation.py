"""Google's validation server checks a share of the requests; its findings become warnings."""

from urllib.parse import urlsplit

import orjson
import pytest

from destinations.base import Response
from tests.destinations.conftest import Example
from tests.support.ga4_destination import ga4, requests_of
from tests.vendors.ga4 import GA4 as Google


def test_a_share_of_the_requests_is_validated_too(example: Example, now: float) -> None:
    destination = ga4(validate_share=0.25)
    events = [example("page_view", client_id=f"{n}.1") for n in range(1000)]
    requests = requests_of(destination, events, now)
    checks = [destination.check(request) for request in requests]
    assert 150 < len([check for check in checks if check]) < 350
    assert checks == [destination.check(request) for request in requests], "a repetition too"
    request, check = next((r, c) for r, c in zip(requests, checks, strict=True) if c)
    assert check.url == (
        "https://www.google-analytics.com/debug/mp/collect?measurement_id=G-TEST000001&api_secret=S"
    )
    assert check.body == request.body


@pytest.mark.parametrize(("share", "checked"), [(0, False), (1, True)])
def test_none_or_all_are_validated(
    share: float, checked: bool, example: Example, now: float
) -> None:
    destination = ga4(validate_share=share)
    events = [example("page_view", client_id=f"{n}.1") for n in range(50)]
    for request in requests_of(destination, events, now):
        assert (destination.check(request) is not None) == checked


VALIDATION = {
    "validationMessages": [
        {
            "fieldPath": "events.params.items",
            "description": "Item jane@example.com is not valid",
            "validationCode": "VALUE_INVALID",
        },
        {"description": "too many", "validationCode": "EXCEEDED_MAX_ENTITIES"},
    ]
}


def test_what_googles_validation_finds_is_a_warning(example: Example, now: float) -> None:
    destination, google = ga4(validate_share=1), Google(now=lambda: now)
    (request,) = requests_of(destination, [example("contact")], now)
    for name, warnings in (
        (b"contact", []),
        (b"session_start", ["GA4's validation: NAME_RESERVED at events.name"]),
    ):
        told = request._replace(body=request.body.replace(b'"contact"', b'"%b"' % name))
        check = destination.check(told)
        assert check is not None
        url = urlsplit(check.url)
        said = google.answer(check.method, url.path, url.query, check.body)
        answer = Response(said.status, {}, said.body)
        assert list(destination.check_warnings(answer)) == warnings


def test_what_validation_finds_is_told_without_values() -> None:
    answer = Response(200, {}, orjson.dumps(VALIDATION))
    assert list(ga4().check_warnings(answer)) == [
        "GA4's validation: VALUE_INVALID at events.params.items",
        "GA4's validation: EXCEEDED_MAX_ENTITIES",
    ]


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b'{"validationMessages":[]}'),
        (200, b"<html>"),
        (200, b"[1]"),
        (200, b'{"validationMessages":["odd"]}'),
        (500, orjson.dumps(VALIDATION)),
    ],
)
def test_an_answer_without_findings_warns_of_nothing(status: int, body: bytes) -> None:
    assert list(ga4().check_warnings(Response(status, {}, body))) == []
