"""The tests that every destination must pass, whatever its vendor."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from itertools import cycle, islice, product
from math import isfinite
from typing import Any, ClassVar
from urllib.parse import unquote_to_bytes, urlsplit

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from destinations.base import (
    Destination,
    DestinationSettings,
    Outcome,
    Request,
    Response,
    Unsendable,
)
from destinations.mapping import MappingSettings
from gateway.configuration.destination import ForwardingSettings
from gateway.configuration.mapping import mapping_mistakes
from gateway.configuration.yaml_file import read_yaml
from gateway.delivery.exchange import request_record
from gateway.event import Event
from gateway.event.consent import CONSENT_TYPES
from gateway.explain.mapping import built_in_mapping
from gateway.stages.anonymise import compile_anonymise
from gateway.stages.hash_at_ingest import compile_hash_person
from gateway.testing.events import FIELDS, NOW, SAMPLES, readable
from gateway.testing.secrets import forms, open_secrets
from gateway.testing.values import JSON, changed, fuzzed, fuzzed_with_several, with_one_part

RUBBISH = st.binary(max_size=40) | JSON.map(orjson.dumps)
STATUSES = st.sampled_from(
    [0, 200, 202, 204, 301, 400, 401, 404, 410, 413, 429, 500, 503]
) | st.integers(100, 999)
HEADERS = st.dictionaries(st.just("retry-after"), st.text(max_size=12))
TAKEN = ("delivered", "submitted")
MIN_SECRET = 8
"""Characters: a shorter secret may occur in other text by chance."""


class DestinationSuite:
    """Subclass it with a name that starts with ``Test``.

    destination: the destination, with every secret in its settings set, and none shorter than 8
        characters.
    secrets: further texts that must not be shown, such as the password in a header's value.
    events: events that the vendor takes.
    mapped_field: path of a field of the vendor that a mapping can set and that nothing else sets.
    mapped_name: a name that a mapping can give to an event, for a vendor that has ids as names.
    answers: bodies of the vendor's answers, above all of errors, as its documentation shows them:
        JSON values, or bytes. Variations of them are read, with any status.
    """

    destination: ClassVar[Destination[Any]]
    secrets: ClassVar[Sequence[str]] = ()
    events: ClassVar[Sequence[Event]] = SAMPLES
    mapped_field: ClassVar[str] = "mapped"
    mapped_name: ClassVar[str] = "a_mapped_name"
    answers: ClassVar[Sequence[object]] = ()

    def test_its_class_says_what_it_is(self) -> None:
        kind = type(self.destination)
        assert set(kind.consent) <= set(CONSENT_TYPES)
        assert self.destination.limits.max_events >= 1
        assert kind.Settings.model_fields["type"].annotation.__args__ == (kind.type,)  # type: ignore[union-attr]

    def test_every_setting_is_described_and_has_a_name_of_its_own(self) -> None:
        fields = type(self.destination.settings).model_fields
        assert [name for name, field in fields.items() if not field.description] == []
        taken = set(ForwardingSettings.model_fields) - set(DestinationSettings.model_fields)
        assert set(fields) & taken == set(), "taken by others"

    def test_no_events_make_no_requests(self) -> None:
        assert list(self.destination.requests([], NOW)) == []

    @fuzzed_with_several
    @given(data=st.data())
    def test_whatever_the_events_each_is_in_one_request_or_unsendable(
        self, data: st.DataObject
    ) -> None:
        raw = self._drawn(data)
        events = readable(raw)
        before = copy.deepcopy(events)

        results = list(self.destination.requests(events, NOW))

        assert sorted(positions(results)) == list(range(len(events)))
        assert events == before, "the events are not changed"
        assert list(self.destination.requests(events, NOW)) == results, "nothing is remembered"
        for result in results:
            if isinstance(result, Unsendable):
                assert result.reason
            else:
                assert 1 <= len(result.events) <= self.destination.limits.max_events
                check_request(result)

    @fuzzed
    @given(data=st.data())
    def test_what_is_never_taken_is_unsendable_later_too(self, data: st.DataObject) -> None:
        for event in readable([data.draw(FIELDS)]):
            before = copy.deepcopy(event)
            reason = self.destination.unsendable(event)
            assert event == before, "the event is not changed"
            if reason:
                assert requests_of(self.destination, [event]) == []

    def test_many_events_are_cut_into_requests_within_the_limits(self) -> None:
        most = self.destination.limits.max_events
        events = list(islice(cycle(self.events), 2 * most + len(self.events)))

        requests = requests_of(self.destination, events)

        assert sorted(positions(requests)) == list(range(len(events))), "all `events` can be sent"
        sizes = [len(request.events) for request in requests]
        assert max(sizes) <= most
        assert max(sizes) > 1 or most == 1, "a vendor that takes several gets several"
        assert all(list(request.events) == sorted(request.events) for request in requests)

    def test_requests_go_to_the_hosts_that_it_declares(self) -> None:
        hosts = set(self.destination.hosts())
        urls = [request.url for request in requests_of(self.destination, self.events)]
        found = {urlsplit(url).hostname for url in urls}
        assert found <= hosts, "yield it from `hosts`"

    def test_it_reads_no_field_but_those_that_it_declares(self) -> None:
        fields = type(self.destination).fields
        if fields is None:
            pytest.skip("it may read any field")
        seen = [{name: event[name] for name in event if name in fields} for event in self.events]
        made = list(self.destination.requests(self.events, NOW))
        assert list(self.destination.requests(seen, NOW)) == made

    @fuzzed_with_several
    @given(data=st.data())
    def test_with_hash_at_ingest_it_sends_the_same(self, data: st.DataObject) -> None:
        needs = self.destination.personal_data(self.destination.settings)
        if needs is None:
            pytest.skip("it takes `user_data` as it is")
        events = [*self.events, *readable(self._drawn(data))]

        stored = list(map(compile_hash_person([needs]), events))

        sent = list(self.destination.requests(stored, NOW))
        assert sent == list(self.destination.requests(events, NOW)), "complete `personal_data`"

    def test_anonymous_events_can_be_sent_where_the_class_says_so(self) -> None:
        if not type(self.destination).takes_anonymous(self.destination.settings):
            pytest.skip("it takes no anonymous events")
        anonymous = [compile_anonymise()(event) for event in self.events]
        sent = positions(requests_of(self.destination, anonymous))
        assert sorted(sent) == list(range(len(self.events)))

    def test_an_event_that_is_no_json_harms_no_other(self) -> None:
        whole = self.events[0]
        half_a_pair = {**whole, "app_data": {"a": "\ud800"}, "user_properties": {"a": "\ud800"}}
        results = list(self.destination.requests([whole, half_a_pair, whole], NOW))
        assert sorted(positions(results)) == [0, 1, 2]
        sent = positions([result for result in results if isinstance(result, Request)])
        assert {0, 2} <= set(sent)

    def test_personal_data_is_not_in_the_reason_why_an_event_cannot_be_sent(self) -> None:
        person = {"phone_number": "jane", "address": {"city": "jane"}}
        for event in readable([{"event_name": "jane@example.com", "user_data": person}]):
            assert "jane" not in self.destination.unsendable(event)
            for result in self.destination.requests([event], NOW):
                assert isinstance(result, Request) or "jane" not in result.reason

    def test_its_mapping_has_no_mistake(self) -> None:
        kind = type(self.destination)
        mapping = kind.built_in_mapping or MappingSettings()
        settings = self._mapped_by(mapping.as_written()).settings
        assert list(mapping_mistakes(kind, settings)) == []

    @fuzzed_with_several
    @given(data=st.data())
    def test_its_mapping_as_printed_makes_the_same_requests(self, data: st.DataObject) -> None:
        printed = built_in_mapping(type(self.destination))
        if not printed:
            pytest.skip("it has no mapping")
        destination = self._mapped_by(read_yaml(printed, {}).data["mapping"])
        events = [*self.events, *readable(self._drawn(data))]

        results = list(destination.requests(events, NOW))

        assert results == list(self.destination.requests(events, NOW))

    def test_a_mapping_sets_names_and_fields_and_leaves_fields_out(self) -> None:
        if type(self.destination).built_in_mapping is None:
            pytest.skip("it has no mapping")
        before = copy.deepcopy(self.events)
        names = {event["event_name"]: self.mapped_name for event in self.events}
        mapping = {"events": names, "fields": {self.mapped_field: "a mapped value"}}
        for request in requests_of(self._mapped_by(mapping), self.events):
            assert self.mapped_name.encode() in request.body
            assert b"a mapped value" in unquote_to_bytes(request.body)
        without = self._mapped_by({"fields": {self.mapped_field: None}})
        assert requests_of(without, self.events) == requests_of(self.destination, self.events)
        assert self.events == before, "the events are not changed"

    @pytest.mark.parametrize("value", [None, 7, "7", [7], {"literal": {}}], ids=repr)
    def test_whatever_a_mapping_makes_of_a_field_each_event_is_in_a_request_or_unsendable(
        self, value: object
    ) -> None:
        for field in sorted(type(self.destination).mapped_fields):
            results = list(self._mapped_by({"fields": {field: value}}).requests(self.events, NOW))
            assert sorted(positions(results)) == list(range(len(self.events)))

    def test_secrets_are_secret_in_the_settings(self) -> None:
        settings = self.destination.settings
        assert open_secrets(settings) == [], "make them Credential or SecretStr"
        for secret in self._secrets():
            assert len(secret) >= MIN_SECRET, "too short to be looked for"
            assert secret not in repr(settings)

    def test_no_form_of_a_secret_is_left_in_what_is_shown(self) -> None:
        for secret in self._secrets():
            for form in forms(secret):
                assert form not in self.destination.mask(f"said: {form}; and more")

    def test_no_secret_is_left_in_a_request_that_is_shown(self) -> None:
        for request in requests_of(self.destination, self.events):
            body = request.body.decode("utf-8", "replace")
            shown = orjson.dumps(request_record(self.destination, request)).decode()
            shown += self.destination.mask(f"{request.url} {dict(request.headers)} {body}")
            found = [form for secret in self._secrets() for form in forms(secret) if form in shown]
            assert found == []

    def test_no_signature_is_left_in_a_request_that_is_shown(self) -> None:
        for request in requests_of(self.destination, self.events):
            record = orjson.dumps(request_record(self.destination, request)).decode()
            signatures = [value for name, value in request.headers.items() if "signature" in name]
            assert [signature for signature in signatures if signature in record] == []

    @fuzzed
    @given(data=st.data())
    def test_whatever_the_answer_every_event_has_one_outcome(self, data: st.DataObject) -> None:
        status, body = data.draw(STATUSES), data.draw(RUBBISH)
        for outcome in self._outcomes(data, status, body):
            assert outcome.result not in TAKEN or 200 <= status < 300

    @fuzzed
    @given(data=st.data())
    def test_whatever_the_vendors_words_every_event_has_one_outcome(
        self, data: st.DataObject
    ) -> None:
        """A refusal in the vendor's own words may mean that it took some of the events."""
        if not self.answers:
            pytest.skip("no `answers` are declared")
        status = data.draw(STATUSES)
        answer = data.draw(st.sampled_from(self.answers))
        body = answer if isinstance(answer, bytes) else orjson.dumps(data.draw(changed(answer)))
        for outcome in self._outcomes(data, status, body):
            assert outcome.result not in TAKEN or status // 100 in (2, 4)

    @pytest.mark.parametrize("other", [None, True, 7, "7", [], {}], ids=repr)
    def test_no_part_of_the_vendors_words_has_to_be_of_its_type(self, other: object) -> None:
        request = self._request(2)
        changed = [part for answer in self.answers for part in with_one_part(answer, other)]
        for body, status in product(map(orjson.dumps, changed), (200, 400, 500)):
            response = Response(status, {}, body)
            outcomes = list(self.destination.outcomes(request, response))
            verdicts = list(self.destination.verdicts("a ticket", 2, response))
            assert len(outcomes) == len(verdicts) == 2
            for outcome in filter(None, (*outcomes, *verdicts)):
                check_outcome(outcome)

    @fuzzed
    @given(data=st.data())
    def test_whatever_the_vendor_says_later_no_event_gets_a_wrong_verdict(
        self, data: st.DataObject
    ) -> None:
        status, count = data.draw(STATUSES), data.draw(st.integers(1, 3))
        answers = [answer for answer in self.answers if not isinstance(answer, bytes)]
        answer = data.draw(st.sampled_from([None, *answers]))
        body = data.draw(RUBBISH) if answer is None else orjson.dumps(data.draw(changed(answer)))
        verdicts = list(self.destination.verdicts("a ticket", count, Response(status, {}, body)))
        assert len(verdicts) == count
        for outcome in filter(None, verdicts):
            assert 200 <= status < 300, "a question that failed is no verdict"
            assert outcome.result != "submitted"
            check_outcome(outcome)

    def test_it_can_be_asked_about_what_it_submits(self) -> None:
        request = self.destination.poll("a ticket/?&=#")
        if request is None:
            pytest.skip("it answers at once")
        check_request(request)
        assert request.events == ()
        assert urlsplit(request.url).hostname in set(self.destination.hosts())
        assert not urlsplit(request.url).fragment, "quote the ticket"

    @pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
    def test_a_vendor_that_is_down_or_busy_pauses_the_destination_as_long_as_it_says(
        self, status: int
    ) -> None:
        response = Response(status, {"retry-after": "120"}, b"<html>try later</html>")
        for outcome in self.destination.outcomes(self._request(2), response):
            assert (outcome.result, outcome.scope) == ("retry", "destination")
            assert outcome.retry_after == 120
            assert "try later" in outcome.reason, "the vendor's words are in the reason"

    @pytest.mark.parametrize("status", [401, 403])
    def test_a_wrong_credential_loses_no_event(self, status: int) -> None:
        bodies = [answer for answer in self.answers if isinstance(answer, bytes)]
        for body in (b"", b"<html>go away</html>", *bodies):
            for outcome in self.destination.outcomes(self._request(2), Response(status, {}, body)):
                assert outcome.result == "retry"

    def _drawn(self, data: st.DataObject) -> list[Any]:
        """A few raw events, some of which have the fields of `events`."""
        started = st.sampled_from([{}, *self.events])
        return data.draw(st.lists(st.builds(lambda a, b: {**a, **b}, started, FIELDS), max_size=5))

    def _mapped_by(self, mapping: dict[str, Any]) -> Destination[Any]:
        """The same destination with `mapping`, as it is written in the configuration, added to its
        own."""
        own = self.destination.settings.mapping.as_written()
        both = {**own, **mapping}
        for key in {"events", "fields"} & both.keys():
            both[key] = {**own.get(key, {}), **mapping.get(key, {})}
        changed = {"mapping": MappingSettings.model_validate(both)}
        return type(self.destination)(self.destination.settings.model_copy(update=changed))

    def _outcomes(self, data: st.DataObject, status: int, body: bytes) -> Sequence[Outcome]:
        count = data.draw(st.integers(1, 3))
        response = Response(status, data.draw(HEADERS), body)
        outcomes = list(self.destination.outcomes(self._request(count), response))
        assert len(outcomes) == count
        for outcome in outcomes:
            check_outcome(outcome)
        return outcomes

    def _request(self, count: int) -> Request:
        """A request of its own with `count` events if it allows so many, or else a stand-in."""
        events = list(islice(cycle(self.events), count))
        for request in requests_of(self.destination, events):
            if len(request.events) == count:
                return request
        return Request("POST", "https://vendor.example", {}, b"{}", tuple(range(count)))

    def _secrets(self) -> list[str]:
        return [*self.destination.settings.secrets(), *self.secrets]


def check_request(request: Request) -> None:
    assert request.method.isupper()
    assert request.url.startswith(("https://", "http://"))
    headers = {name.lower(): value for name, value in request.headers.items()}
    assert len(headers) == len(request.headers), "a header stands twice"
    if headers.get("content-type", "").startswith("application/json"):
        orjson.loads(request.body)


def check_outcome(outcome: Outcome) -> None:
    assert outcome.result == "delivered" or outcome.reason
    assert bool(outcome.ticket) == (outcome.result == "submitted")
    assert len(outcome.reason) < 400
    assert all(isinstance(warning, str) for warning in outcome.warnings)
    assert outcome.reason.isprintable()
    for number in (outcome.retry_after, outcome.usage, outcome.poll_after):
        assert number is None or (isfinite(number) and number >= 0)


def requests_of(destination: Destination[Any], events: Sequence[Event]) -> list[Request]:
    results = destination.requests(events, NOW)
    return [result for result in results if isinstance(result, Request)]


def positions(results: Iterable[Request | Unsendable]) -> list[int]:
    found: list[int] = []
    for result in results:
        found.extend([result.event] if isinstance(result, Unsendable) else result.events)
    return found
