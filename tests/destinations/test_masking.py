"""Secrets are masked in every form in which a request can carry them."""

from __future__ import annotations

import json
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from destinations.base import Response
from destinations.masking import MASK, MIN_SECRET_CHARACTERS, Masker
from destinations.meta import Meta, MetaSettings
from gateway.configuration.load import parse_settings
from gateway.delivery.exchange import MAX_RESPONSE_CHARACTERS, response_record

KEY = bytes(range(1, 25))
_ENCODED = re.compile("%[0-9A-F]{2}")
WHSEC = "whsec_" + b64encode(KEY).decode()


def base64_inside(
    before: bytes, after: bytes, encode: Callable[[bytes], bytes] = b64encode
) -> Callable[[str], str]:
    """The secret within a longer encoded text, like a password in Basic credentials."""
    return lambda secret: encode(before + secret.encode() + after).decode()


FORMS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "percent-encoded": lambda secret: quote(secret, safe=""),
    "percent-encoded in a path": quote,
    "percent-encoded in a form": quote_plus,
    "percent-encoded in lower case": lambda secret: _ENCODED.sub(
        lambda match: match[0].lower(), quote(secret, safe="")
    ),
    "percent-encoded twice": lambda secret: quote(quote(secret, safe=""), safe=""),
    "in JSON": lambda secret: orjson.dumps(secret).decode()[1:-1],
    "in JSON of ASCII": lambda secret: json.dumps(secret)[1:-1],
    "in JSON in JSON": lambda secret: json.dumps(json.dumps(secret))[3:-3],
    "in JSON with escaped slashes": lambda secret: json.dumps(secret)[1:-1].replace("/", "\\/"),
    "in hexadecimal": lambda secret: secret.encode().hex(),
    "in base64": base64_inside(b"", b""),
    "in base64 after a user": base64_inside(b"user:", b""),
    "in base64 after one byte": base64_inside(b"u", b":x"),
    "in base64 after two bytes": base64_inside(b"u:", b"xy"),
    "in base64 for URLs": base64_inside(b"user:", b"", urlsafe_b64encode),
    "in base64 in a query": lambda secret: quote(base64_inside(b"u", b"x")(secret), safe=""),
}
every_form = pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
_secrets = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="*"), min_size=8, max_size=40
)


@every_form
@given(secret=_secrets, before=st.text(max_size=9), after=st.text(max_size=9))
def test_no_form_of_a_secret_is_left(
    form: Callable[[str], str], secret: str, before: str, after: str
) -> None:
    written = form(secret)
    masked = Masker([secret]).text(f"{before} {written} {after}")
    assert written not in masked
    assert MASK in masked


@given(secret=_secrets, text=st.text())
def test_nothing_else_is_changed(secret: str, text: str) -> None:
    if secret[:MIN_SECRET_CHARACTERS] not in text:
        assert Masker([secret]).text(f"{text} ") == f"{text} "


@every_form
@pytest.mark.parametrize(
    ("secret", "part"),
    {
        "Bearer": ("Bearer s3cret/t+ken=%", "s3cret/t+ken=%"),
        "another scheme": ("ApiKey s3cret/t+ken=%", "s3cret/t+ken=%"),
        "Basic": (f"Basic {b64encode(b'shop:s3cret/t+k').decode()}", "s3cret/t+k"),
        "whsec": (WHSEC, WHSEC.removeprefix("whsec_")),
        "a proxy": ("http://user:s3cret%2Ft+ken@proxy.example:3128", "s3cret/t+ken"),
    }.values(),
)
def test_a_part_that_is_a_secret_by_itself_is_masked_like_the_whole(
    form: Callable[[str], str], secret: str, part: str
) -> None:
    shown = Masker([secret]).text(f"a {form(secret)} b {form(part)} c")
    assert form(part) not in shown
    assert form(secret) not in shown


def test_the_key_of_a_webhook_is_masked_in_other_encodings() -> None:
    for written in (KEY.hex(), KEY.hex().upper(), urlsafe_b64encode(KEY).decode()):
        assert Masker([WHSEC]).text(f"key={written};") == f"key={MASK};"


HEADERS = {
    "Basic credentials": ("authorization", "Basic c2hvcDpwdw==", "Basic ***"),
    "Basic credentials in a header of another name": ("X-Auth", "Basic c2hvcDpwdw==", "Basic ***"),
    "Bearer": ("Authorization", "Bearer pw", "Bearer ***"),
    "a scheme of its own": ("authorization", "AWS4 Signature=0a1b", f"AWS4 {MASK}"),
    "credentials without a scheme": ("proxy-authorization", "0a1b2c", MASK),
    "a whole secret with its scheme": ("authorization", "Key a-long-secret", MASK),
    "a signature": ("webhook-signature", "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=", MASK),
    "a signature by another name": ("X-Hub-Signature-256", "sha256=0a1b", MASK),
    "an HMAC": ("X-Shop-Hmac-SHA256", "0a1b", MASK),
    "a short name of a signature": ("x-sig", "0a1b", MASK),
    "a short secret alone": ("x-key", "pw", MASK),
    "a short secret after a scheme": ("x-key", "Token pw", f"Token {MASK}"),
    "a secret among other words": ("x-key", "id=1, key=a-long-secret", f"id=1, key={MASK}"),
    "nothing secret": ("content-type", "application/json; pw", "application/json; pw"),
    "a word that a signature's name begins": ("x-signal", "on", "on"),
    "no credentials": ("x-plan", "basic", "basic"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "value", "shown"), HEADERS.values(), ids=HEADERS)
def test_headers(name: str, value: str, shown: str) -> None:
    assert Masker(["pw", "a-long-secret", "Key a-long-secret"]).header(name, value) == shown


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://a.example/x?key=a-long-secret&b=1", "https://a.example/x?key=***&b=1"),
        ("https://a.example/x?key=pw&b=1", "https://a.example/x?key=***&b=1"),
        ("https://a.example/pw?pw=1#pw", "https://a.example/pw?pw=1#pw"),
        ("https://a.example/x?a=1&X-Amz-Signature=0a1b&b=2#c", "https://a.example/x?a=1&X-Amz-Signature=***&b=2#c"),
        ("https://a.example/x?sig=0a1b", "https://a.example/x?sig=***"),
        ("https://a.example/x?design=0a1b", "https://a.example/x?design=0a1b"),
    ],
)  # fmt: skip
def test_urls(url: str, shown: str) -> None:
    assert Masker(["pw", "a-long-secret"]).url(url) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a", "***"),
        ("a an cat", "a an cat"),
        ('{"a":"a","b":"an"}', '{"***":"***","b":"an"}'),
        (r'{"b":"{\"c\":\"a\"}"}', r'{"b":"{\"c\":\"***\"}"}'),
        ("a=a&b=a&c=an", "a=***&b=***&c=an"),
        ("https://a.example/a?b=a#a", "https://a.example/a?b=***#a"),
    ],
)
def test_a_short_secret_is_masked_only_as_a_whole_value(text: str, shown: str) -> None:
    assert Masker(["a"]).text(text) == shown


def test_a_short_secret_is_masked_however_it_is_escaped() -> None:
    masker = Masker(['"/\\ ü'])
    assert masker.text('{"key":"\\"/\\\\ \\u00fc"}') == '{"key":"***"}'
    assert masker.text("https://a.example/?key=%22%2f%5C+%c3%BC") == "https://a.example/?key=***"


def test_a_secret_that_begins_another_does_not_uncover_its_end() -> None:
    assert Masker(["a-secret", "a-secret-and-more"]).text("<a-secret-and-more>") == "<***>"


@pytest.mark.parametrize("length", range(MIN_SECRET_CHARACTERS, 14))
def test_the_beginning_of_a_secret_at_the_end_of_a_text_that_was_cut(length: int) -> None:
    assert Masker(["a-long-secret"]).text("wrong: " + "a-long-secret"[:length]) == "wrong: ***"


@pytest.mark.parametrize("secrets", [[], [""]])
def test_no_secrets(secrets: list[str]) -> None:
    assert Masker(secrets).text("a text") == "a text"


def test_a_secret_of_backslashes_takes_no_longer_for_many_of_them() -> None:
    assert Masker(["\\" * 40 + "end"]).text("\\" * 10_000 + ".") == "\\" * 10_000 + "."


META = Meta(MetaSettings(pixel_id="1", access_token="a-long-token", app_secret="an-app-secret"))


@pytest.mark.parametrize("before", range(MAX_RESPONSE_CHARACTERS - 15, MAX_RESPONSE_CHARACTERS))
def test_a_secret_is_masked_where_an_answer_is_cut(before: int) -> None:
    body = "." * before + "a-long-token" + "." * 50
    record = response_record(META, Response(400, {}, body.encode()))
    assert record is not None
    assert set(record["body"]) <= {".", "*"}


def test_the_password_of_a_proxy_is_a_secret_of_the_destination() -> None:
    settings = parse_settings(
        """
        sources: {}
        destinations:
          hook:
            type: webhook
            url: https://shop.example/
            allow_private_addresses: true
            http: {proxy: "http://user:pr0xy-passw0rd@127.0.0.1:3128"}
        """,
        environment={},
    )
    (secret,) = settings.destinations["hook"].secrets()
    assert Masker([secret]).text("cannot log in with pr0xy-passw0rd") == "cannot log in with ***"
