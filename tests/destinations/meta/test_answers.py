"""What Meta's responses mean for the events of a request, and which warnings they give."""

from typing import Any

import orjson
import pytest

from destinations.base import DELIVERED, THROTTLE_SECONDS, Outcome, Response
from tests.support.meta_destination import REQUEST, error, meta


def outcome_of(status: int, answer: Any) -> Outcome:
    body = answer if isinstance(answer, bytes) else orjson.dumps(answer)
    first, second = meta().outcomes(REQUEST, Response(status, {}, body))
    assert first == second
    return first


def test_all_received_is_delivered() -> None:
    assert outcome_of(200, {"events_received": 2, "messages": [], "fbtrace_id": "A"}) == DELIVERED
    assert outcome_of(200, {"events_received": 2, "error": {}}) == DELIVERED


def test_fewer_received_are_looked_for_by_halving() -> None:
    """The events are sent again with the same ids, so Meta counts each of them once."""
    assert outcome_of(200, {"events_received": 1}) == Outcome(
        "rejected", "Meta received 1 of 2 events", "request"
    )


TRANSIENT = (1, 2, 341, 368, 5000, 21009)
THROTTLED = (4, 17, 32, 613, *range(80000, 80015))


@pytest.mark.parametrize("code", TRANSIENT)
def test_passing_trouble_is_waited_for_although_it_is_answered_400(code: int) -> None:
    assert outcome_of(400, error(code)) == Outcome(
        "retry", f"Invalid parameter ({code})", "destination"
    )


@pytest.mark.parametrize("code", THROTTLED)
@pytest.mark.parametrize("status", [200, 400, 403, 429])
def test_codes_of_rate_limits_throttle(code: int, status: int) -> None:
    assert outcome_of(status, error(code, is_transient=True)) == Outcome(
        "retry", f"Invalid parameter ({code})", "destination", THROTTLE_SECONDS
    )


@pytest.mark.parametrize("answer", [b"", b"Too Many Requests", b"{}", error(987654), error(1)])
def test_a_429_throttles_whatever_it_says(answer: Any) -> None:
    outcome = outcome_of(429, answer)
    assert (outcome.result, outcome.scope) == ("retry", "destination")
    assert outcome.retry_after == THROTTLE_SECONDS


def test_what_meta_calls_transient_is() -> None:
    outcome = outcome_of(400, error(100, 2804050, is_transient=True))
    assert (outcome.result, outcome.scope) == ("retry", "destination")


@pytest.mark.parametrize(
    ("answer", "to_mend"),
    [
        (error(190, 463), "access_token is wrong or no longer valid"),
        (error(102), "access_token is wrong or no longer valid"),
        (error(10), "access_token lacks the permission"),
        (error(200), "access_token lacks the permission"),
        (error(3), "access_token lacks the permission"),
        (error(294), "access_token lacks the permission"),
        (error(100, 33), "pixel_id is wrong"),
        (error(100, type="GraphMethodException"), "app_secret is wrong"),
        (error(2635), "api_version is no longer supported"),
    ],
)
def test_wrong_settings_hold_the_events_and_say_what_to_mend(answer: Any, to_mend: str) -> None:
    outcome = outcome_of(400, answer)
    assert (outcome.result, outcome.scope) == ("retry", "configuration")
    assert to_mend in outcome.reason


@pytest.mark.parametrize(
    "subcode",
    [2804001, 2804003, 2804007, 2804009, 2804016, 2804017, 2804019, 2804048, 2804050, None],
)
def test_a_refused_event_refuses_the_request(subcode: int | None) -> None:
    outcome = outcome_of(400, error(100, subcode, error_user_msg="Zu alt"))
    assert (outcome.result, outcome.scope) == ("rejected", "request")
    assert outcome.reason.startswith("Zu alt (100")


@pytest.mark.parametrize("status", [500, 502, 503, 504])
@pytest.mark.parametrize(
    ("code", "subcode"),
    [(100, None), (100, 33), (100, 2804050), (190, 463), (102, None), (10, None), (200, None),
     (2635, None), (1, None), (987654, None)],
)  # fmt: skip
def test_an_outage_is_waited_for_whatever_code_it_names(
    status: int, code: int, subcode: int | None
) -> None:
    body = orjson.dumps(error(code, subcode))
    (outcome, _) = meta().outcomes(REQUEST, Response(status, {"retry-after": "7"}, body))
    words = f"Invalid parameter ({code}{f'/{subcode}' if subcode else ''})"
    assert outcome == Outcome("retry", words, "destination", 7.0)


def test_an_outage_that_throttles_throttles() -> None:
    assert outcome_of(503, error(4)).retry_after == THROTTLE_SECONDS


@pytest.mark.parametrize(
    ("status", "answer", "result"),
    [
        (200, b"<html>captive portal</html>", "retry"),
        (200, b"{}", "retry"),
        (400, b"<html>Bad Request</html>", "retry"),
        (502, b"", "retry"),
        (413, b"<html>Too large</html>", "rejected"),
        (200, error(987654), "retry"),
        (400, error(987654, type="Exception"), "rejected"),
        (403, error(987654, type="Exception"), "retry"),
    ],
)
def test_answers_in_nobodys_table(status: int, answer: Any, result: str) -> None:
    """A response that is not Meta's is retried, unless halving makes the request small enough.
    An unknown code of Meta's is judged by its status and never counts as delivered."""
    assert outcome_of(status, answer).result == result


@pytest.mark.parametrize("code", [104, 2500, 987654])
@pytest.mark.parametrize("status", [400, 401, 403])
def test_an_unknown_code_of_access_holds_the_events(code: int, status: int) -> None:
    outcome = outcome_of(status, error(code))
    assert (outcome.result, outcome.scope) == ("retry", "configuration")
    assert "check the token, its app and the pixel" in outcome.reason


def test_an_unknown_code_of_access_with_success_is_waited_for() -> None:
    outcome = outcome_of(200, error(987654))
    assert (outcome.result, outcome.scope) == ("retry", "destination")


@pytest.mark.parametrize(
    ("headers", "messages", "warnings"),
    [
        ({}, [], ()),
        ({}, ["value is a text"], ("value is a text",)),
        ({}, "not a list", ()),
        ({}, [{"code": 1}], ()),
        ({"x-app-usage": '{"call_count":74}'}, [], ()),
        ({"x-app-usage": '{"call_count":75}'}, [], ("75 % of Meta's rate limit is used",)),
        (
            {"x-ad-api-version-warning": "The call was upgraded to v27.0"},
            ["a", "b"],
            ("api_version: The call was upgraded to v27.0", "a", "b"),
        ),
    ],
)
def test_what_meta_says_about_events_that_it_took(
    headers: dict[str, str], messages: object, warnings: tuple[str, ...]
) -> None:
    body = orjson.dumps({"events_received": 2, "messages": messages})
    outcomes = list(meta().outcomes(REQUEST, Response(200, headers, body)))
    assert [(each.result, each.warnings) for each in outcomes] == [("delivered", warnings)] * 2


def test_a_refusal_can_have_a_warning_too() -> None:
    body = orjson.dumps({"error": {"code": 190, "message": "no"}})
    headers = {"x-ad-api-version-warning": "v25.0 ends"}
    for outcome in meta().outcomes(REQUEST, Response(400, headers, body)):
        assert (outcome.scope, outcome.warnings) == ("configuration", ("api_version: v25.0 ends",))
