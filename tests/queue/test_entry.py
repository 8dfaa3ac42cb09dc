"""Entries: what goes in comes out."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.pipeline.decision import Decision
from gateway.queue.entry import decode, encode, encode_entry, share_items, take_apart, take_content

RECEIPT = "0123456789ab" + "f" * 16

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.text(st.characters(codec="utf-8")), values, max_size=5))
def test_an_event_comes_out_as_it_went_in(event: dict[str, Any]) -> None:
    decision = Decision(event, {}, ("first",), "site", 1795219200.25, "v1")
    entry = decode(b"1-0", 3, encode(decision, event, ("second",)))
    assert entry.event == event
    assert (entry.id, entry.deliveries) == (b"1-0", 3)
    assert (entry.source, entry.received_at, entry.version) == ("site", 1795219200.25, "v1")
    assert entry.applied == ["first", "second"]


@given(
    st.lists(values, min_size=14, max_size=18) | values,
    st.dictionaries(st.text(st.characters(codec="utf-8")), values, max_size=3),
)
def test_forms_of_an_event_that_share_their_items_are_written_as_ever(
    items: Any, others: dict[str, Any]
) -> None:
    event = {"event_name": "purchase", **others, "items": items, "value": 1}
    forms = [event, {**event, "value": 2}, {**others, "items": [items] * 17}]
    decision, written = Decision(event, {}, (), "site", 1795219200.25, "v1"), {}

    shared = [encode(decision, share_items(form, written), ()) for form in forms]

    assert shared == [encode(decision, form, ()) for form in forms]


FROM = ',"from":['
names = st.text(st.characters(codec="utf-8")) | st.sampled_from(["from", "event", FROM])


@given(
    st.dictionaries(
        names,
        values
        | st.just(FROM)
        | st.fixed_dictionaries({"a": st.none()}).map(lambda inner: {**inner, "from": [inner]}),
        max_size=5,
    ),
    st.lists(names, max_size=2),
)
def test_an_event_can_be_taken_out_unread(event: dict[str, Any], applied: list[str]) -> None:
    data = encode_entry(event, "site", 1.5, "v1", applied, ["c0ffee"], trusted=False, stated=["x"])
    entry, taken = take_apart(data)
    whole = decode(b"", 0, data)
    assert orjson.loads(taken) == whole.event == event
    assert entry == whole._replace(event={}, size=entry.size)


@given(
    st.dictionaries(names, values | st.just(FROM), max_size=4),
    st.lists(names, max_size=2),
    st.sampled_from(["", RECEIPT]),
    st.integers(1, 2),
)
def test_the_ledger_takes_what_the_whole_entry_says(
    event: dict[str, Any], applied: list[str], receipt: str, passage: int
) -> None:
    more = (["c0ffee", "cafe"], True, ["ad_storage"], "b1", receipt, passage)
    data = encode_entry(event, "site", 1.5, "v1", applied, *more)
    origin, taken = take_content(data)
    whole = decode(b"", 0, data)
    assert orjson.loads(taken) == whole.event == event
    assert origin == (whole.applied, whole.visitors, whole.stated)


def test_an_event_of_an_earlier_version_is_taken_out_too() -> None:
    written = {"source": "site", "received_at": 1.5, "version": "v1", "applied": ["a rule"]}
    entry, taken = take_apart(orjson.dumps({"event": {"event_name": "x"}, **written}))
    assert (entry.applied, entry.event, taken) == (["a rule"], {}, b'{"event_name":"x"}')


def test_fields_of_another_version_of_the_gateway_are_left() -> None:
    decision = Decision({"event_name": "x"}, {}, (), "site", 1.0, "v1")
    data = orjson.loads(encode(decision, decision.event, ())) | {"later": 1}
    assert decode(b"1-0", 1, orjson.dumps(data)).event == {"event_name": "x"}
    assert data["from"][4:] == ["", False]
    data["from"][4:] = ["visitor", False, "later"]
    entry = decode(b"1-0", 1, orjson.dumps(data))
    assert (entry.visitors, entry.trusted) == (["visitor"], False)


@pytest.mark.parametrize("visitors", [[], ["c0ffee"], ["c0ffee", "cafe"]])
@pytest.mark.parametrize(("trusted", "stated"), [(True, []), (True, ["ad_storage"]), (False, [])])
def test_an_entry_tells_who_may_stop_it(
    trusted: bool, stated: list[str], visitors: list[str]
) -> None:
    data = encode_entry({"event_name": "x"}, "site", 1.5, "v1", [], visitors, trusted, stated)
    entry = decode(b"1-0", 1, data)
    assert (entry.trusted, entry.visitors, entry.applied) == (trusted, visitors, [])
    assert entry.stated == (stated if visitors else [])


@pytest.mark.parametrize("visitors", [[], ["c0ffee"]])
@pytest.mark.parametrize("trusted", [True, False])
def test_an_entry_tells_to_which_browser_the_demo_shows_it(
    trusted: bool, visitors: list[str]
) -> None:
    data = encode_entry({"event_name": "x"}, "site", 1.5, "v1", [], visitors, trusted, [], "b1")
    entry = decode(b"1-0", 1, data)
    assert (entry.trusted, entry.visitors, entry.demo_browser) == (trusted, visitors, "b1")


@pytest.mark.parametrize("visitor", ["", "c0ffee"])
def test_what_waits_since_an_earlier_version_is_read(visitor: str) -> None:
    fields = {"source": "site", "received_at": 1.5, "version": "v1", "applied": ["a rule"]}
    written = {"event": {"event_name": "x"}, **fields} | ({"visitor": visitor} if visitor else {})
    now = encode_entry(
        {"event_name": "x"}, "site", 1.5, "v1", ["a rule"], visitor.split(), trusted=True
    )
    earlier = orjson.dumps(written)
    assert decode(b"1-0", 2, earlier) == decode(b"1-0", 2, now)._replace(size=len(earlier))


@pytest.mark.parametrize(
    ("receipt", "passage", "again"), [("", 1, False), (RECEIPT, 1, False), (RECEIPT, 2, True)]
)
def test_an_entry_tells_whether_it_is_counted_as_in_a_later_passage(
    receipt: str, passage: int, again: bool
) -> None:
    names = ("", receipt, passage)
    data = encode_entry({"event_name": "x"}, "site", 1.5, "v1", [], [], True, [], *names)
    entry = decode(b"1-0", 1, data)
    assert (entry.receipt, entry.passage, entry.again) == (receipt, passage, again)
    read = orjson.loads(data)
    del read["from"][9:]  # as an earlier version wrote it
    earlier = decode(b"1-0", 1, orjson.dumps(read))
    assert (earlier.receipt, earlier.passage, earlier.again) == (receipt, passage, False)


@pytest.mark.parametrize("data", [b"{}", b"[]", b"7", b'{"event":{}}', b'{"event":{},"from":[1]}'])
def test_what_is_no_entry_is_told_as_the_reader_expects(data: bytes) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        decode(b"1-0", 1, data)
    with pytest.raises((KeyError, TypeError, ValueError)):
        take_apart(data)
    with pytest.raises((KeyError, TypeError, ValueError)):
        take_content(data)
