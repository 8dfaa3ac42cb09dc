"""Submission tokens: only an issued token is read, and only for its source and its origin."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import orjson
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import ValidationError

from gateway.sources.base import Inbound
from gateway.sources.collect import Collect, CollectSettings
from gateway.sources.keys import KeyDigest
from gateway.sources.submission_tokens import (
    NONCE_BYTES,
    issue_token,
    read_expiry,
    token_path,
)

SECRET = KeyDigest.of("a" * 32)
OTHER = KeyDigest.of("b" * 32)
SHOP = "https://shop.example"
EXPIRES = 1_800_000_000
NONCE = b"0123456789"
TOKEN = issue_token(SECRET, "site", SHOP, EXPIRES, NONCE)
VIEW = {"event_name": "page_view"}

times = st.integers(0, 2**40 - 1)
nonces = st.binary(min_size=NONCE_BYTES, max_size=NONCE_BYTES)


@given(st.text(), st.text(), times, nonces)
def test_what_was_issued_is_read(source: str, origin: str, expires: int, nonce: bytes) -> None:
    token = issue_token(SECRET, source, origin, expires, nonce)
    assert re.fullmatch("[A-Za-z0-9_-]{64}", token)
    assert read_expiry(token, [SECRET], source, origin) == expires
    assert read_expiry(token, [OTHER, SECRET], source, origin) == expires
    assert read_expiry(token, [OTHER], source, origin) is None
    assert read_expiry(token, [], source, origin) is None


@given(st.text(), st.text(), st.text(), st.text())
def test_it_holds_for_one_source_and_one_origin(
    source: str, origin: str, other_source: str, other_origin: str
) -> None:
    assume((source, origin) != (other_source, other_origin))
    token = issue_token(SECRET, source, origin, EXPIRES, NONCE)
    assert read_expiry(token, [SECRET], other_source, other_origin) is None


@given(st.text(), st.integers(0))
def test_source_and_origin_cannot_be_divided_otherwise(text: str, place: int) -> None:
    place %= len(text) + 1
    token = issue_token(SECRET, "", text, EXPIRES, NONCE)
    found = read_expiry(token, [SECRET], text[:place], text[place:])
    assert (found is None) is (place > 0)


@given(st.integers(0, len(TOKEN) - 1), st.characters())
def test_no_character_of_it_can_be_altered(place: int, character: str) -> None:
    assume(TOKEN[place] != character)
    altered = TOKEN[:place] + character + TOKEN[place + 1 :]
    assert read_expiry(altered, [SECRET], "site", SHOP) is None


@given(st.text() | st.text("abcXYZ019-_=+/", min_size=60, max_size=70))
def test_other_texts_are_no_tokens(text: str) -> None:
    assert read_expiry(text, [SECRET], "site", SHOP) is None


@pytest.mark.parametrize(
    "text", [f"{TOKEN}\n", f" {TOKEN}", f"{TOKEN}=", TOKEN[:-1], f"{TOKEN}{TOKEN}", f"{TOKEN}, x"]
)
def test_nothing_may_stand_around_it(text: str) -> None:
    assert read_expiry(text, [SECRET], "site", SHOP) is None


def test_two_tokens_of_one_second_differ() -> None:
    assert issue_token(SECRET, "site", SHOP, EXPIRES, NONCE[::-1]) != TOKEN


@pytest.mark.parametrize(
    ("path", "found"),
    [("/collect", "/collect/token"), ("/a/", "/a/token"), ("/", "/token")],
)
def test_pages_fetch_it_below_the_path_of_the_source(path: str, found: str) -> None:
    assert token_path(path) == found


def settings(tokens: object, **others: object) -> CollectSettings:
    values = {"type": "collect", "allowed_origins": [SHOP], "submission_tokens": tokens}
    return CollectSettings.model_validate(values | others)


def test_one_secret_or_two_are_settings_and_are_not_shown() -> None:
    for secrets in (["a" * 32], ["a" * 32, "b" * 40]):
        tokens = settings({"secrets": secrets}).submission_tokens
        assert tokens is not None
        assert (len(tokens.secrets), tokens.seconds) == (len(secrets), 600)
        assert "aaaa" not in repr(tokens) + tokens.model_dump_json()


MISTAKES: list[tuple[Mapping[str, Any], Mapping[str, Any], str]] = [
    ({"secrets": ["a" * 31]}, {}, "at least 32 characters"),
    ({"secrets": []}, {}, "at least 1 item"),
    ({"secrets": [each * 32 for each in "abc"]}, {}, "at most 2 items"),
    ({"seconds": 60}, {}, "Field required"),
    ({"secrets": ["a" * 32], "seconds": 0}, {}, "greater than or equal to 1"),
    ({"secrets": ["a" * 32], "seconds": 86_401}, {}, "less than or equal to 86400"),
    ({"secrets": ["a" * 32]}, {"allowed_origins": []}, "needs `allowed_origins`"),
]


@pytest.mark.parametrize(("tokens", "others", "told"), MISTAKES)
def test_a_mistake_is_told(tokens: object, others: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        settings(tokens, **others)


def read(body: object) -> tuple[str, list[dict[str, Any]]]:
    batch = Collect(CollectSettings(type="collect")).read(
        Inbound("POST", "/collect", body=orjson.dumps(body))
    )
    return batch.submission_token, batch.events


def test_it_is_read_around_the_events_and_is_no_field_of_them() -> None:
    token, events = read({"submission_token": TOKEN, "events": [VIEW]})
    assert token == TOKEN
    assert "submission_token" not in events[0]


@pytest.mark.parametrize("value", [None, 1, True, [TOKEN], {"a": TOKEN}])
def test_what_is_no_text_is_no_token(value: object) -> None:
    assert read({"submission_token": value, "events": [VIEW]})[0] == ""


@pytest.mark.parametrize(
    "body",
    [VIEW, [VIEW], {**VIEW, "submission_token": TOKEN}, [{**VIEW, "submission_token": TOKEN}]],
)
def test_it_is_read_nowhere_else(body: object) -> None:
    assert read(body)[0] == ""
