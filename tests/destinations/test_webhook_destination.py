"""Standard Webhooks 1.0.0: the message, its signature, and what responses mean."""

import hmac
import json
from base64 import b64decode, b64encode
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson
import pytest
from pydantic import SecretStr, ValidationError

from destinations.base import Outcome, Request, Response
from destinations.webhook import Webhook, WebhookSettings
from destinations.webhook.signatures import compile_signature
from gateway.event import Event
from tests.destinations.conftest import Example

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER_SECRET = "whsec_" + b64encode(b"k" * 64).decode()


def webhook(**settings: Any) -> Webhook:
    return Webhook(WebhookSettings(**{"url": "https://receiver.example/events", **settings}))


def request_of(event: Event, now: float, **settings: Any) -> Request:
    (request,) = webhook(**settings).requests([event], now)
    assert isinstance(request, Request)
    return request


def signature(secret: str, request: Request) -> str:
    """The signature of `request` by the specification."""
    headers = request.headers
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.{request.body.decode()}"
    key = b64decode(secret.removeprefix("whsec_"))
    return "v1," + b64encode(hmac.new(key, content.encode(), sha256).digest()).decode()


# The message


def test_a_message_in_full(example: Example, now: float) -> None:
    event = example("purchase")
    request = request_of(event, now)

    assert request.method == "POST"
    assert request.url == "https://receiver.example/events"
    assert request.headers == {
        "content-type": "application/json",
        "webhook-id": "01-purchase",
        "webhook-timestamp": "1795219260",
    }
    assert orjson.loads(request.body) == {
        "type": "purchase",
        "timestamp": "2026-11-21T00:00:00.500000Z",
        "data": event,
    }


def test_every_example_is_passed_on_whole(examples: list[Event], now: float) -> None:
    requests = list(webhook().requests(examples, now))
    assert [orjson.loads(r.body)["data"] for r in requests if isinstance(r, Request)] == examples


def test_another_method_and_more_headers(example: Example, now: float) -> None:
    request = request_of(
        example("login"), now, method="PUT", headers={"Authorization": "Bearer s3cret", "x": ""}
    )
    assert request.method == "PUT"
    assert request.headers["Authorization"] == "Bearer s3cret"
    assert request.headers["x"] == ""
    assert "s3cret" not in webhook(headers={"Authorization": "Bearer s3cret"}).mask(
        str(request.headers)
    )


# Every attempt has the id of the event and a time of its own


def test_a_retry_has_the_same_id_and_body_and_a_new_time(example: Example, now: float) -> None:
    first = request_of(example("login"), now, secret=SECRET)
    second = request_of(example("login"), now + 300, secret=SECRET)
    assert first.body == second.body
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.headers["webhook-timestamp"] != second.headers["webhook-timestamp"]
    assert first.headers["webhook-signature"] != second.headers["webhook-signature"]


@pytest.mark.parametrize("event_id", ["a.b", "a b", "käse", "a\r\nx: y"])
def test_an_id_that_a_header_or_a_signature_cannot_hold_is_hashed(
    event_id: str, example: Example, now: float
) -> None:
    request = request_of(example("login", event_id=event_id), now)
    assert request.headers["webhook-id"] == sha256(event_id.encode()).hexdigest()


def test_an_event_without_an_id_gets_one_from_its_content(example: Example, now: float) -> None:
    first, same, other = (
        request_of(example("login", event_id=None, method=method), now).headers["webhook-id"]
        for method in ("email", "email", "phone")
    )
    assert first == same != other


# The signature


def test_the_published_vector() -> None:
    """From standardwebhooks 1.1.0 on PyPI. The body is not ours, so the test signs its parts."""
    vectors = json.loads(Path(__file__).with_name("normalisation.json").read_bytes())
    (vector,) = (v for v in vectors if v["destination"] == "webhook_standard")
    given = vector["input"]
    name, sign = compile_signature("standard", [given["secret"]])
    signature = sign(given["webhook_id"], given["webhook_timestamp"], given["body"].encode())
    assert (name, signature) == ("webhook-signature", vector["signature"])


def test_a_request_is_signed(example: Example, now: float) -> None:
    request = request_of(example("purchase"), now, secret=SECRET)
    assert request.headers["webhook-signature"] == signature(SECRET, request)


def test_two_secrets_sign_while_one_replaces_the_other(example: Example, now: float) -> None:
    request = request_of(example("purchase"), now, secret=[SECRET, OTHER_SECRET])
    assert request.headers["webhook-signature"].split(" ") == [
        signature(SECRET, request),
        signature(OTHER_SECRET, request),
    ]


def test_without_a_secret_nothing_is_signed(example: Example, now: float) -> None:
    assert "webhook-signature" not in request_of(example("purchase"), now).headers


# Responses

REQUEST = Request("POST", "https://receiver.example", {}, b"{}", (0,))


def outcome_of(status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> Outcome:
    (outcome,) = webhook().outcomes(REQUEST, Response(status, headers or {}, body))
    return outcome


@pytest.mark.parametrize(
    ("status", "result", "scope", "said"),
    [
        (200, "delivered", "event", ""),
        (204, "delivered", "event", ""),
        (301, "retry", "configuration", "check `url`"),
        (307, "retry", "configuration", "check `url`"),
        (404, "retry", "configuration", "check `url`"),
        (405, "retry", "configuration", "check `url`"),
        (410, "retry", "configuration", "asks to stop sending"),
        (401, "retry", "configuration", "HTTP 401"),
        (429, "retry", "destination", "HTTP 429"),
        (504, "retry", "destination", "HTTP 504"),
        (400, "rejected", "event", "HTTP 400"),
        (413, "rejected", "event", "HTTP 413"),
        (422, "rejected", "event", "HTTP 422"),
    ],
)
def test_answers(status: int, result: str, scope: str, said: str) -> None:
    outcome = outcome_of(status)
    assert (outcome.result, outcome.scope) == (result, scope)
    assert said in outcome.reason


def test_the_receivers_words_are_cut_and_on_one_line() -> None:
    outcome = outcome_of(422, b"no\x1b[31m such\r\nfield \xff\xe2\x80\xae" + b"x" * 1000)
    assert outcome.reason.startswith("HTTP 422: no [31m such field \N{REPLACEMENT CHARACTER} xx")
    assert len(outcome.reason) == len("HTTP 422: ") + 200


@pytest.mark.parametrize("status", [301, 410, 429])
def test_a_receiver_may_ask_for_time(status: int) -> None:
    assert outcome_of(status, headers={"retry-after": "30"}).retry_after == 30


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("9" * 400, 86_400),
        (" 2.0", 2),
        ("0.75", 0.75),
        ("Wed, 21 Oct 2026 07:29:00 GMT", 60),
        ("Wed, 21 Oct 1999 07:28:00 GMT", 0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 86_400),
        ("Wed, 21 Oct " + "9" * 30 + " 07:28:00 GMT", None),
        ("Wed, 21 Oct 2026 07:28:00 +" + "9" * 30, None),
        ("-30", None),
        ("1e3", None),
        ("2.", None),
        ("soon", None),
    ],
)
def test_however_it_asks_the_event_is_sent_again(value: str, seconds: float | None) -> None:
    headers = {"retry-after": value, "date": "Wed, 21 Oct 2026 07:28:00 GMT"}
    outcome = outcome_of(503, headers=headers)
    assert (outcome.result, outcome.retry_after) == ("retry", seconds)


# Settings


@pytest.mark.parametrize(
    "secret",
    [
        "TOPSECRET",
        "whsec_TOPSECRET",
        "whsec_" + b64encode(b"TOPSECRET" * 2).decode(),
        "whsec_" + b64encode(b"TOPSECRET" * 8).decode(),
        "whsk_" + b64encode(b"TOPSECRET" * 3).decode(),
        "",
    ],
    ids=["text", "no base64", "short", "long", "asymmetric", "empty"],
)
@pytest.mark.parametrize("several", [False, True])
def test_a_secret_that_cannot_sign_is_found_at_load_and_not_repeated(
    secret: str, several: bool
) -> None:
    with pytest.raises(ValidationError) as raised:
        webhook(secret=[SECRET, secret] if several else secret)
    assert "must be `whsec_` followed by 24 to 64 random bytes in base64" in str(raised.value)
    assert "TOPSECRET" not in str(raised.value)
    assert not secret or secret not in str(raised.value)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"secret": []}, "secret"),
        ({"secret": [SECRET] * 3}, "secret"),
        ({"url": "receiver.example"}, "url"),
        ({"url": "https://user:TOPSECRET@receiver.example"}, "must not contain a user name"),
        ({"headers": {"Webhook-Id": "1"}}, "must not set Webhook-Id"),
        ({"headers": {"a b": "1"}}, "has a name that is not valid for an HTTP header"),
        ({"headers": {"a": "TOPSECRET\r\nx: y"}}, "a must be printable ASCII"),
        ({"method": "GET"}, "method"),
        ({"base_url": "https://receiver.example"}, "base_url"),
    ],
)
def test_settings_that_cannot_work(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as raised:
        webhook(**settings)
    assert said in str(raised.value)
    assert "TOPSECRET" not in str(raised.value)


def test_secrets_and_header_values_are_what_must_not_be_shown() -> None:
    settings = WebhookSettings(
        url="https://receiver.example",
        secret=[SECRET, OTHER_SECRET],
        headers={"a": SecretStr("one"), "b": SecretStr("")},
    )
    assert list(settings.secrets()) == [SECRET, OTHER_SECRET, "one"]


# The mapping


def test_a_mapping_changes_the_message_and_not_the_event(example: Example, now: float) -> None:
    event = example("purchase")
    fields = {"data.user_data": None, "data.shop.name": "Bergen", "source": "web"}
    mapping = {"events": {"purchase": "order.placed"}, "fields": fields}
    message = orjson.loads(request_of(event, now, mapping=mapping).body)
    assert (message["type"], message["source"]) == ("order.placed", "web")
    assert message["data"]["shop"] == {"name": "Bergen"}
    assert "user_data" not in message["data"]
    assert event == example("purchase")
