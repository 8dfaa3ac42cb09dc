"""What is stored about an event: whom its denials concern, and whose denials stop it."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from gateway.configuration.load import parse_settings
from gateway.configuration.mistakes import ConfigurationError
from gateway.event import Received
from gateway.stages.consent import Consented, ConsentSettings
from gateway.stages.held_consent import HeldConsent, compile_held_consent

SALT = "a-salt-of-the-shop"
TOKEN = "t" * 32
BOTH = ConsentSettings.model_validate({"hold": {}, "withdrawals": True})
TYPES = frozenset(["ad_storage", "analytics_storage"])


def remembered(
    settings: ConsentSettings = BOTH,
    stated: Mapping[str, str] = {},
    said: str = "1.2",
    found: str = "1.2",
    token: str = TOKEN,
    trusted: bool = False,
    proven: str = "",
) -> HeldConsent | None:
    remember = compile_held_consent(settings, SALT, lambda _: proven)
    assert remember is not None
    consent = {**dict.fromkeys(TYPES, "denied"), **stated}  # the rest by default
    consented = Consented({"event_name": "a", "consent": consent}, "", TYPES - stated.keys())
    event = {"event_name": "a"} | ({"client_id": said} if said else {})
    return remember(
        event, Received("site", 1.0, trusted=trusted, page_token=token), consented, found
    )


@pytest.mark.parametrize("key", ["hold: {}", "withdrawals: true"])
@pytest.mark.parametrize("server", ["", "server: {hash_salt: ''}\n"])
def test_it_needs_a_salt(key: str, server: str) -> None:
    rest = f"sources: {{}}\ndestinations: {{}}\nconsent: {{{key}}}\n"
    with pytest.raises(ConfigurationError, match=r"consent\.\w+: needs server\.hash_salt, the key"):
        parse_settings(server + rest, environment={})


def test_where_nothing_is_wanted_nothing_is_remembered() -> None:
    assert compile_held_consent(ConsentSettings(), None) is None


def test_of_an_event_of_which_nobody_can_show_whose_it_is_nothing_is_remembered() -> None:
    assert remembered(said="", found="", token="") is None
    hold = ConsentSettings.model_validate({"hold": {}})
    assert remembered(hold, token="") is None


def test_only_what_is_stated_is_a_word() -> None:
    held = remembered(stated={"ad_storage": "granted"})
    assert held is not None
    assert held.stated == {"ad_storage": "granted"}
    assert (held.speaks_for, held.denied) == ([], [])


@pytest.mark.parametrize(
    ("said", "found", "token", "count"),
    [("1.2", "1.2", TOKEN, 2), ("1.2", "3.4", TOKEN, 3), ("", "3.4", "", 1), ("", "", TOKEN, 1)],
)
def test_it_is_stopped_by_its_page_and_by_each_client_id_that_it_had(
    said: str, found: str, token: str, count: int
) -> None:
    held = remembered(said=said, found=found, token=token)
    assert held is not None
    assert len({*held.visitors}) == len(held.visitors) == count
    assert not {said, found, token} & {*held.visitors}


DENIED = {"ad_storage": "denied"}


@pytest.mark.parametrize(
    ("token", "trusted", "proven", "same"),
    [
        ("", False, "", []),
        (TOKEN, False, "", [0]),
        ("", False, "1.2", [1]),
        (TOKEN, False, "1.2", [0, 1]),
        ("", True, "", [1]),
        ("", True, "5.6", [1]),
    ],
    ids=["none", "token", "cookie", "both", "trusted", "trusted, and a cookie"],
)
def test_a_denial_concerns_those_of_whom_there_is_a_proof(
    token: str, trusted: bool, proven: str, same: list[int]
) -> None:
    before, denial = remembered(), remembered(BOTH, DENIED, "1.2", "1.2", token, trusted, proven)
    assert before is not None
    assert denial is not None
    assert [*denial.speaks_for] == [before.visitors[each] for each in same]
    assert denial.denied == (["trusted:ad_storage"] if trusted else ["ad_storage"])


def test_without_hold_nothing_waits_and_without_withdrawals_nothing_is_stopped() -> None:
    only_hold = remembered(ConsentSettings.model_validate({"hold": {}}), DENIED)
    only_withdrawals = remembered(ConsentSettings.model_validate({"withdrawals": True}), DENIED)
    assert only_hold is not None
    assert (only_hold.visitors, only_hold.speaks_for) == ([], [])
    assert only_hold.page
    assert only_withdrawals is not None
    assert only_withdrawals.page == ""
    assert only_withdrawals.speaks_for == [only_hold.page]
