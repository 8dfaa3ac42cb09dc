"""The proof cookie: set only with a visitor id that the gateway made for this browser."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gateway.event import Received
from gateway.stages.identity import IdentitySettings, compile_identity, compile_proven_visitor
from gateway.stages.identity.proof import compile_proof

CONSENT = {"analytics_storage": "granted"}
SALT = "a-salt-of-the-shop"
SETTINGS = IdentitySettings()
Make = Callable[..., Received]


def cookies_of(received: Received, **more: str) -> dict[str, str]:
    """Names and values of the cookies that are set."""
    identify = compile_identity(SETTINGS, SALT, proves=True)
    identified = identify({"event_name": "a", "consent": CONSENT, **more}, received)
    pairs = [cookie.partition(";")[0].partition("=") for cookie in identified.cookies]
    return {name: value for name, _, value in pairs}


def test_a_new_visitor_id_comes_with_its_proof(received: Make) -> None:
    cookies = cookies_of(received())
    proof = compile_proof(SETTINGS, SALT)
    assert proof is not None
    assert cookies["visitor_id_proof"] == proof.of(cookies["visitor_id"])
    assert len(cookies["visitor_id_proof"]) == 43


def test_it_has_the_attributes_of_the_visitor_cookie(received: Make) -> None:
    identify = compile_identity(SETTINGS, SALT, proves=True)
    visitor, proof = identify({"event_name": "a", "consent": CONSENT}, received()).cookies
    assert visitor.partition(";")[2] == proof.partition(";")[2]
    assert "; HttpOnly" in proof


def test_all_events_of_a_request_have_one_proof(received: Make) -> None:
    request = received()
    assert cookies_of(request) != {}
    identify = compile_identity(SETTINGS, SALT, proves=True)
    event = {"event_name": "a", "consent": CONSENT}
    assert identify(event, request).cookies == identify(event, request).cookies


def test_who_brings_it_gets_it_again(received: Make) -> None:
    first = cookies_of(received())
    jar = "; ".join(f"{name}={value}" for name, value in first.items())
    assert cookies_of(received(jar)) == first


@pytest.mark.parametrize(
    "jar",
    [
        "visitor_id=1.2",
        "visitor_id=1.2; visitor_id_proof=",
        "visitor_id=1.2; visitor_id_proof=1.2",
        f"visitor_id=1.2; visitor_id_proof={'A' * 43}",
        "_ga=GA1.1.12.34",
        "FPID=FPID2.1.12.34",
        "gateway_client_id=12.34",
    ],
)
def test_an_id_that_somebody_brought_without_proof_gets_none(received: Make, jar: str) -> None:
    assert cookies_of(received(jar)).keys() == {"visitor_id"}


def test_nor_does_an_id_from_the_event_or_from_a_link(received: Make) -> None:
    assert cookies_of(received(), client_id="12.34").keys() == {"visitor_id"}
    assert cookies_of(received(linked_visitor="12.34")).keys() == {"visitor_id"}


@pytest.mark.parametrize("salt", [None, ""])
def test_without_a_salt_there_is_none(received: Make, salt: str | None) -> None:
    identify = compile_identity(SETTINGS, salt, proves=True)
    assert len(identify({"event_name": "a", "consent": CONSENT}, received()).cookies) == 1


def test_a_proof_is_of_one_visitor_id_and_one_salt(received: Make) -> None:
    cookies = cookies_of(received())
    visitor, proof = cookies["visitor_id"], cookies["visitor_id_proof"]
    request = received(f"visitor_id={visitor}; visitor_id_proof={proof}")
    assert compile_proven_visitor(SETTINGS, SALT)(request) == visitor
    assert compile_proven_visitor(SETTINGS, "another-salt")(request) == ""
    other = received(f"visitor_id={visitor}1; visitor_id_proof={proof}")
    assert compile_proven_visitor(SETTINGS, SALT)(other) == ""
    assert compile_proven_visitor(IdentitySettings(visitor_cookie=None), SALT)(request) == ""


def test_it_stands_neither_in_the_event_nor_in_the_trace(received: Make) -> None:
    cookies = cookies_of(received())
    jar = "; ".join(f"{name}={value}" for name, value in cookies.items())
    identify = compile_identity(SETTINGS, SALT, proves=True)
    identified = identify({"event_name": "a", "consent": CONSENT}, received(jar))
    assert cookies["visitor_id_proof"] not in f"{identified.event} {identified.line}"
