"""Headers: one value for each name, in one pass, within limits."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from gateway.queue.entry import Entry
from gateway.sources.base import Refused
from gateway.web.headers import MAX_BYTES, MAX_LINES, MAX_NAME_BYTES, read_headers

Line = tuple[bytes, bytes]


@pytest.mark.parametrize(
    ("lines", "headers"),
    [
        ([], {}),
        ([(b"host", b"m.shop.example")], {"host": "m.shop.example"}),
        ([(b"x-unknown", b"\xe9")], {"x-unknown": "\u00e9"}),
        ([(b"accept", b"a"), (b"accept", b"b")], {"accept": "a, b"}),
        ([(b"cookie", b"a=1"), (b"cookie", b"b=2")], {"cookie": "a=1; b=2"}),
        ([(b"x", b"1"), (b"y", b"2"), (b"x", b"")], {"x": "1, ", "y": "2"}),
    ],
)
def test_the_values_of_one_name_are_joined(lines: list[Line], headers: dict[str, str]) -> None:
    assert read_headers(lines) == headers


NAMES = st.sampled_from([b"accept", b"cookie", b"x-forwarded-for", b"x-other", b"\xff"])


@given(st.lists(st.tuples(NAMES, st.binary(max_size=20)), max_size=MAX_LINES))
def test_all_values_are_there_in_their_order(lines: list[Line]) -> None:
    headers = read_headers(lines)
    assert list(headers) == list(dict.fromkeys(name.decode("latin-1") for name, _ in lines))
    for name, value in headers.items():
        separator = b"; " if name == "cookie" else b", "
        values = [each for other, each in lines if other.decode("latin-1") == name]
        assert value == separator.join(values).decode("latin-1")


HALF = b"x" * (MAX_BYTES // 2)


@pytest.mark.parametrize(
    ("within", "beyond"),
    [
        (
            [(b"a%d" % n, b"") for n in range(MAX_LINES)],
            [(b"a%d" % n, b"") for n in range(MAX_LINES + 1)],
        ),
        ([(b"a", b"")] * MAX_LINES, [(b"a", b"")] * 31_000),
        ([(b"a" * MAX_NAME_BYTES, b"")], [(b"a" * (MAX_NAME_BYTES + 1), b"")]),
        ([(b"a", HALF), (b"b", HALF)], [(b"a", HALF), (b"b", HALF + b"x")]),
        ([(b"a", HALF), (b"a", HALF[2:])], [(b"a", HALF), (b"a", HALF[1:])]),
    ],
    ids=["lines", "lines of one name", "a name", "values", "values of one name"],
)
def test_more_than_the_limits_is_refused(within: list[Line], beyond: list[Line]) -> None:
    read_headers(within)
    with pytest.raises(Refused) as refused:
        read_headers(beyond)
    assert (refused.value.status, refused.value.reason) == (431, "headers_too_large")


def test_who_sends_too_many_is_told_so_and_stores_nothing(
    web: TestClient, stored: Callable[..., list[Entry]], refused: Callable[[str, str], int]
) -> None:
    lines = [("x-many", "1")] * (MAX_LINES + 1)
    answer = web.post("/collect", content=b'{"event_name": "page_view"}', headers=lines)
    assert (answer.status_code, answer.json()["reason"]) == (431, "headers_too_large")
    assert stored("all") == []
    assert refused("site", "headers_too_large") == 1
