"""Strangers who forge, steal, replay and alter submission tokens. Pages are served meanwhile."""

from __future__ import annotations

import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

import pytest
from starlette.testclient import TestClient

from gateway.sources.keys import KeyDigest
from gateway.sources.submission_tokens import issue_token
from tests.hostile.conftest import CountRefused, OpenSources
from tests.support.gateway_process import wait_for
from tests.support.submission_tokens import SHOP, token

CAFE = "https://cafe.example"
SECRET = "a" * 32
SOURCES = f"""
  site:
    type: collect
    allowed_origins: ["{SHOP}", "{CAFE}"]
    submission_tokens: {{secrets: [{SECRET}]}}
  other:
    type: collect
    paths: [/other]
    allowed_origins: ["{SHOP}"]
    submission_tokens: {{secrets: [{SECRET}]}}
"""
VIEW = {"event_name": "page_view"}
PURCHASE = {"event_name": "purchase", "value": 1, "currency": "EUR"}


@pytest.fixture
def web(open_sources: OpenSources) -> TestClient:
    return open_sources(SOURCES)


def made(
    secret: str = SECRET, after: int = 30 * 86_400, source: str = "site", origin: str = SHOP
) -> str:
    """after: seconds from now to its expiry."""
    expires = int(time.time()) + after
    return issue_token(KeyDigest.of(secret), source, origin, expires, b"0123456789")


def longer_lived(text: str) -> str:
    data = urlsafe_b64decode(text)
    return urlsafe_b64encode(data[:1] + b"\xff" * 5 + data[6:]).decode()


def without_mac(text: str) -> str:
    return urlsafe_b64encode(urlsafe_b64decode(text)[:16] + bytes(32)).decode()


def of_version(text: str, version: bytes) -> str:
    return urlsafe_b64encode(version + urlsafe_b64decode(text)[1:]).decode()


FORGED = {
    "of a guessed secret": made("b" * 32),
    "of another source": made(source="other"),
    "of another allowed origin": made(origin=CAFE),
    "replayed after its expiry": made(after=-3600),
    "with a later expiry": longer_lived(made()),
    "without a MAC": without_mac(made()),
    "of another version": of_version(made(), b"\x02"),
    "in standard base64": made().replace("-", "+").replace("_", "/") + "=",
    "twice": f"{made()}{made()}",
    "cut off": made()[:-1],
    "empty": "",
    "long": "A" * 50_000,
    "rubbish": "\x00\x1b[31m' OR 1=1 --",
    "no ASCII": "é" * 64,
}


@pytest.mark.parametrize("forged", FORGED.values(), ids=FORGED)
def test_a_forged_token_is_refused_and_the_neighbour_is_served(
    web: TestClient, forged: str, refused: CountRefused
) -> None:
    page = {"origin": SHOP}
    body = {"submission_token": forged, "events": [PURCHASE]}
    answers = [web.post("/collect", json=body, headers=page)]
    sent: list[tuple[str | bytes, str | bytes]] = [
        (b"origin", SHOP.encode()),
        (b"x-submission-token", forged.encode("latin-1")),
    ]
    if "\x00" not in forged:
        answers.append(web.post("/collect", json=PURCHASE, headers=sent))
    for answer in answers:
        assert (answer.status_code, answer.json()["reason"]) == (403, "submission_token")
        assert not forged or forged not in answer.text
    own = {**page, "x-submission-token": token(web)}
    assert web.post("/collect", json=VIEW, headers=own).status_code == 204
    wait_for(
        lambda: refused("site", "submission_token") == len(answers), 60, "count of the refusals"
    )


def test_a_stolen_token_serves_no_page_of_another_origin(web: TestClient) -> None:
    stolen = {"x-submission-token": token(web)}
    foreign = web.post("/collect", json=VIEW, headers={"origin": "https://evil.example", **stolen})
    assert (foreign.status_code, foreign.json()["reason"]) == (403, "origin")
    neighbour = web.post("/collect", json=VIEW, headers={"origin": CAFE, **stolen})
    assert (neighbour.status_code, neighbour.json()["reason"]) == (403, "submission_token")


def test_nor_a_program_that_does_not_say_where_it_comes_from(web: TestClient) -> None:
    answer = web.post("/collect", json=VIEW, headers={"x-submission-token": token(web)})
    assert (answer.status_code, answer.json()["reason"]) == (403, "submission_token")


def test_nor_another_source(web: TestClient) -> None:
    headers = {"origin": SHOP, "x-submission-token": token(web)}
    answer = web.post("/other", json=VIEW, headers=headers)
    assert (answer.status_code, answer.json()["reason"]) == (403, "submission_token")


def test_a_wrong_header_is_not_mended_by_the_body(web: TestClient) -> None:
    headers = {"origin": SHOP, "x-submission-token": "x" * 64}
    body = {"submission_token": token(web), "events": [VIEW]}
    assert web.post("/collect", json=body, headers=headers).status_code == 403


def test_two_tokens_in_the_headers_are_none(web: TestClient) -> None:
    valid = token(web).encode()
    headers = [(b"origin", SHOP.encode()), *[(b"x-submission-token", valid)] * 2]
    assert web.post("/collect", json=VIEW, headers=headers).status_code == 403


@pytest.mark.parametrize("body", [b"x" * 100_000, b"\x1f\x8b\x00", b"{"], ids=["long", "gzip", "{"])
def test_a_token_costs_no_more_for_what_is_sent_with_the_request(
    web: TestClient, body: bytes
) -> None:
    answer = web.post("/collect/token", content=body, headers={"origin": SHOP})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "origin", ["https://evil.example\r\n", "*", "null", "https://shop.example "]
)
def test_no_odd_origin_gets_a_token(web: TestClient, origin: str) -> None:
    headers: Any = [(b"origin", origin.encode())]
    assert web.get("/collect/token", headers=headers).status_code == 403
