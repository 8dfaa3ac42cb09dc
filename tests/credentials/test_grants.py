"""Token requests, and what is read from the responses."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qsl

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from destinations.base import Response
from gateway.credentials.grants import NoToken, Refused, read_token, token_request
from gateway.credentials.token import Token, seal_token, unseal_token
from tests.support.token_endpoint import PUBLIC_PEM, TokenEndpoint, credential_settings

pytestmark = pytest.mark.anyio

NOW = 1_800_000_000.0


class TestRequest:
    @pytest.mark.parametrize("authentication", ["basic", "body"])
    async def test_client_credentials(self, authentication: str) -> None:
        given = credential_settings(
            "client_credentials",
            client_authentication=authentication,
            scope="read write",
            parameters={"audience": "https://crm.test/?a=b&c"},
        )
        endpoint = TokenEndpoint()
        assert (await endpoint.send(token_request(given, "", NOW))).status == 200
        assert endpoint.grants == [
            {
                "grant_type": "client_credentials",
                "scope": "read write",
                "audience": "https://crm.test/?a=b&c",
            }
        ]

    async def test_a_refresh_token(self) -> None:
        endpoint = TokenEndpoint("the newest one")
        answer = await endpoint.send(
            token_request(credential_settings("refresh_token"), "the newest one", NOW)
        )
        assert answer.status == 200
        assert endpoint.grants == [
            {"grant_type": "refresh_token", "refresh_token": "the newest one"}
        ]

    @pytest.mark.parametrize(
        ("settings", "parameters", "fields"),
        [
            ({}, {"scope": "all"}, {"scope": "all"}),
            ({"scope": "read"}, {"scope": "all"}, {"scope": "read"}),
            ({}, {"client_id": "the client"}, {"client_id": "the client"}),
            ({}, {"grant_type": "password"}, {}),
            ({}, {"body": "a", "code_verifier": "b"}, {"body": "a", "code_verifier": "b"}),
        ],
    )
    def test_parameters_may_have_any_name(
        self, settings: dict[str, str], parameters: dict[str, str], fields: dict[str, str]
    ) -> None:
        given = credential_settings("client_credentials", parameters=parameters, **settings)
        sent = dict(parse_qsl(token_request(given, "", NOW).body.decode()))
        assert sent == {"grant_type": "client_credentials", **fields}

    @pytest.mark.parametrize("subject", ["", "person@shop.test"])
    async def test_a_service_account(self, subject: str, monkeypatch: pytest.MonkeyPatch) -> None:
        endpoint = TokenEndpoint(public_key=PUBLIC_PEM)

        given = credential_settings("service_account", subject=subject)
        answer = await endpoint.send(token_request(given, "", time.time()))
        assert answer.status == 200
        (grant,) = endpoint.grants
        assert grant["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
        assert grant["iss"] == "a@b.iam"
        assert grant["scope"] == "read write"
        assert grant.get("sub", "") == subject

    def test_a_key_that_is_none_is_a_refusal_without_the_key(self) -> None:
        key = orjson.dumps({"client_email": "a@b", "private_key": "no key at all"}).decode()
        with pytest.raises(Refused, match="private_key") as refused:
            token_request(credential_settings("service_account", key=key), "", NOW)
        assert "no key at all" not in str(refused.value)


def answer(status: int = 200, **fields: Any) -> Response:
    return Response(status, {}, orjson.dumps(fields))


class TestAnswer:
    @pytest.mark.parametrize(
        ("given", "life"),
        [(3600, 3600), ("600", 600), (None, 3600), (0, 3600), (-5, 1), (10**12, 90 * 86_400)],
    )
    def test_a_token_lives_as_long_as_the_answer_says(self, given: Any, life: float) -> None:
        token = read_token(answer(access_token="abc", expires_in=given), "", NOW)
        assert token == Token("abc", NOW, NOW + life)

    def test_a_token_is_renewed_before_it_expires(self) -> None:
        token = Token("abc", NOW, NOW + 1000)
        assert token.is_fresh(NOW + 799)
        assert not token.is_fresh(NOW + 801)

    @pytest.mark.parametrize(
        ("replaced", "newest"),
        [
            ("second", "second"),
            (None, "first"),
            ("", "first"),
            (7, "first"),
            ("a\nb", "first"),
            ("ü", "first"),
        ],
    )
    def test_a_refresh_token_stays_until_it_is_replaced(self, replaced: Any, newest: str) -> None:
        given = answer(access_token="abc", refresh_token=replaced)
        assert read_token(given, "first", NOW).refresh_token == newest

    @pytest.mark.parametrize(
        ("given", "words"),
        [
            (answer(400, error="invalid_grant"), "HTTP 400: invalid_grant"),
            (
                answer(401, error="invalid_client", error_description="no\nsuch\x1bone"),
                "HTTP 401: invalid_client: no such one",
            ),
            (answer(400, error="unheard_of"), "HTTP 400: unheard_of"),
            (Response(404, {}, b"<html>"), "HTTP 404: the answer has no access_token"),
            (Response(403, {}, b"[1]"), "HTTP 403: the answer has no access_token"),
            (answer(400, access_token="abc"), "HTTP 400: the answer has no access_token"),
            (Response(302, {}, b"<html>"), "HTTP 302: the answer has no access_token"),
            (answer(400, error={"code": 7, "message": "no such app"}), "HTTP 400: no such app"),
            (answer(200, error=[7]), "HTTP 200: no reason given"),
        ],
    )
    def test_a_refusal(self, given: Response, words: str) -> None:
        with pytest.raises(Refused) as refused:
            read_token(given, "", NOW)
        assert str(refused.value) == words

    @pytest.mark.parametrize(
        "given",
        [
            answer(500, error="server_error"),
            answer(429, error="slow_down"),
            answer(400, error="temporarily_unavailable"),
            answer(403, error="server_error"),
            answer(408),
            answer(425, error="invalid_request"),
            answer(503),
            answer(200),
            answer(200, access_token=7),
            answer(200, access_token="a\r\nx: y"),
            Response(200, {}, b"\xff\xfe"),
            Response(200, {}, b"null"),
            Response(200, {}, b"[" * 60_000),
        ],
    )
    def test_what_may_pass(self, given: Response) -> None:
        with pytest.raises(NoToken):
            read_token(given, "", NOW)

    @pytest.mark.parametrize(
        ("field", "odd"),
        [
            ("error", b"null"),
            ("error", b'""'),
            ("expires_in", b'""'),
            ("expires_in", b'"soon"'),
            ("expires_in", b"[]"),
            ("expires_in", b"{}"),
            ("expires_in", b"NaN"),
            ("expires_in", b"-1e400"),
            ("scope", b"7"),
            ("scope", b"{}"),
            ("refresh_token_expires_in", b"NaN"),
        ],
    )
    def test_what_is_odd_in_an_answer_costs_neither_the_token_nor_the_new_refresh_token(
        self, field: str, odd: bytes
    ) -> None:
        body = b'{"access_token": "abc", "refresh_token": "new", "%s": %s}'
        token = read_token(Response(200, {}, body % (field.encode(), odd)), "old", NOW)
        assert (token.access_token, token.refresh_token) == ("abc", "new")
        assert NOW < token.expires_at <= NOW + 3600
        assert unseal_token(seal_token(token, "secret", "crm"), "secret", "crm") == token

    def test_an_endpoint_may_answer_with_a_form(self) -> None:
        token = read_token(Response(200, {}, b"access_token=abc&expires_in=600"), "old", NOW)
        assert token == Token("abc", NOW, NOW + 600, "old")

    def test_a_life_beyond_every_number_is_cut(self) -> None:
        body = b'{"access_token": "abc", "expires_in": %s}' % (b"9" * 400)
        assert read_token(Response(200, {}, body), "", NOW).expires_at == NOW + 90 * 86_400

    @pytest.mark.parametrize("name", ["refresh_token", "scope"])
    def test_half_a_character_does_not_keep_a_token_from_being_stored(self, name: str) -> None:
        body = b'{"access_token": "abc", "%s": "\\ud83d"}' % name.encode()
        token = read_token(Response(200, {}, body), "first", NOW)
        assert unseal_token(seal_token(token, "secret", "crm"), "secret", "crm") == token

    @given(st.integers(200, 599), st.binary(max_size=200))
    def test_no_answer_raises_anything_else(self, status: int, body: bytes) -> None:
        with suppress(Refused, NoToken):
            assert read_token(Response(status, {}, body), "", NOW).access_token


class TestStored:
    TOKEN = Token("access", 1.0, 2.0, "refresh")

    def test_a_token_is_read_with_the_same_secret(self) -> None:
        assert unseal_token(seal_token(self.TOKEN, "secret", "crm"), "secret", "crm") == self.TOKEN

    @pytest.mark.parametrize(("secret", "name"), [("other", "crm"), ("secret", "erp")])
    def test_and_with_no_other(self, secret: str, name: str) -> None:
        sealed = seal_token(self.TOKEN, "secret", "crm")
        assert b"access" not in sealed
        assert unseal_token(sealed, secret, name) is None
