"""The reasons of stored events do not reveal who the visitor is."""

import pytest

from gateway.console.personal import QUOTES_PERSON
from gateway.console.stored.area import CHECKS, DEAD_LETTERS, KindsForAll
from gateway.console.stored.listing import _longest_part, _tells
from gateway.operations.stored import Store
from gateway.queue.dead_letters import DeadLetter

ADA, BEN = "ada@example.com", "ben@example.com"


def letter(reason, **event):
    event = {"event_name": "purchase", "event_id": "e-1", **event}
    return DeadLetter("1-0", reason, event, "site", 0.0, "v", "rejected", 0.0, 1, None, [])


@pytest.fixture
def reason_of():
    kinds = KindsForAll(DEAD_LETTERS)
    store = Store(None, None, "crm", lambda text: text.replace("token-of-crm", "***"))
    return lambda reason, **event: kinds(store, letter(reason, **event))[-1]


def test_what_quotes_the_visitor_is_hidden(reason_of):
    assert reason_of("no customer Ada-77", user_id="Ada-77") == QUOTES_PERSON
    assert reason_of(f"no {ADA}", user_data={"email_address": ADA}) == QUOTES_PERSON


def test_a_reason_for_several_events_is_hidden_once_it_quotes_one(reason_of):
    assert reason_of("no customer Ada-77", user_id="Ben-78") == "no customer Ada-77"
    assert reason_of("no customer Ada-77", user_id="Ada-77") == QUOTES_PERSON
    assert reason_of("no customer Ada-77", user_id="Ben-78") == QUOTES_PERSON


def test_addresses_and_numbers_of_anybody_are_hidden(reason_of):
    shown = reason_of(f"no {ADA}, call +49 30 1234567", user_data={"email_address": BEN})
    assert ADA not in shown
    assert "1234567" not in shown


def test_what_a_condition_found_is_hidden(reason_of):
    assert reason_of("when user_id = a; found Ada-77") == "when user_id = a; found (hidden)"


def test_secrets_are_hidden_and_other_words_are_not(reason_of):
    for _ in range(CHECKS + 5):
        assert reason_of("HTTP 400: token-of-crm is wrong") == "HTTP 400: *** is wrong"


@pytest.mark.parametrize(
    ("reason", "part"),
    [
        ("HTTP 400: bad value", "HTTP 400: bad value"),
        ("HTTP 400: no order 1234567 here", "HTTP 400: no order"),
        (f'HTTP 400: invalid email "{ADA}"', 'HTTP 400: invalid email "'),
        (f"no {ADA} is known here, says {BEN}", "is known here, says"),
        ("call +49 30 901820 or write to us", "or write to us"),
        ("HTTP 400: token-of-crm is wrong for this account", "is wrong for this account"),
        ("a" * 150, "a" * 99),
    ],
)
def test_the_link_of_a_group_asks_for_what_is_stored(reason_of, reason, part):
    assert _longest_part(reason_of(reason)) == part
    assert part in reason


@pytest.mark.parametrize(
    ("reason", "wanted", "tells"),
    [
        (QUOTES_PERSON, "ada@", False),
        (QUOTES_PERSON, "visitor", False),
        ("no [email] here", "ada@", False),
        ("no [email] here", "NO", True),
        ("no [email] here", "email", False),
        ("call [phone]", "4930", False),
        ("withheld; found (hidden)", "hidden", False),
        ("HTTP 400: id #", "12345", True),
        ("HTTP 400: a long story…", "ada@", False),
        ("HTTP 400: a long story…", "story", True),
        ("HTTP 400: bad value", "bad", True),
    ],
)
def test_a_filter_tells_no_more_of_a_reason_than_is_shown(reason, wanted, tells):
    assert _tells(reason, wanted) == tells
