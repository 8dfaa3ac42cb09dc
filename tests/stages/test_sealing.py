"""Held data can be read only with its page's token, and is identified by keyed digests."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.stages.digests import compile_digest
from gateway.stages.page_token import read_page_token
from gateway.stages.sealing import Unreadable, seal, unseal

TOKEN, OTHER = "t" * 32, "u" * 32


@given(st.binary(max_size=200), st.text("abc123", max_size=24))
def test_what_was_sealed_is_read_with_the_same_token_and_label(data: bytes, label: str) -> None:
    sealed = seal(TOKEN, label, data)
    assert unseal(TOKEN, label, sealed) == data
    with pytest.raises(Unreadable):
        unseal(OTHER, label, sealed)
    with pytest.raises(Unreadable):
        unseal(TOKEN, f"{label}x", sealed)


@given(st.binary(max_size=60))
def test_other_bytes_are_unreadable(data: bytes) -> None:
    with pytest.raises(Unreadable):
        unseal(TOKEN, "", data)


def test_the_same_data_is_never_sealed_alike() -> None:
    assert len({seal(TOKEN, "", b"data") for _ in range(20)}) == 20


def test_a_digest_depends_on_salt_and_purpose() -> None:
    digests = [
        compile_digest(salt, purpose)(text)
        for salt in ("one", "two")
        for purpose in (b"page", b"visitor")
        for text in ("", "v1", "\ud800")
    ]
    assert len({*digests}) == 12
    assert {len(each) for each in digests} == {24}
    assert compile_digest("one", b"page")("v1") == digests[1]


@pytest.mark.parametrize("token", ["a" * 32, "A-_9" * 32, "0123456789abcdef" * 2])
def test_a_page_token_has_at_least_128_bits_in_hex(token: str) -> None:
    assert read_page_token(token) == token


@pytest.mark.parametrize(
    "value",
    ["", "a" * 31, "a" * 129, "a" * 31 + " ", "a" * 32 + "\n", "é" * 32, None, 7, ["a" * 32]],
)
def test_anything_else_is_none(value: object) -> None:
    assert read_page_token(value) == ""
