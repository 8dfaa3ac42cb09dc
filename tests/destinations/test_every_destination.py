"""What holds for every destination, whatever its vendor."""

import copy
from base64 import b64encode
from collections.abc import Iterator, Sequence
from urllib.parse import quote

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from destinations.base import Destination, Request, Response, Unsendable
from destinations.ga4 import GA4, GA4Settings
from destinations.meta import Meta, MetaSettings
from destinations.webhook import Webhook, WebhookSettings
from gateway.delivery.records import request_record
from gateway.event import Event, EventError, read_event
from gateway.stages.anonymise import compile_anonymise

NOW = 1795219260.0
SECRETS = (
    "s3cret/t+ken=%",
    "app-s3cret",
    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "Bearer s3cr&t",
    f"Basic {b64encode(b'shop:s3cret pass/w0rd').decode()}",
    "s3cret of a header of its own",
)

DESTINATIONS = {
    "meta": Meta(
        MetaSettings(
            pixel_id="1234567890", access_token=SECRETS[0], app_secret=SECRETS[1], phone_region="DE"
        )
    ),
    "ga4": GA4(GA4Settings(measurement_id="G-TEST000001", api_secret=SECRETS[0])),
    "ga4 app": GA4(
        GA4Settings(firebase_app_id="1:12345:ios:321abc", api_secret=SECRETS[0], phone_region="US")
    ),
    "webhook": Webhook(
        WebhookSettings(
            url="https://receiver.example/events?source=shop",
            secret=SECRETS[2],
            headers={"authorization": SECRETS[3]},
        )
    ),
    "webhook basic": Webhook(
        WebhookSettings(
            url="https://receiver.example/",
            headers={"Authorization": SECRETS[4], "x-shop-key": SECRETS[5]},
        )
    ),
}

APP = {"app_instance_id": "f00"}
"""What GA4's app streams need of an event."""

every_destination = pytest.mark.parametrize("destination", DESTINATIONS.values(), ids=DESTINATIONS)

_text = st.text(max_size=12)
_number = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
_json = st.recursive(
    st.none() | st.booleans() | _number | _text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_text, inner, max_size=3),
    max_leaves=6,
)
_address = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(
        ("first_name", "last_name", "street", "city", "region", "postal_code", "country"), _text
    ),
)
_events = st.fixed_dictionaries(
    {"event_name": st.sampled_from(["purchase", "page_view", "view_item_list", "quiz"]) | _text},
    optional={
        "event_id": _text,
        "timestamp": st.floats(NOW - 1e6, NOW + 1e6) | _number,
        "client_id": st.sampled_from(["1.1", "2.2"]) | _text,
        "user_id": _text,
        "ip_override": st.sampled_from(["203.0.113.7", "2001:db8::1"]) | _text,
        "user_agent": _text,
        "page_location": _text,
        "page_title": _text,
        "language": _text,
        "currency": st.just("EUR"),
        "value": _number,
        "items": st.lists(
            st.fixed_dictionaries(
                {},
                optional={
                    "item_id": _text,
                    "item_name": _text,
                    "price": _number,
                    "quantity": _number,
                    "size": _json,
                },
            ),
            max_size=3,
        ),
        "user_data": st.fixed_dictionaries(
            {},
            optional={
                "email_address": _text | st.lists(_text, max_size=3) | st.emails(),
                "sha256_email_address": _text,
                "phone_number": _text | st.from_regex(r"\+?[0-9 ()-]{4,16}", fullmatch=True),
                "gender": _json,
                "date_of_birth": _json,
                "lead_id": _json,
                "address": _address | st.lists(_address, max_size=3),
            },
        ),
        "user_properties": st.dictionaries(_text, _json, max_size=3),
        "consent": st.dictionaries(
            st.sampled_from(["ad_user_data", "ad_personalization"]),
            st.sampled_from(["granted", "denied"]),
        ),
        "event_location": st.fixed_dictionaries(
            {}, optional={"country": _text | st.just("US"), "region": _text, "city": _json}
        ),
        "client_hints": st.dictionaries(_text, _json, max_size=2),
        "click_ids": st.dictionaries(st.just("fbclid"), _text),
        "engagement_time_msec": _number,
        "ga_session_id": _text,
        "fbp": _text,
        "device": _json,
        "app_data": _json,
        "action_source": _json,
        "debug_mode": _json,
        "quiz": _json,
    },
)


def read_what_can_be_read(raw_events: Sequence[object]) -> list[Event]:
    events = []
    for raw in raw_events:
        try:
            events.append(read_event(raw))
        except EventError:
            continue
    return events


def requests_of(destination: Destination, events: Sequence[Event]) -> list[Request]:
    results = destination.requests(events, NOW)
    return [result for result in results if isinstance(result, Request)]


def positions(results: Sequence[Request | Unsendable]) -> list[int]:
    found: list[int] = []
    for result in results:
        found.extend([result.event] if isinstance(result, Unsendable) else result.events)
    return found


@every_destination
@settings(deadline=None, max_examples=60)
@given(raw_events=st.lists(_events, max_size=8))
def test_whatever_the_events_each_is_in_one_request_or_unsendable(
    destination: Destination, raw_events: list[Event]
) -> None:
    events = read_what_can_be_read(raw_events)
    before = copy.deepcopy(events)

    results = list(destination.requests(events, NOW))

    assert sorted(positions(results)) == list(range(len(events)))
    assert events == before, "the events are not changed"
    assert list(destination.requests(events, NOW)) == results, "and nothing else is remembered"
    for result in results:
        if isinstance(result, Unsendable):
            assert result.reason
        else:
            assert 1 <= len(result.events) <= destination.limits.max_events
            assert orjson.loads(result.body)


@every_destination
def test_a_full_house_is_cut_into_requests_within_the_limits(
    destination: Destination, examples: list[Event]
) -> None:
    events = [event | APP for event in examples for _ in range(100)]

    requests = requests_of(destination, events)

    assert sorted(positions(requests)) == list(range(len(events))), "all examples can be sent"
    assert max(len(request.events) for request in requests) == destination.limits.max_events
    assert all(list(request.events) == sorted(request.events) for request in requests)


@every_destination
def test_anonymous_events_can_be_sent_where_a_destination_says_so(
    destination: Destination, examples: list[Event]
) -> None:
    anonymous = [compile_anonymise()(event) for event in examples]
    sent = positions(requests_of(destination, anonymous))
    says_so = type(destination).takes_anonymous(destination.settings)
    assert sorted(sent) == (list(range(len(examples))) if says_so else [])


@every_destination
def test_no_events_make_no_requests(destination: Destination) -> None:
    assert list(destination.requests([], NOW)) == []


@every_destination
def test_nothing_secret_is_left_in_what_a_dry_run_shows(
    destination: Destination, examples: list[Event]
) -> None:
    for request in requests_of(destination, examples):
        shown = destination.mask(f"{request.url} {request.headers} {request.body.decode()}")
        assert not [secret for secret in SECRETS if secret in shown]
        record = orjson.dumps(request_record(destination, request)).decode()
        assert not [form for form in forms_of_secrets() if form in record]
        signatures = [value for name, value in request.headers.items() if "signature" in name]
        assert not [signature for signature in signatures if signature in record]


def forms_of_secrets() -> Iterator[str]:
    """Every secret and its parts, as they are and encoded."""
    for secret in (*SECRETS, SECRETS[2].removeprefix("whsec_"), "s3cr&t", "s3cret pass/w0rd"):
        yield from (secret, quote(secret), quote(secret, safe=""), secret.encode().hex())
        yield b64encode(secret.encode()).decode().rstrip("=")


@every_destination
def test_credentials_are_not_shown_by_the_settings(destination: Destination) -> None:
    assert not [secret for secret in SECRETS if secret in repr(destination.settings)]


@every_destination
def test_personal_data_is_not_in_the_reason_why_an_event_cannot_be_sent(
    destination: Destination,
) -> None:
    event = read_event(
        {
            "event_name": "jane@example.com",
            "user_data": {"phone_number": "jane", "address": {"city": "jane"}},
        }
    )
    for result in destination.requests([event], NOW):
        assert isinstance(result, Request) or "jane" not in result.reason


@every_destination
def test_an_event_that_is_no_json_is_unsendable_and_its_neighbours_are_not_harmed(
    destination: Destination, examples: list[Event]
) -> None:
    whole = examples[0] | APP
    half_a_pair = {**whole, "app_data": {"a": "\ud800"}, "user_properties": {"a": "\ud800"}}

    unsendable, *requests = sorted(
        destination.requests([whole, half_a_pair, whole], NOW),
        key=lambda result: isinstance(result, Request),
    )

    assert unsendable == Unsendable(1, "the event cannot be represented in JSON")
    assert positions(requests) == [0, 2]


@every_destination
@settings(deadline=None, max_examples=100)
@given(
    status=st.sampled_from([0, 200, 204, 301, 400, 401, 404, 410, 413, 429, 500, 503])
    | st.integers(100, 999),
    headers=st.dictionaries(st.just("retry-after"), _text),
    body=st.binary(max_size=40)
    | _json.map(orjson.dumps)
    | st.fixed_dictionaries(
        {},
        optional={
            "events_received": _json,
            "error": _json
            | st.fixed_dictionaries(
                {},
                optional={
                    "code": st.sampled_from([1, 100, 190]) | _json,
                    "error_subcode": st.sampled_from([33, 2804050]) | _json,
                    "message": _json,
                    "error_user_msg": _json,
                    "is_transient": _json,
                    "type": _json,
                },
            ),
        },
    ).map(orjson.dumps),
    count=st.integers(1, 3),
)
def test_whatever_the_answer_every_event_has_one_outcome(
    destination: Destination, status: int, headers: dict[str, str], body: bytes, count: int
) -> None:
    request = Request("POST", "https://vendor.example", {}, b"{}", tuple(range(count)))

    outcomes = list(destination.outcomes(request, Response(status, headers, body)))

    assert len(outcomes) == count
    for outcome in outcomes:
        assert outcome.result == "delivered" or outcome.reason
        assert outcome.result != "delivered" or 200 <= status < 300
        assert len(outcome.reason) < 400
        assert outcome.reason.isprintable()


@every_destination
@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_a_vendor_that_is_down_or_busy_pauses_the_destination_as_long_as_it_says(
    destination: Destination, status: int
) -> None:
    request = Request("POST", "https://vendor.example", {}, b"{}", (0, 1))
    response = Response(status, {"retry-after": "120"}, b"<html>try later</html>")

    for outcome in destination.outcomes(request, response):
        assert (outcome.result, outcome.scope) == ("retry", "destination")
        assert outcome.retry_after == 120
        assert "try later" in outcome.reason


@every_destination
def test_every_setting_is_described(destination: Destination) -> None:
    fields = type(destination.settings).model_fields
    assert next(iter(fields)) == "type"
    assert [name for name, field in fields.items() if not field.description] == []
