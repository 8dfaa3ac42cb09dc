"""gzip bodies, announced or not, are inflated up to the limit and no further."""

from __future__ import annotations

import gzip
import json
import tracemalloc
import zlib
from collections.abc import Callable

import pytest
from starlette.testclient import TestClient

from gateway.queue.entry import Entry
from gateway.sources.base import Refused
from gateway.web import body as body_module

EVENT = json.dumps({"event_name": "page_view", "note": "n" * 500}).encode()
GZIP = {"content-encoding": "gzip"}
LIMIT = 20_000
Stored = Callable[..., list[Entry]]


def padded(size: int) -> bytes:
    """An event of exactly `size` bytes."""
    bare = len(json.dumps({"event_name": "x", "pad": ""}))
    return json.dumps({"event_name": "x", "pad": "p" * (size - bare)}).encode()


@pytest.mark.parametrize("headers", [GZIP, {"content-encoding": " GZIP "}, {}])
@pytest.mark.parametrize("level", [0, 1, 9])
def test_gzip_with_and_without_the_header(
    web: TestClient, stored: Stored, headers: dict[str, str], level: int
) -> None:
    answer = web.post("/collect", content=gzip.compress(EVENT, level), headers=headers)
    assert answer.status_code == 204
    assert stored()[0].event["note"] == "n" * 500


@pytest.mark.parametrize("headers", [{"content-encoding": "identity"}, {"content-encoding": ""}])
def test_no_encoding_by_name(web: TestClient, stored: Stored, headers: dict[str, str]) -> None:
    assert web.post("/collect", content=EVENT, headers=headers).status_code == 204
    assert len(stored()) == 1


@pytest.mark.parametrize("encoding", ["br", "deflate", "zstd", "gzip, gzip", "compress", "x"])
def test_other_encodings_are_415(web: TestClient, encoding: str) -> None:
    answer = web.post("/collect", content=EVENT, headers={"content-encoding": encoding})
    assert answer.status_code == 415


@pytest.mark.parametrize(
    ("size", "status"), [(LIMIT - 1, 204), (LIMIT, 204), (LIMIT + 1, 413), (2 * LIMIT, 413)]
)
@pytest.mark.parametrize("compressed", [False, True])
def test_the_limit_is_for_the_inflated_body(
    web: TestClient, size: int, status: int, compressed: bool
) -> None:
    body = padded(size)
    answer = web.post("/collect", content=gzip.compress(body) if compressed else body)
    assert answer.status_code == status


def test_a_bomb_is_refused_without_inflating_it() -> None:
    bomb = gzip.compress(b"\0" * 50_000_000)
    tracemalloc.start()
    try:
        with pytest.raises(Refused) as refusal:
            body_module._inflate(bomb, LIMIT)
        assert refusal.value.status == 413
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_a_bomb_over_http(web: TestClient, stored: Stored) -> None:
    bomb = gzip.compress(b"\0" * 10_000_000)
    assert len(bomb) < LIMIT
    for headers in (GZIP, {}):
        assert web.post("/collect", content=bomb, headers=headers).status_code == 413
    assert stored() == []


@pytest.mark.parametrize(
    "body",
    [
        gzip.compress(EVENT)[:-1],
        gzip.compress(EVENT)[:-8],
        gzip.compress(EVENT)[:40],
        gzip.compress(EVENT)[:5],
        b"\x1f\x8b",
        gzip.compress(EVENT)[:-8] + b"\0" * 8,
        b"\x1f\x8b\x09" + gzip.compress(EVENT)[3:],
    ],
    ids=["last byte", "trailer", "half", "header", "magic", "checksum", "method"],
)
def test_broken_gzip_is_400(web: TestClient, stored: Stored, body: bytes) -> None:
    for headers in (GZIP, {}):
        assert web.post("/collect", content=body, headers=headers).status_code == 400
    assert stored() == []


@pytest.mark.parametrize("body", [EVENT, zlib.compress(EVENT), b"\0"])
def test_what_is_said_to_be_gzip_and_is_not_is_400(web: TestClient, body: bytes) -> None:
    assert web.post("/collect", content=body, headers=GZIP).status_code == 400


@pytest.mark.parametrize("cut", [0, 1, 100, len(EVENT)])
def test_half_a_body_never_passes_for_a_whole_one(
    web: TestClient, stored: Stored, cut: int
) -> None:
    """gzip data may have several members (RFC 1952, 2.2), but few senders use this."""
    body = gzip.compress(EVENT[:cut]) + gzip.compress(EVENT[cut:])
    answer = web.post("/collect", content=body, headers=GZIP)
    assert answer.status_code in (204, 400)
    assert [entry.event["note"] for entry in stored()] == ["n" * 500] * (answer.status_code == 204)


def test_members_together_are_held_to_the_limit(web: TestClient) -> None:
    body = b"".join(gzip.compress(b" " * 15_000) for _ in range(3))
    assert web.post("/collect", content=body, headers=GZIP).status_code in (400, 413)


def test_garbage_after_gzip_is_400(web: TestClient, stored: Stored) -> None:
    answer = web.post("/collect", content=gzip.compress(EVENT) + b"more", headers=GZIP)
    assert answer.status_code == 400
    assert stored() == []
