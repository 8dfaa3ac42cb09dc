"""The shared suites allow what a vendor may require, and notice the mistakes of authors."""

from __future__ import annotations

import hmac
import os
import subprocess
import sys
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import orjson
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from pydantic import Field, SecretStr

from gateway.plugins import (
    DELIVERED,
    Answer,
    Batch,
    Destination,
    DestinationSettings,
    Event,
    EventError,
    Inbound,
    Limits,
    Outcome,
    Refused,
    Request,
    Response,
    Source,
    SourceSettings,
    Unsendable,
    accepted,
    by_status,
    decode_body,
    read_events,
    to_json,
    vendor_words,
)
from gateway.testing import DestinationSuite, SourceSuite
from gateway.testing.values import fuzzed

ROOT = Path(__file__).parents[2]
MOST = 2500


class CarrierSettings(DestinationSettings):
    type: Literal["carrier"] = Field(default="carrier", description="A carrier.")
    password: SecretStr = Field(description="Its password.")


class Carrier(Destination[CarrierSettings]):
    """A request takes more events than there are examples; with a 400, some may be delivered."""

    type = "carrier"
    limits = Limits(max_events=MOST)
    consent = ("analytics_storage",)
    Settings = CarrierSettings

    def requests(self, events: Sequence[Event], now: float) -> Iterator[Request | Unsendable]:
        batch: dict[int, bytes] = {}
        for position, event in enumerate(events):
            body = self.body(event)
            if body is None:
                yield Unsendable(position, "the event cannot be represented in JSON")
                continue
            batch[position] = body
            if len(batch) == self.limits.max_events:
                yield self.request(batch)
                batch = {}
        if batch:
            yield self.request(batch)

    def hosts(self) -> Iterator[str]:
        yield "carrier.example"

    def body(self, event: Event) -> bytes | None:
        return to_json(event)

    def request(self, batch: dict[int, bytes]) -> Request:
        headers = {"content-type": "application/json", "authorization": self.credentials()}
        body = b"[" + b",".join(batch.values()) + b"]"
        return Request("POST", "https://carrier.example/in", headers, body, tuple(batch))

    def credentials(self) -> str:
        pair = f"shop:{self.settings.password.get_secret_value()}"
        return f"Basic {b64encode(pair.encode()).decode()}"

    def outcomes(self, request: Request, response: Response) -> Iterable[Outcome]:
        outcomes = by_status(request, response, vendor_words(response.body))
        if response.status == 400 and response.body.startswith(b'{"lost":'):
            return [DELIVERED] * (len(outcomes) - 1) + outcomes[-1:]
        return outcomes


def suite_of(kind: type[Carrier], **facts: Any) -> DestinationSuite:
    own = CarrierSettings(type="carrier", password=SecretStr("s3cret pass/w0rd"))
    usual = {"destination": kind(own), "answers": ({"lost": 1, "why": "no perch"},)}
    return type("Suite", (DestinationSuite,), {**usual, **facts})()


class Own(SourceSettings):
    type: Literal["postcard"] = Field(default="postcard", description="Postcards.")
    secret: SecretStr = Field(description="Signs postcards.")


class Postcard(Source[Own]):
    """One signed event per request."""

    type = "postcard"
    paths = ("/postcard",)
    Settings = Own

    def read(self, request: Inbound) -> Batch:
        if not self.is_signed(request):
            raise Refused(401, "unauthorized", "sign the body")
        return read_events([decode_body(request.body)], self.event, trusted=True)

    def is_signed(self, request: Inbound) -> bool:
        signature = request.headers.get("x-signature", "")
        return hmac.compare_digest(signature.encode(), self.signature(request.body).encode())

    def signature(self, body: bytes) -> str:
        key = self.settings.secret.get_secret_value().encode()
        return hmac.new(key, body, "sha256").hexdigest()

    def event(self, message: Any) -> Event:
        if not isinstance(message, dict) or "what" not in message:
            raise EventError("what: is missing")
        event: Event = dict(message)
        return {**event, "event_name": event["what"]}

    def answer(self, batch: Batch) -> Answer:
        return accepted(batch)


BODY = orjson.dumps({"what": "a", "text": "hello"})


def source_suite_of(kind: type[Postcard], **facts: Any) -> SourceSuite:
    source = kind(Own(type="postcard", secret=SecretStr("s3cret-s3cret")))

    def signed(self: SourceSuite, request: Inbound) -> Inbound:
        signature = {"x-signature": source.signature(request.body)}
        return replace(request, headers={**request.headers, **signature})

    request = signed(SourceSuite(), Inbound("POST", "/postcard", body=BODY))
    usual = {"source": source, "request": request, "event_names": ("a",), "trusted": True}
    return type("Suite", (SourceSuite,), {**usual, "signed": signed, **facts})()


def own_tests(suite: object) -> dict[str, Callable[[], object]]:
    """The tests of `suite` that have no parameters, by name."""
    return {
        name: getattr(suite, name)
        for name in dir(suite)
        if name.startswith("test_") and not hasattr(getattr(suite, name), "pytestmark")
    }


@pytest.mark.parametrize("name", own_tests(suite_of(Carrier)))
def test_a_vendor_may_take_many_events_and_some_of_those_it_refuses(name: str) -> None:
    own_tests(suite_of(Carrier))[name]()


@pytest.mark.parametrize("name", own_tests(source_suite_of(Postcard)))
def test_a_source_may_read_one_signed_event_a_request(name: str) -> None:
    own_tests(source_suite_of(Postcard))[name]()


def fail_fast(suite: object, name: str) -> None:
    """Runs a test of `suite` without shrinking: the first random example that fails ends it."""
    test = getattr(type(suite), name)
    if hasattr(test, "hypothesis"):
        without_shrinking = settings(fuzzed, max_examples=100, phases=[Phase.generate])
        test = without_shrinking(given(data=st.data())(test.hypothesis.inner_test))
    test(suite)


class _Unmasked(Carrier):
    def mask(self, text: str) -> str:
        return text


class _NoSecrets(Carrier):
    def secrets(self) -> Iterator[str]:
        yield from ()


class _Shows(Carrier):
    def request(self, batch: dict[int, bytes]) -> Request:
        made = super().request(batch)
        return made._replace(headers={**made.headers, "x-signature-2": "0a1b2c3d"})

    @property
    def masker(self) -> Any:  # type: ignore[override]
        class Nothing:
            text = header = url = staticmethod(lambda *texts: texts[-1])

        return Nothing()


class _Forgets(Carrier):
    def requests(self, events: Sequence[Event], now: float) -> Iterator[Request | Unsendable]:
        yield from super().requests(events[1:], now)


class _Changes(Carrier):
    def body(self, event: Event) -> bytes | None:
        event["sent"] = True
        return to_json(event)


class _Remembers(Carrier):
    count = 0

    def body(self, event: Event) -> bytes | None:
        type(self).count += 1
        return to_json({**event, "number": self.count})


class _GoesElsewhere(Carrier):
    def request(self, batch: dict[int, bytes]) -> Request:
        return super().request(batch)._replace(url="https://carrier.example.org/in")


class _ReadsMore(Carrier):
    fields = frozenset({"event_name", "event_id"})


class _OneByOne(Carrier):
    def requests(self, events: Sequence[Event], now: float) -> Iterator[Request | Unsendable]:
        for position, event in enumerate(events):
            body = self.body(event)
            yield self.request({position: body}) if body else Unsendable(position, "no JSON")


class _TooMany(Carrier):
    def requests(self, events: Sequence[Event], now: float) -> Iterator[Request | Unsendable]:
        if events:
            yield self.request({place: to_json(each) or b"" for place, each in enumerate(events)})


class _Raises(Carrier):
    def body(self, event: Event) -> bytes | None:
        return orjson.dumps(event)


class _Tells(Carrier):
    def unsendable(self, event: Event) -> str:
        return f"{event['event_name']} is not taken" if "@" in event["event_name"] else ""


class _ChangesItsMind(Carrier):
    def unsendable(self, event: Event) -> str:
        return "it has no items" if "items" not in event else ""


class _BelievesAnything(Carrier):
    def outcomes(self, request: Request, response: Response) -> Iterable[Outcome]:
        return [DELIVERED] * len(request.events)


class _TakesServerErrorsForAnswers(Carrier):
    def outcomes(self, request: Request, response: Response) -> Iterable[Outcome]:
        if b"lost" in response.body:
            return [DELIVERED] * len(request.events)
        return super().outcomes(request, response)


class _TrustsTheVendorsWords(Carrier):
    def outcomes(self, request: Request, response: Response) -> Iterable[Outcome]:
        if response.body.startswith(b'{"lost"'):
            return [DELIVERED] * (len(request.events) - orjson.loads(response.body)["lost"])
        return super().outcomes(request, response)


class _RepeatsAnything(Carrier):
    def outcomes(self, request: Request, response: Response) -> Iterable[Outcome]:
        reason = response.body.decode("utf-8", "replace") or "empty"
        return [Outcome("retry", reason, "destination")] * len(request.events)


MISTAKES: dict[str, tuple[type[Carrier], str]] = {
    "what is not masked": (
        _Unmasked,
        "test_no_form_of_a_secret_is_left_in_what_is_shown",
    ),
    "no secrets": (_NoSecrets, "test_no_form_of_a_secret_is_left_in_what_is_shown"),
    "a request that is shown": (_Shows, "test_no_secret_is_left_in_a_request_that_is_shown"),
    "a signature": (_Shows, "test_no_signature_is_left_in_a_request_that_is_shown"),
    "an event that is left out": (
        _Forgets,
        "test_whatever_the_events_each_is_in_one_request_or_unsendable",
    ),
    "an event that is changed": (
        _Changes,
        "test_whatever_the_events_each_is_in_one_request_or_unsendable",
    ),
    "a host that it does not declare": (
        _GoesElsewhere,
        "test_requests_go_to_the_hosts_that_it_declares",
    ),
    "a field that it does not declare": (
        _ReadsMore,
        "test_it_reads_no_field_but_those_that_it_declares",
    ),
    "what is remembered": (
        _Remembers,
        "test_whatever_the_events_each_is_in_one_request_or_unsendable",
    ),
    "no batches": (
        _OneByOne,
        "test_many_events_are_cut_into_requests_within_the_limits",
    ),
    "no limit": (_TooMany, "test_many_events_are_cut_into_requests_within_the_limits"),
    "an event that is no JSON": (_Raises, "test_an_event_that_is_no_json_harms_no_other"),
    "a value in a reason": (
        _Tells,
        "test_personal_data_is_not_in_the_reason_why_an_event_cannot_be_sent",
    ),
    "two opinions": (_ChangesItsMind, "test_what_is_never_taken_is_unsendable_later_too"),
    "delivered whatever comes": (
        _BelievesAnything,
        "test_whatever_the_answer_every_event_has_one_outcome",
    ),
    "delivered with a server's error": (
        _TakesServerErrorsForAnswers,
        "test_whatever_the_vendors_words_every_event_has_one_outcome",
    ),
    "the vendor's numbers": (
        _TrustsTheVendorsWords,
        "test_whatever_the_vendors_words_every_event_has_one_outcome",
    ),
    "the vendor's characters": (
        _RepeatsAnything,
        "test_whatever_the_answer_every_event_has_one_outcome",
    ),
    "an unknown consent type": (
        type("Odd", (Carrier,), {"consent": ("advertising",)}),
        "test_its_class_says_what_it_is",
    ),
}


@pytest.mark.parametrize(("kind", "test"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_in_a_destination_is_noticed(kind: type[Carrier], test: str) -> None:
    noticed = TypeError if kind is _Raises else AssertionError
    with pytest.raises(noticed):
        fail_fast(suite_of(kind), test)


class _OpenSettings(CarrierSettings):
    password: str = Field(default="s3cret pass/w0rd", description="Its password.")  # type: ignore[assignment]
    http: str = Field(default="", description="A name that another setting has.")


@pytest.mark.parametrize(
    "test",
    [
        "test_secrets_are_secret_in_the_settings",
        "test_every_setting_is_described_and_has_a_name_of_its_own",
    ],
)
def test_a_mistake_in_settings_is_noticed(test: str) -> None:
    kind = type("Settled", (Carrier,), {"Settings": _OpenSettings})
    with pytest.raises(AssertionError):
        fail_fast(suite_of(Carrier, destination=kind(_OpenSettings(type="carrier"))), test)


class _Credulous(Postcard):
    def is_signed(self, request: Inbound) -> bool:
        return True


class _Chatty(Postcard):
    def event(self, message: Any) -> Event:
        if not isinstance(message, dict) or not isinstance(message.get("what"), str):
            raise EventError(f"what: {message!r} is wrong")
        return super().event(message)


class _Strict(Postcard):
    def read(self, request: Inbound) -> Batch:
        batch = super().read(request)
        if b"\\u0000" in request.body:
            raise Refused(400, "malformed", "no NUL")
        return batch


class _Crashes(Postcard):
    def event(self, message: Any) -> Event:
        return {**message, "event_name": message["what"]}


class _AlwaysPleased(Postcard):
    def answer(self, batch: Batch) -> Answer:
        return Answer(204)


SOURCE_MISTAKES: dict[str, tuple[type[Postcard], str]] = {
    "trust without a proof": (_Credulous, "test_without_a_proof_nobody_is_trusted"),
    "a value in a reason": (_Chatty, "test_reasons_never_repeat_what_was_sent"),
    "a message of another type": (_Crashes, "test_what_is_nearly_right_is_read_or_refused"),
    "a refusal that is not told": (_AlwaysPleased, "test_what_is_nearly_right_is_read_or_refused"),
}


@pytest.mark.parametrize(("kind", "test"), SOURCE_MISTAKES.values(), ids=SOURCE_MISTAKES)
def test_a_mistake_in_a_source_is_noticed(kind: type[Postcard], test: str) -> None:
    noticed = (KeyError, TypeError) if kind is _Crashes else AssertionError
    with pytest.raises(noticed):
        fail_fast(source_suite_of(kind), test)


def test_a_bad_character_that_costs_an_event_is_noticed() -> None:
    with pytest.raises(Refused):
        source_suite_of(_Strict).test_one_bad_character_costs_no_event(rb"\u0000")


def test_the_gateway_runs_without_what_only_tests_need() -> None:
    code = "import sys, gateway.cli.main, gateway.plugins, gateway.runtime.run\n"
    code += "assert not {'pytest', 'hypothesis'} & set(sys.modules)"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment, timeout=60)
