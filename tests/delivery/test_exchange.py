"""Requests are shown readably and without secrets."""

from typing import Any

import pytest

from destinations.base import Destination, Request
from gateway.configuration.destination import build_destination
from gateway.configuration.load import parse_settings
from gateway.delivery.exchange import request_record

SECRET = "s3cr3t/1"
SETTINGS = parse_settings(
    """
sources: {site: {type: collect}}
destinations: {ga4: {type: ga4, measurement_id: G-1, api_secret: s3cr3t/1}}
""",
    environment={},
)


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (b'{"a": [1, "s3cr3t/1"]}', {"a": [1, "***"]}),
        (b"a=1&k=s3cr3t%2F1", "a=1&k=***"),
        (b"\xff{", "�{"),
        (b"", ""),
    ],
)
def test_a_request_as_it_may_be_shown(body: bytes, shown: Any) -> None:
    destination: Destination[Any] = build_destination(SETTINGS.destinations["ga4"])
    request = Request("POST", f"https://x.example/?k={SECRET}", {"x-key": SECRET}, body, (0,))
    assert request_record(destination, request) == {
        "method": "POST",
        "url": "https://x.example/?k=***",
        "headers": {"x-key": "***"},
        "body": shown,
    }


def test_an_access_token_that_is_added_later_is_shown_as_one() -> None:
    destination: Destination[Any] = build_destination(SETTINGS.destinations["ga4"])
    request = Request("POST", "https://x.example/", {}, b"", (0,), credential="crm")
    assert request_record(destination, request)["headers"] == {"authorization": "Bearer ***"}
