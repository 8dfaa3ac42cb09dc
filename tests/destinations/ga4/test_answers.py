"""What GA4's responses mean for events; an outcome promises no more than GA4 does."""

import pytest

from destinations.base import Outcome, Request, Response
from tests.support.ga4_destination import ga4

REQUEST = Request("POST", "https://ga.example", {}, b"{}", (0, 1))


@pytest.mark.parametrize(
    ("status", "result", "scope"),
    [
        (204, "delivered", "event"),
        (400, "rejected", "request"),
        (403, "retry", "configuration"),
        (404, "retry", "configuration"),
        (413, "rejected", "request"),
        (429, "retry", "destination"),
        (503, "retry", "destination"),
    ],
)
def test_answers(status: int, result: str, scope: str) -> None:
    for outcome in ga4().outcomes(REQUEST, Response(status, {}, b"words")):
        assert (outcome.result, outcome.scope) == (result, scope)
        assert status == 204 or outcome.reason == f"HTTP {status}: words"


@pytest.mark.parametrize("status", [300, 301, 302, 307, 399])
def test_a_redirect_rejects_nothing(status: int) -> None:
    for outcome in ga4().outcomes(REQUEST, Response(status)):
        assert (outcome.result, outcome.scope) == ("retry", "configuration")
        assert outcome.reason.startswith(f"HTTP {status}: check `base_url`")


def test_delivered_does_not_promise_what_ga4_does_not() -> None:
    assert next(iter(ga4().outcomes(REQUEST, Response(204)))) == Outcome(
        "delivered", "received; GA4 does not report whether it kept the event"
    )
