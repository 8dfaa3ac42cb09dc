"""Submission tokens through the application: where a page gets one, and where it is needed."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from gateway.configuration.load import parse_settings
from gateway.queue.entry import Entry
from gateway.sources.base import Batch, Inbound, Refused
from gateway.sources.collect import Collect, CollectSettings
from gateway.sources.keys import KeyDigest
from gateway.sources.submission_tokens import SubmissionTokens, issue_token
from gateway.web.submission_check import LEEWAY_SECONDS, SubmissionCheck
from tests.support.gateway_process import wait_for
from tests.support.submission_tokens import SHOP, token

OLD, NEW = "a" * 32, "b" * 32
NONCE = b"0123456789"
VIEW = {"event_name": "page_view"}
CONFIG = f"""
enrichment: []
sources:
  site:
    type: collect
    allowed_origins: ["{SHOP}", "http://localhost:3000"]
    submission_tokens: {{secrets: [{NEW}, {OLD}], seconds: 300}}
  sdk:
    type: segment
    allowed_origins: ["{SHOP}"]
    submission_tokens: {{secrets: [{NEW}]}}
    write_keys: [public-key]
    secret_keys: [secret-key]
  backend:
    type: events
    allowed_origins: ["{SHOP}"]
    submission_tokens: {{secrets: [{NEW}]}}
    keys: [test-key]
  limited:
    type: collect
    paths: [/limited]
    allowed_origins: ["{SHOP}"]
    submission_tokens: {{secrets: [{NEW}]}}
    rate_limit: 3/hour
  free: {{type: collect, paths: [/free], allowed_origins: ["{SHOP}"]}}
destinations:
  all: {{type: webhook, url: "http://127.0.0.1:9/", consent: []}}
"""
PAGE = {"origin": SHOP}


@pytest.fixture
def web(open_web: Callable[..., TestClient]) -> TestClient:
    return open_web(settings=parse_settings(CONFIG))


def made(secret: str, expires: float, source: str = "site", origin: str = SHOP) -> str:
    return issue_token(KeyDigest.of(secret), source, origin, int(expires), NONCE)


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("path", ["/collect/token", "/collect/token/"])
@pytest.mark.parametrize("page", [PAGE, {"referer": f"{SHOP}/cart?step=2"}], ids=str)
def test_an_allowed_page_gets_a_token_that_no_cache_keeps(
    web: TestClient, method: str, path: str, page: dict[str, str]
) -> None:
    answer = web.request(method, path, headers=page)
    assert answer.status_code == 200
    assert answer.json().keys() == {"token", "expires_in"}
    assert answer.json()["expires_in"] == 300
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"] == "application/json"
    assert "set-cookie" not in answer.headers


def test_only_allowed_pages_may_read_it(web: TestClient) -> None:
    own = web.post("/collect/token", headers=PAGE)
    assert own.headers["access-control-allow-origin"] == SHOP
    assert "origin" in own.headers["vary"].lower()
    for origin in ("https://evil.example", "null"):
        foreign = web.post("/collect/token", headers={"origin": origin})
        assert (foreign.status_code, foreign.json()["reason"]) == (403, "origin")
        assert "token" not in foreign.json()
        assert foreign.headers["cache-control"] == "no-store"


def test_who_does_not_say_where_it_comes_from_gets_none(
    web: TestClient, refused: Callable[[str, str], int]
) -> None:
    for headers in ({}, {"referer": "https://evil.example/"}):
        answer = web.get("/collect/token", headers=headers)
        assert (answer.status_code, answer.json()["reason"]) == (403, "origin")
    wait_for(lambda: refused("site", "origin") == 2, 60, "count of the refusals")


def test_another_method_is_told_which_to_use(web: TestClient) -> None:
    for method in ("PUT", "HEAD", "OPTIONS"):
        answer = web.request(method, "/collect/token")
        assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")


@pytest.mark.parametrize("path", ["/free/token", "/token", "/collect/token/more"])
def test_there_is_none_where_none_is_needed(web: TestClient, path: str) -> None:
    assert web.post(path, headers=PAGE).status_code == 404


def test_an_event_is_taken_with_the_token_in_the_header(
    web: TestClient, stored: Callable[[], list[Entry]]
) -> None:
    headers = {**PAGE, "x-submission-token": token(web)}
    for body in (VIEW, [VIEW], {"events": [VIEW]}):
        assert web.post("/collect", json=body, headers=headers).status_code == 204
    assert len(stored()) == 3
    assert all("submission_token" not in entry.event for entry in stored())


def test_a_page_may_set_the_header(web: TestClient) -> None:
    asked = web.options(
        "/collect",
        headers={
            **PAGE,
            "access-control-request-method": "POST",
            "access-control-request-headers": "content-type, x-submission-token",
        },
    )
    assert asked.status_code == 200
    assert "x-submission-token" in asked.headers["access-control-allow-headers"].lower()


def test_or_next_to_the_events_as_a_beacon_sends_it(
    web: TestClient, stored: Callable[[], list[Entry]]
) -> None:
    body = {"submission_token": token(web), "events": [VIEW, VIEW]}
    assert web.post("/collect", json=body, headers=PAGE).status_code == 204
    assert len(stored()) == 2
    assert all("submission_token" not in entry.event for entry in stored())


@pytest.mark.parametrize("body", [VIEW, [VIEW], {"events": [VIEW]}, {"events": [{}]}], ids=str)
def test_without_one_nothing_of_a_request_is_taken(
    web: TestClient,
    body: Any,
    stored: Callable[[], list[Entry]],
    refused: Callable[[str, str], int],
) -> None:
    answer = web.post("/collect", json=body, headers=PAGE)
    assert (answer.status_code, answer.json()["reason"]) == (403, "submission_token")
    assert "fetch one at its /token" in answer.json()["error"]
    assert answer.headers["access-control-allow-origin"] == SHOP
    assert refused("site", "submission_token") == 1
    assert stored() == []


def test_a_wrong_one_in_the_header_is_refused_before_the_body_is_read(web: TestClient) -> None:
    headers = {**PAGE, "x-submission-token": "x" * 64}
    answer = web.post("/collect", content=b"{" * 50_000, headers=headers)
    assert (answer.status_code, answer.json()["reason"]) == (403, "submission_token")


def test_an_expired_one_is_told_apart(web: TestClient) -> None:
    for headers, body in (
        ({"x-submission-token": made(NEW, time.time() - 3600)}, VIEW),
        ({}, {"submission_token": made(NEW, time.time() - 3600), "events": [VIEW]}),
    ):
        answer = web.post("/collect", json=body, headers={**PAGE, **headers})
        assert (answer.status_code, answer.json()["reason"]) == (403, "submission_token")
        assert "has expired" in answer.json()["error"]


@pytest.mark.parametrize("secret", [OLD, NEW])
def test_both_secrets_are_accepted_while_one_is_replaced(web: TestClient, secret: str) -> None:
    headers = {**PAGE, "x-submission-token": made(secret, time.time() + 3600)}
    assert web.post("/collect", json=VIEW, headers=headers).status_code == 204


def test_a_trusted_sender_needs_none(web: TestClient) -> None:
    track = {"type": "track", "event": "Order Completed", "userId": "u", "properties": {}}
    wrong = {"x-submission-token": "wrong"}
    for headers in ({}, wrong):
        key = {"authorization": "Bearer test-key"}
        assert web.post("/events", json=VIEW, headers={**key, **headers}).status_code == 200
        answer = web.post("/v1/track", json=track, auth=("secret-key", ""), headers=headers)
        assert answer.status_code == 200
    in_body = web.post("/v1/track", json={**track, "writeKey": "secret-key"})
    assert in_body.status_code == 200


def test_a_public_key_is_no_proof(web: TestClient) -> None:
    track = {"type": "track", "event": "a", "userId": "u", "writeKey": "public-key"}
    answer = web.post("/v1/track", json=track, headers=PAGE)
    assert (answer.status_code, answer.json()["reason"]) == (403, "submission_token")
    headers = {**PAGE, "x-submission-token": token(web, "/v1/track")}
    assert web.post("/v1/track", json=track, headers=headers).status_code == 200
    assert web.post("/v1/t", json=track, headers=headers).status_code == 200


def test_a_token_costs_a_request_of_the_source(
    web: TestClient, refused: Callable[[str, str], int]
) -> None:
    headers = {**PAGE, "x-submission-token": token(web, "/limited")}
    assert web.post("/limited", json=VIEW, headers=headers).status_code == 204
    assert web.post("/limited/token", headers=PAGE).status_code == 200
    answer = web.post("/limited/token", headers=PAGE)
    assert (answer.status_code, answer.json()["reason"]) == (429, "rate_limited")
    assert int(answer.headers["retry-after"]) > 0
    assert answer.headers["access-control-allow-origin"] == SHOP
    assert web.post("/limited", json=VIEW, headers=headers).status_code == 429
    wait_for(lambda: refused("limited", "rate_limited") == 2, 60, "count of the refusals")


SOURCE = Collect(CollectSettings(type="collect"))
TOKENS = SubmissionTokens.model_validate({"secrets": [NEW]})
EXPIRES = 1_800_000_000


@pytest.mark.parametrize(
    ("after", "passes"),
    [(-600, True), (0, True), (LEEWAY_SECONDS, True), (LEEWAY_SECONDS + 0.1, False), (1e9, False)],
)
def test_it_holds_until_some_seconds_after_its_expiry(after: float, passes: bool) -> None:
    check = SubmissionCheck("site", SOURCE, TOKENS, lambda: EXPIRES + after)
    given = made(NEW, EXPIRES)
    request = Inbound("POST", "/collect", "", {**PAGE, "x-submission-token": given})
    batch = Batch(submission_token=given)
    if passes:
        assert check.passes_early(request)
        check.check_batch(request, batch)
        return
    with pytest.raises(Refused, match="expired"):
        check.passes_early(request)
    with pytest.raises(Refused, match="expired"):
        check.check_batch(request, batch)
