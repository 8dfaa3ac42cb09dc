"""Bodies that cost the slower parser as much as possible are read or refused in linear time.

Anything slower would not end: each body is as large as a source for browsers accepts.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from starlette.testclient import TestClient

from gateway.sources.base import BROWSER_BODY_BYTES
from gateway.sources.reading import decode

SIZE = BROWSER_BODY_BYTES - 100


def filled(piece: str, before: str = '["', after: str = r'\ud83d"]') -> bytes:
    return (before + piece * (SIZE // len(piece)) + after).encode()


READ = {
    "halves": filled("\\ud83d"),
    "second halves": filled("\\ude00"),
    "pairs": filled("\\ud83d\\ude00"),
    "NULs": filled("\\u0000"),
    "escaped backslashes": filled("\\\\"),
    "escaped backslashes and letters": filled("\\\\u"),
    "objects": filled("{},", "[", r'"\ud83d"]'),
    "lists": filled("[],", "[", r'"\ud83d"]'),
    "numbers": filled("0,", "[", r'"\ud83d"]'),
    "NaN": filled("NaN,", "[", "0]"),
    "digits": filled("1", "[", r',"\ud83d"]'),
    "decimals": filled("1", "[0.", r',"\ud83d"]'),
    "an exponent": filled("1", "[1e", r',"\ud83d"]'),
    "one key": filled('"a":0,', "{", r'"\ud83d":1}'),
    "one key that denies": filled('"consent":"denied",', "{", r'"\ud83d":1}'),
    "not UTF-8": b'["' + b"\xff" * SIZE + b'"]',
}
REFUSED = {
    "an open text of backslashes": filled("\\", "[", ""),
    "an open text of halves": filled("\\ud83d", '["', ""),
    "open lists": filled("[", "", ""),
    "open objects": filled('{"a":', "", ""),
    "deep lists": b"[" * (SIZE // 2) + rb'"\ud83d"' + b"]" * (SIZE // 2),
    "no JSON": filled("x", "", ""),
}


@pytest.mark.parametrize("body", READ.values(), ids=READ)
def test_it_is_read(body: bytes) -> None:
    assert decode(body)


@pytest.mark.parametrize("body", REFUSED.values(), ids=REFUSED)
def test_it_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"\A(not JSON|nested too deep)\Z"):
        decode(body)


@pytest.mark.parametrize("name", ["halves", "one key that denies", "digits"])
def test_a_neighbour_arrives_all_the_same(
    web: TestClient, neighbour_arrives: Callable[[], bool], name: str
) -> None:
    assert web.post("/collect", content=READ[name]).status_code in (200, 204, 400)
    assert neighbour_arrives()


def test_the_good_events_of_a_batch_arrive(web: TestClient) -> None:
    body = rb"""[{"event_name":"purchase"},{"event_name":"a","x":"\ud83d","y":"\u0000"},
        {"event_name":"b","x":NaN},{"event_name":"page_view"}]"""
    assert web.post("/collect", content=body).status_code == 204
