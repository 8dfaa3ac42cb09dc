"""`hash_user_id` replaces the user id with a hash, in other id fields too."""

import hashlib
import hmac
from typing import Any

import pytest

from gateway.stages.identity import IdentitySettings, compile_identity
from gateway.stages.rules import Rule, compile_rules

HASH = {"hash_user_id": True}
RAW = "user-1"
HASHED = hmac.new(b"salt", RAW.encode(), hashlib.sha256).hexdigest()


@pytest.mark.parametrize("trusted", [False, True])
@pytest.mark.parametrize("consent", [{}, {"analytics_storage": "granted"}])
def test_the_user_id_of_every_event_is_replaced(
    identify: Any, trusted: bool, consent: dict[str, str]
) -> None:
    done = identify(event={"user_id": RAW, "consent": consent}, settings=HASH, trusted=trusted)

    assert done.event["user_id"] == HASHED
    assert done.line.startswith("user_id hashed")
    assert RAW not in str(done)


def test_it_is_the_hash_of_the_rule_s_action(identify: Any) -> None:
    event = {"event_name": "login", "user_id": "ümlaut 7"}

    done = identify(event=event, settings=HASH)

    rule = compile_rules([Rule.model_validate({"hash": ["user_id"]})], "salt")
    assert done.event["user_id"] == rule(event).event["user_id"]


def test_where_the_raw_id_stands_again_it_is_replaced_too(identify: Any) -> None:
    event: dict[str, Any] = {
        "user_id": "42",
        "userId": "42",
        "client_id": "42",
        "previous_id": "41",
        "quantity": "42",
        "user_properties": {"id": 42, "plan": "42", "uid": "43"},
        "user_data": {"external_id": "42", "email_address": "a@shop.com"},
    }
    hashed = hmac.new(b"salt", b"42", hashlib.sha256).hexdigest()

    done = identify(event=event, settings=HASH, trusted=True).event

    assert (done["user_id"], done["userId"], done["client_id"]) == (hashed, hashed, hashed)
    assert done["user_properties"] == {"id": hashed, "plan": "42", "uid": "43"}
    assert done["user_data"] == {"external_id": hashed, "email_address": "a@shop.com"}
    assert (done["previous_id"], done["quantity"]) == ("41", "42")
    assert event["user_properties"]["id"] == 42


def test_unless_it_is_wanted_the_id_stays(identify: Any) -> None:
    assert identify(event={"user_id": RAW}).event["user_id"] == RAW
    assert "user_id" not in identify(settings=HASH).event


@pytest.mark.parametrize("salt", [None, ""])
def test_without_a_salt_it_is_refused_when_the_gateway_starts(salt: str | None) -> None:
    with pytest.raises(ValueError, match=r"server\.hash_salt"):
        compile_identity(IdentitySettings(hash_user_id=True), salt)
