"""The tests that every source must pass, whatever it is sent."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlencode

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from gateway.sources.base import Answer, Batch, Inbound, Refused, Source
from gateway.sources.description import Operation
from gateway.testing.secrets import open_secrets
from gateway.testing.values import (
    JSON,
    TEXT,
    changed,
    fuzzed,
    with_another_key,
    with_every_text,
    with_one_part,
)

HOSTILE = {
    "endless arrays": b"[" * 100_000,
    "endless objects": b'{"a":' * 100_000,
    "deep arrays": b"[" * 100_000 + b"]" * 100_000,
    "cut off": b'{"event_name":"page_vi',
    "two values": b'{"event_name":"a"}{"event_name":"b"}',
    "a number": b"1",
    "null": b"null",
    "a text": b'"page_view"',
    "spaces": b"   ",
}
ODD = [b"\0", rb"\u0000", b"\xff", rb"\ud83d", rb"\ude00", b"\xf0\x9f\x94"]
PERSON = "person@example.com"
MAX_EVENTS = 1000

CONTENT_TYPES = st.sampled_from(
    [
        "",
        "text/plain;charset=UTF-8",
        "application/json",
        "image/png",
        "multipart/form-data; boundary=B",
        "application/x-www-form-urlencoded",
    ]
)
MULTIPART = st.binary(max_size=60).map(
    lambda part: b'--B\r\nContent-Disposition: form-data; name="a"\r\n\r\n' + part + b"\r\n--B--"
)
AUTHORIZATION = st.text(max_size=20) | st.binary(max_size=12).map(
    lambda raw: f"Basic {b64encode(raw).decode()}"
)


class SourceSuite:
    """Subclass it with a name that starts with ``Test``.

    source: the source, with every key in its settings set.
    request: a valid request, with events whose names are `event_names`. If the protocol
        knows events with few fields, show one with many.
    trusted: whether the request proves who sends it.
    names: keys and parameters that mean something in the protocol, besides those of `request`, so
        that random values reach the depths of the code.
    """

    source: ClassVar[Source[Any]]
    request: ClassVar[Inbound]
    event_names: ClassVar[Sequence[str]]
    trusted: ClassVar[bool] = False
    names: ClassVar[Sequence[str]] = ()

    def signed(self, request: Inbound) -> Inbound:
        """`request`, with another body, as its sender would send it. For protocols that sign."""
        return request

    def body_of(self, count: int) -> bytes | None:
        """A body with `count` events. None where a request never carries more than one."""
        return None

    def test_its_class_says_what_it_is(self) -> None:
        kind = type(self.source)
        assert kind.methods
        assert all(method.isupper() for method in kind.methods)
        assert all(path.startswith("/") for path in kind.paths)
        assert all(name == name.lower() for name in kind.cors_headers)
        assert kind.Settings.model_fields["type"].annotation.__args__ == (kind.type,)  # type: ignore[union-attr]

    def test_settings_say_what_they_are_and_take_no_others(self) -> None:
        settings = self.source.settings
        fields = type(settings).model_fields
        assert [name for name, field in fields.items() if not field.description] == []
        assert open_secrets(settings) == [], "make them Key, Credential or SecretStr"
        with pytest.raises(ValidationError, match="unknown"):
            type(settings).model_validate({**settings.model_dump(), "unknown": 1})

    def test_what_is_right_is_read_and_answered(self) -> None:
        batch = self.source.read(self.request)
        assert [event["event_name"] for event in batch.events] == list(self.event_names)
        assert not batch.refused
        assert batch.trusted is self.trusted
        assert 200 <= self.source.answer(batch).status < 300

    def test_its_description_has_its_answer(self) -> None:
        described = self.source.describe(self.request.method)
        assert isinstance(described, Operation)
        status = self.source.answer(self.source.read(self.request)).status
        assert {str(status), f"{status // 100}XX"} & set(described.answers)

    def test_without_a_proof_nobody_is_trusted(self) -> None:
        stranger = replace(self.request, query="", headers={})
        assert not self.source.shows_key(stranger)
        batch = self._read(stranger)
        assert 400 <= batch.status < 500 if isinstance(batch, Refused) else not batch.trusted

    @fuzzed
    @given(data=st.data())
    def test_whatever_comes_is_read_or_refused(self, data: st.DataObject) -> None:
        names = st.sampled_from(self._names()) | TEXT
        fields = st.lists(st.tuples(names, TEXT), max_size=12).map(urlencode)
        bodies = (st.binary(max_size=80), JSON.map(orjson.dumps), fields.map(str.encode), MULTIPART)
        request = Inbound(
            method=data.draw(st.sampled_from(self.source.methods)),
            path=data.draw(st.sampled_from([*self.source.paths, "", "/", "/x/t"])),
            query=data.draw(st.text(st.characters(max_codepoint=255), max_size=40) | fields),
            headers=data.draw(self._headers()),
            body=data.draw(st.one_of(*bodies)),
        )
        self._check(request if data.draw(st.booleans()) else self.signed(request))

    @fuzzed
    @given(data=st.data())
    def test_what_is_nearly_right_is_read_or_refused(self, data: st.DataObject) -> None:
        query = self._fields(self.request.query)
        added = st.lists(st.tuples(st.sampled_from(self._names()) | TEXT, TEXT), max_size=3)
        request = replace(
            self.request,
            method=data.draw(st.sampled_from(self.source.methods)),
            query=urlencode([*query, *data.draw(added)]),
            body=self._changed_body(data),
        )
        self._check(self.signed(request))

    @fuzzed
    @given(data=st.data())
    def test_whether_a_key_is_shown_is_told_without_a_body(self, data: st.DataObject) -> None:
        request = replace(self.request, headers=data.draw(self._headers()), body=b"")
        assert isinstance(self.source.shows_key(request), bool)

    @pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
    def test_a_body_that_is_no_event_is_refused(self, body: bytes) -> None:
        self._json()
        batch = self._read(self.signed(replace(self.request, body=body)))
        if isinstance(batch, Batch):
            assert not batch.events
            assert 400 <= self.source.answer(batch).status < 500
        else:
            assert 400 <= batch.status < 500

    @pytest.mark.parametrize("odd", ODD, ids=repr)
    def test_one_bad_character_costs_no_event(self, odd: bytes) -> None:
        body = orjson.dumps(with_another_key(self._json(), "note", "a#"))
        for event in self._read_all(body.replace(b"a#", b"a" + odd)):
            assert "\0" not in orjson.dumps(event).decode().replace("\\u0000", "\0")

    def test_what_is_nested_too_deep_costs_no_event(self) -> None:
        deep: object = 1
        for _ in range(100):
            deep = {"a": deep}
        # not with orjson: some versions abort at this depth
        body = json.dumps(with_another_key(self._json(), "note", deep)).encode()
        for event in self._read_all(body):
            orjson.dumps(event)  # fails for deeper nesting

    def test_more_than_a_thousand_events_are_refused_as_a_whole(self) -> None:
        body = self.body_of(MAX_EVENTS + 1)
        if body is None:
            pytest.skip("a request carries one event")
        with pytest.raises(Refused) as refused:
            self.source.read(self.signed(replace(self.request, body=body)))
        assert (refused.value.status, refused.value.reason) == (413, "too_many_events")

    def test_reasons_never_repeat_what_was_sent(self) -> None:
        for request in self._with_a_person():
            batch = self._read(request)
            if isinstance(batch, Refused):
                assert PERSON not in str(batch)
                assert PERSON.encode() not in batch.answer().body
                continue
            for refusal in batch.refused:
                assert PERSON not in refusal.message
                assert PERSON not in repr(refusal.shape)
            if batch.refused:
                assert PERSON.encode() not in self.source.answer(batch).body

    def _read(self, request: Inbound) -> Batch | Refused:
        try:
            return self.source.read(request)
        except Refused as refused:
            return refused

    def _check(self, request: Inbound) -> None:
        """Asserts that the source makes a batch of sound events with an answer, or refuses."""
        batch = self._read(request)
        if isinstance(batch, Refused):
            assert 400 <= batch.answer().status < 500
            return
        assert isinstance(batch, Batch)
        for event in batch.events:
            assert event["event_name"]
            assert orjson.loads(orjson.dumps(event)) == event
        answer = self.source.answer(batch)
        assert isinstance(answer, Answer)
        assert (answer.status >= 400) == bool(batch.refused and not batch.events)

    def _headers(self) -> st.SearchStrategy[dict[str, str]]:
        own = dict(self.request.headers)
        shown = {name: st.just(value) | TEXT for name, value in own.items()}
        others = {"authorization": AUTHORIZATION, "referer": TEXT, "content-type": CONTENT_TYPES}
        return st.fixed_dictionaries({}, optional={**others, **shown})

    def _names(self) -> list[str]:
        names = [*self.names, *(name for name, _ in self._fields(self.request.query))]
        return names or ["event_name"]

    def _fields(self, query: str) -> list[tuple[str, str]]:
        return parse_qsl(query, keep_blank_values=True)

    def _json(self) -> Any:
        """The body of `request`; skips the test if it is not JSON."""
        try:
            return orjson.loads(self.request.body)
        except orjson.JSONDecodeError:
            pytest.skip("its requests are no JSON")

    def _changed_body(self, data: st.DataObject) -> bytes:
        try:
            value = orjson.loads(self.request.body)
        except orjson.JSONDecodeError:
            return self.request.body
        return orjson.dumps(data.draw(changed(value, self.names)))

    def _read_all(self, body: bytes) -> list[dict[str, Any]]:
        batch = self.source.read(self.signed(replace(self.request, body=body)))
        assert [event["event_name"] for event in batch.events] == list(self.event_names)
        return batch.events

    def _with_a_person(self) -> Iterator[Inbound]:
        """`request` with personal data in every place where a text is, also where it does not
        fit."""
        fields = self._fields(self.request.query)
        for place, (name, _) in enumerate(fields):
            for text in (PERSON, PERSON * 20):
                person = [*fields[:place], (name, text), *fields[place + 1 :]]
                yield replace(self.request, query=urlencode(person))
        try:
            value = orjson.loads(self.request.body)
        except orjson.JSONDecodeError:
            return
        for other in (PERSON, PERSON * 20, [PERSON], {PERSON: PERSON}):
            for body in (with_every_text(value, other), *with_one_part(value, other, str)):
                yield self.signed(replace(self.request, body=orjson.dumps(body)))
