"""Webhook signatures: those of Standard Webhooks, also with Ed25519, and those of GitHub."""

from __future__ import annotations

import hmac
import time
from base64 import b64decode, b64encode
from hashlib import sha256
from typing import Any

import pytest
import standardwebhooks
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from destinations.base import Request
from destinations.webhook import Webhook, WebhookSettings
from destinations.webhook.signatures import compile_signature
from gateway.event import Event
from gateway.testing.events import FIELDS, NOW, SAMPLES, readable
from gateway.testing.values import fuzzed

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER_SECRET = "whsec_" + b64encode(b"k" * 64).decode()
SEED = bytes(range(32))
PRIVATE = Ed25519PrivateKey.from_private_bytes(SEED)
PUBLIC = PRIVATE.public_key().public_bytes_raw()
ASYMMETRIC = "whsk_" + b64encode(SEED).decode()
ASYMMETRIC_WITH_PUBLIC = "whsk_" + b64encode(SEED + PUBLIC).decode()
FORMATS = ("json", "ndjson", "json_array")


def webhook(**settings: Any) -> Webhook:
    return Webhook(WebhookSettings(**{"url": "https://receiver.example/", **settings}))


def requests_for(events: list[Event], now: float = NOW, **settings: Any) -> list[Request]:
    made = webhook(**settings).requests(events, now)
    return [request for request in made if isinstance(request, Request)]


def signed_content(request: Request) -> bytes:
    headers = request.headers
    start = f"{headers['webhook-id']}.{headers['webhook-timestamp']}."
    return start.encode() + request.body


@fuzzed
@given(raw=st.lists(FIELDS, min_size=1, max_size=3), form=st.sampled_from(FORMATS))
def test_the_library_of_standard_webhooks_accepts_every_message(raw: Any, form: str) -> None:
    """The library compares the timestamp with the clock, so these messages are made now."""
    requests = requests_for(readable(raw), time.time(), secret=[OTHER_SECRET, SECRET], format=form)
    for request in requests:
        for secret in (SECRET, OTHER_SECRET):
            receiver = standardwebhooks.Webhook(secret)
            receiver.verify(request.body, dict(request.headers), json_parse=False)
        with pytest.raises(standardwebhooks.WebhookVerificationError):
            receiver.verify(request.body + b" ", dict(request.headers), json_parse=False)


@pytest.mark.parametrize("secret", [ASYMMETRIC, ASYMMETRIC_WITH_PUBLIC])
def test_an_asymmetric_key_signs_so_that_its_public_key_verifies(secret: str) -> None:
    (request,) = requests_for([SAMPLES[1]], secret=secret)
    version, _, signature = request.headers["webhook-signature"].partition(",")
    assert version == "v1a"
    PRIVATE.public_key().verify(b64decode(signature), signed_content(request))


def test_a_receiver_can_move_from_one_kind_of_key_to_the_other() -> None:
    (request,) = requests_for([SAMPLES[1]], secret=[SECRET, ASYMMETRIC])
    first, second = request.headers["webhook-signature"].split(" ")
    assert first.startswith("v1,")
    assert second.startswith("v1a,")


def test_githubs_way_signs_the_body_alone() -> None:
    """The secret is the example from docs.github.com, Validating webhook deliveries."""
    secret = "It's a Secret to Everybody"
    (request,) = requests_for([SAMPLES[1]], secret=secret, signature="github")
    expected = hmac.new(secret.encode(), request.body, sha256).hexdigest()
    assert request.headers["x-hub-signature-256"] == f"sha256={expected}"
    assert "webhook-signature" not in request.headers
    (later,) = requests_for([SAMPLES[1]], NOW + 60, secret=secret, signature="github")
    assert later.headers["x-hub-signature-256"] == f"sha256={expected}"


def test_the_example_of_github_has_its_signature() -> None:
    _, sign = compile_signature("github", ["It's a Secret to Everybody"])
    assert sign("any", 0, b"Hello, World!") == (
        "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    )


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"secret": "whsk_" + b64encode(b"TOPSECRET" * 3).decode()}, "an Ed25519 private key"),
        (
            {"secret": "whsk_" + b64encode(SEED + bytes(32)).decode()},
            "a public key that does not belong to the private key",
        ),
        ({"secret": "", "signature": "github"}, "is empty"),
        ({"signature": "github"}, "`signature: github` needs one secret"),
        ({"secret": ["a", "b"], "signature": "github"}, "`signature: github` needs one secret"),
        ({"secret": SECRET, "signature": "sha1"}, "signature"),
    ],
)
def test_what_cannot_sign_is_found_at_load(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as raised:
        webhook(**settings)
    assert said in str(raised.value)
    assert "TOPSECRET" not in str(raised.value)


def test_no_part_of_an_asymmetric_key_is_shown() -> None:
    destination = webhook(secret=ASYMMETRIC_WITH_PUBLIC)
    assert SEED.hex() not in destination.mask(f"the key {(SEED + PUBLIC).hex()}")
    assert destination.mask(ASYMMETRIC_WITH_PUBLIC.removeprefix("whsk_")) == "***"
