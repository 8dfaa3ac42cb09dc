"""Bodies that are small to send and large to read, and bodies that are large either way."""

from __future__ import annotations

import gzip
import json
import tracemalloc
import zlib
from collections.abc import Callable

import pytest
from starlette.testclient import TestClient

from gateway.sources.base import BROWSER_BODY_BYTES, Refused
from gateway.web import body as body_module
from gateway.web.body import ALWAYS_INFLATED, MAX_RATIO
from tests.hostile.conftest import KEY

Neighbour = Callable[[], bool]
GZIP = {"content-encoding": "gzip"}
SERVER_LIMIT = 1_048_576


def event_of(size: int) -> bytes:
    """An event of exactly `size` bytes."""
    bare = len(json.dumps({"event_name": "x", "pad": ""}))
    return json.dumps({"event_name": "x", "pad": "p" * (size - bare)}).encode()


def test_a_body_that_inflates_to_more_than_its_ratio_is_refused_by_name(
    web: TestClient, neighbour_arrives: Neighbour
) -> None:
    bomb = gzip.compress(event_of(1_000_000))
    assert MAX_RATIO * len(bomb) < 1_000_000
    answer = web.post("/events", content=bomb, headers={**KEY, **GZIP})
    assert answer.status_code == 413
    assert answer.json()["reason"] == "inflates_too_much"
    assert "send fewer events in one request, or send it without gzip" in answer.text
    assert neighbour_arrives()


def test_a_body_of_the_same_size_that_is_not_a_bomb_is_taken(web: TestClient) -> None:
    answer = web.post("/events", content=event_of(1_000_000), headers=KEY)
    assert answer.status_code == 200


def test_a_small_body_inflates_at_any_ratio(web: TestClient) -> None:
    body = gzip.compress(event_of(ALWAYS_INFLATED))
    assert MAX_RATIO * len(body) < ALWAYS_INFLATED
    assert web.post("/collect", content=body, headers=GZIP).status_code == 204


def test_a_batch_of_nearly_the_same_event_stays_below_the_ratio(web: TestClient) -> None:
    events = [
        {"event_name": "page_view", "event_id": f"{n * 7919:08x}", "page_title": "Shoes " * 20}
        for n in range(1000)
    ]
    body = gzip.compress(json.dumps(events).encode())
    assert web.post("/events", content=body, headers={**KEY, **GZIP}).status_code == 200


@pytest.mark.parametrize("limit", [20_000, SERVER_LIMIT, 10**9])
def test_inflation_stops_at_the_cap(limit: int) -> None:
    bomb = gzip.compress(b"\0" * 50_000_000)
    cap = min(limit, max(ALWAYS_INFLATED, MAX_RATIO * len(bomb)))
    tracemalloc.start()
    try:
        with pytest.raises(Refused):
            body_module._inflate(bomb, limit)
        assert tracemalloc.get_traced_memory()[1] < 3 * cap + 1_000_000
    finally:
        tracemalloc.stop()


def test_the_ratio_is_the_one_at_which_inflation_stops() -> None:
    """A comment in the header makes the ratio exact enough to test both sides of the cap."""
    for size, refused in ((MAX_RATIO - 10, False), (MAX_RATIO + 10, True)):
        noise = zlib.compress(b"")  # any few bytes
        bomb = gzip.compress(noise + b"\0" * 20_000_000)
        inflated_to = size * len(bomb)
        body = gzip.compress(noise + b"\0" * inflated_to) + b""
        padded_to = len(bomb) - len(body)
        assert padded_to > 0
        body = _with_comment(body, padded_to)
        assert len(body) == len(bomb)
        if refused:
            with pytest.raises(Refused, match="100 times"):
                body_module._inflate(body, 10**9)
        else:
            assert len(body_module._inflate(body, 10**9)) == inflated_to + len(noise)


def _with_comment(body: bytes, size: int) -> bytes:
    """`body` with a comment in its header (RFC 1952, 2.3), which makes it `size` bytes longer."""
    return body[:3] + b"\x10" + body[4:10] + b"c" * (size - 1) + b"\0" + body[10:]


@pytest.mark.parametrize(
    ("path", "limit"),
    [
        ("/collect", BROWSER_BODY_BYTES),
        ("/small", 1000),
        ("/greedy", SERVER_LIMIT),
        ("/events", SERVER_LIMIT),
    ],
)
def test_each_source_has_its_own_limit_and_the_servers_holds_for_all(
    web: TestClient, neighbour_arrives: Neighbour, path: str, limit: int
) -> None:
    assert web.post(path, content=event_of(limit), headers=KEY).status_code in (200, 204)
    answer = web.post(path, content=event_of(limit + 1), headers=KEY)
    assert (answer.status_code, answer.json()["reason"]) == (413, "too_large")
    assert neighbour_arrives()


def test_the_largest_event_of_the_snippet_and_a_batch_of_segment_fit(web: TestClient) -> None:
    assert web.post("/collect", content=event_of(90_000)).status_code == 204
    messages = [
        {"type": "track", "event": "x", "anonymousId": "a", "properties": {"pad": "p" * 30_000}}
        for _ in range(16)
    ]
    batch = {"writeKey": "public", "batch": messages}
    assert 480_000 < len(json.dumps(batch)) < 500_000
    assert web.post("/v1/batch", json=batch).status_code == 200
