"""Keys of senders are kept as digests."""

from __future__ import annotations

import gc
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from gateway.configuration.load import parse_settings, settings_schema
from gateway.configuration.settings import Settings, build_sources
from gateway.sources.base import Inbound
from gateway.sources.keys import Key, KeyDigest, KeySet

CONFIG = """
sources:
  backend: {type: events, keys: ["${KEY}-1", "${KEY}-2"]}
  protocol: {type: measurement_protocol, api_secrets: {G-1: "${KEY}-3"}}
  segment: {type: segment, write_keys: ["${KEY}-4"], secret_keys: ["${KEY}-5"]}
destinations: {}
"""


@given(keys=st.lists(st.text(min_size=1)), shown=st.text())
def test_a_key_is_found_and_nothing_else_is(keys: list[str], shown: str) -> None:
    keys = [key.encode(errors="replace").decode() for key in keys]
    known = KeySet(map(KeyDigest.of, keys))
    assert all(key.encode() in known for key in keys)
    assert (shown.encode(errors="replace") in known) is (shown in keys)
    assert b"" not in known


@pytest.mark.parametrize("show", [repr, Settings.model_dump_json, Settings.model_dump, vars])
def test_settings_show_no_key(show: Callable[[Settings], object]) -> None:
    settings = parse_settings(CONFIG, environment={"KEY": "s3cret-key"})
    assert set(re.findall(r"s3cret-key-\d", str(show(settings)))) == {"s3cret-key-4"}


def test_no_key_is_left_in_the_objects_of_a_source() -> None:
    settings = parse_settings(CONFIG, environment={"KEY": "s3cret-key"})
    keys = [text for text in _texts(build_sources(settings)) if "s3cret-key-" in text]
    assert keys, "a write key is public"
    assert {key[-1] for key in keys} == {"4"}


def _texts(root: object) -> set[str]:
    """Every text that can be reached from `root`, except through classes and callables."""
    seen: dict[int, Any] = {}
    queue = [root]
    while queue:
        each = queue.pop()
        if id(each) in seen or isinstance(each, type) or callable(each):
            continue
        seen[id(each)] = each
        queue += gc.get_referents(each)
    texts = [each for each in seen.values() if isinstance(each, str)]
    return {*texts, *(each.decode("latin-1") for each in seen.values() if isinstance(each, bytes))}


def test_a_number_is_a_key_as_it_is_written() -> None:
    text = CONFIG.replace('"${KEY}-1"', "12345678")
    source = build_sources(parse_settings(text, environment={"KEY": "key"}))["backend"]
    body = b'{"event_name": "login"}'
    headers = {"authorization": "Bearer 12345678"}
    assert source.read(Inbound("POST", "/events", headers=headers, body=body)).trusted


@pytest.mark.parametrize("value", ["", None, ["a"], {"a": 1}, True])
def test_what_is_no_key(value: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Key).validate_python(value)


def test_the_schema_for_editors_still_says_that_a_key_is_a_secret_text() -> None:
    schema = settings_schema()["$defs"]["EventsSettings"]["properties"]["keys"]["items"]
    assert schema == {"format": "password", "minLength": 1, "type": "string", "writeOnly": True}
